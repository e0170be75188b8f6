package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BehaviourTest {
    @Test
    void changedCopyLeavesTheOriginalAsItWas() {
        Behaviour changed = Behaviour.defaults().with("tokens=3; ttft=5ms ;; gap=uniform:1ms:2ms");

        assertThat(changed.tokens).isEqualTo(3);
        assertThat(changed.ttft).isEqualTo(new Distribution.Constant(5_000_000));
        assertThat(Behaviour.defaults().tokens).isEqualTo(-1);
    }

    @Test
    void laterSettingsKeepEarlierOnes() {
        assertThat(Behaviour.defaults().with("tokens", "3").with("pings", "2").tokens)
                .isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "speed=3 | unknown setting 'speed', expected one of ttft gap",
                "tokens | expected key=value, was 'tokens'",
                "tokens=many | tokens: expected a whole number, was 'many'",
                "tokens=-1 | tokens: expected 0 to 10000000, was '-1'",
                "tokens-per-chunk=0 | tokens-per-chunk: expected 1 to 100000, was '0'",
                "reasoning-field=thinking | reasoning-field: expected one of [reasoning, reasoning_content, hidden]",
                "tool-call=yes | tool-call: expected true or false, was 'yes'",
                "usage=maybe | usage: expected one of [always, asked, never], was 'maybe'",
                "headers=soon | headers: expected early or late, was 'soon'",
                "fault=fire | fault: expected one of none http-400",
                "fault-rate=2 | fault-rate: expected 0 to 1, was '2'",
                "fault-rate=NaN | fault-rate: expected 0 to 1, was 'NaN'",
                "fault-rate=x | fault-rate: expected a number, was 'x'",
                "stall-for=long | stall-for: expected a duration such as 200ms",
                "replay-pace=bytes:0:1ms | replay-pace: expected whole, event:20ms or bytes:7:1ms, was 'bytes:0:1ms'",
                "writes-per-event=2; events-per-write=2 | writes-per-event and events-per-write exclude each other",
            })
    void wrongSettingIsAnsweredWithWhatWasExpectedAndWhatWasSeen(String settings, String message) {
        assertThatThrownBy(() -> Behaviour.defaults().with(settings))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void everyFaultIsReadByItsLabel() {
        for (Fault fault : Fault.values()) {
            assertThat(Behaviour.defaults().with("fault", fault.label()).fault).isEqualTo(fault);
        }
    }
}
