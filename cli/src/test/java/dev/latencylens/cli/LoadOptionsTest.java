package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Load;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

class LoadOptionsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    --request-rate 10                                       | constant 10 requests/s, 64 requests
                    --request-rate 10 --arrival-pattern poisson             | Poisson 10 requests/s (seed 42), 64 requests
                    --request-rate 10 --burstiness 0.5                      | gamma (burstiness 0.5) 10 requests/s (seed 42), 64 requests
                    --request-rate 10 --arrival-pattern gamma               | gamma (burstiness 1) 10 requests/s (seed 42), 64 requests
                    --bursts 50@10s -n 100                                  | bursts of 50 every 10 s, 100 requests
                    --ramp 60s@1..100                                       | evenly spaced, from 1 to 100 requests/s by equal steps in 60 s, for 60 s
                    --ramp exponential:1m@1..100 --duration 2m              | evenly spaced, from 1 to 100 requests/s by equal factors in 60 s, then 100 requests/s, for 120 s
                    --stages 60s@10,30s@10..50 --arrival-pattern poisson    | Poisson 10 requests/s for 60 s, then from 10 to 50 requests/s by equal steps in 30 s (seed 42), for 90 s
                    --stages 1.25s@10,30s@50 --duration 1s                  | evenly spaced, 10 requests/s for 1.25 s, for 1 s
                    --request-rate 5 --concurrency 3 --warmup 2 -n 9        | constant 5 requests/s, at most 3 in flight, 9 requests, after 2 for warm-up
                    --concurrency 2 --warmup 30s --duration 1m              | closed loop, concurrency 2, for 60 s, after 30 s for warm-up
                    --concurrency 2 --warmup auto                           | closed loop, concurrency 2, 64 requests, after warm-up until steady, at most 60 s
                    --concurrency 2 --warmup auto:2m                        | closed loop, concurrency 2, 64 requests, after warm-up until steady, at most 120 s
                    --request-rate inf --concurrency 2                      | closed loop, concurrency 2, 64 requests
                    --concurrency 4 --think-time 200ms                      | closed loop, concurrency 4, think time 200ms, 64 requests
                    --concurrency 4 --think-time lognormal:200ms:0.3        | closed loop, concurrency 4, think time lognormal:200ms:0.3 (seed 42), 64 requests
                    --think-time uniform:1ms:2ms -n 3                       | closed loop, concurrency 1, think time uniform:1ms:2ms (seed 42), 3 requests
                    --think-time exponential:1ms                            | closed loop, concurrency 1, think time exponential:1ms (seed 42), 64 requests
                    --concurrency 4                                         | closed loop, concurrency 4, 64 requests
                    --concurrency 4 --turns 3                               | closed loop, concurrency 4, 22 conversations
                    --turns uniform:2:6 --think-time 2s -n 50               | closed loop, concurrency 1, think time 2s, 50 requests
                    --turns 3 --request-rate 2 --think-time normal:2s:500ms --num-conversations 7 | constant 2 requests/s that begin conversations, think time normal:2s:500ms (seed 42), 7 conversations
                    --session-turns-mean 4 --session-turns-stddev 1 --num-sessions 5 --session-turn-delay-mean 2000 | closed loop, concurrency 1, think time 2000ms, 5 conversations
                    --conversation-turn-mean 4 --conversation-num 5 --conversation-turn-delay-mean 1500 --conversation-turn-delay-stddev 500 | closed loop, concurrency 1, think time normal:1500ms:500ms (seed 42), 5 conversations
                    """)
    void everyLoadIsWhatItsFlagsSay(String arguments, String said) {
        assertThat(LoadText.of(load(arguments))).isEqualTo(said);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    --bursts 5                                          | --bursts takes N@TIME such as 50@10s, was '5'
                    --bursts 0@1s                                       | --bursts '0@1s': a burst has at least 1 request, was 0
                    --ramp 60s@10                                       | --ramp takes TIME@FROM..TO such as 60s@1..100, was '60s@10'
                    --ramp 60@1..x                                      | --ramp takes TIME@FROM..TO such as 60s@1..100, was '60@1..x'
                    --ramp exponential:9s@0..5                          | --ramp 'exponential:9s@0..5': request rate must be positive and at most 1e9 per second, was 0.0
                    --stages 60s:10                                     | --stages takes stages such as 60s@10,30s@10..50, was '60s:10'
                    --stages soon@10                                    | --stages 'soon@10': 'soon' is no time such as 500ms, 30s or 5m
                    --request-rate 1 --bursts 5@1s                      | --request-rate and --bursts exclude each other; give one of them, or --stages for several rates
                    --arrival-pattern poisson                           | --arrival-pattern is for the gaps of an open loop; give --request-rate, --ramp or --stages with it
                    --bursts 5@1s --burstiness 2                        | --burstiness is for the gaps of an open loop; give --request-rate, --ramp or --stages with it
                    --request-rate 1 --think-time 1s                    | --think-time belongs to the users of a closed loop and to the turns of conversations; leave it out, or leave out --request-rate, or give --turns
                    --num-conversations 3                               | --num-conversations needs conversations; give --turns with it
                    --turns 2 --num-conversations 0                     | --num-conversations must be at least 1, was 0
                    --turns 2 --think-time 1s --turn-delay-mean 5       | --think-time and --turn-delay-mean say the same; leave out one of them
                    --turns 2 --turn-delay-stddev 5                     | --turn-delay-stddev needs --turn-delay-mean; give it in milliseconds
                    --think-time gauss:1s:2                             | --think-time 'gauss:1s:2': expected a time such as 200ms, uniform:100ms:300ms, normal:2s:500ms, exponential:200ms or lognormal:200ms:0.3
                    --think-time uniform:2s:1s                          | --think-time 'uniform:2s:1s': the upper bound is below the lower one
                    --stages 10s@5,20s@10 --warmup 30s                  | --warmup 30.00s leaves nothing of --stages to measure, which lasts 30.00 s; give a shorter one
                    --trace-scale 2                                     | --trace-scale needs a --trace
                    --request-rate 1 --burstiness 0                     | burstiness must be between 0.01 and 10000, was 0.0
                    --request-rate 1 --burstiness 2 --arrival-pattern poisson | --burstiness belongs to --arrival-pattern gamma; leave one of them out
                    """)
    void whatCannotBeIsNamedWithItsCure(String arguments, String message) {
        assertThatThrownBy(() -> load(arguments)).hasMessage(message);
    }

    @Test
    void aRateThatIsNoneIsNamedWithItsCure() {
        assertThatThrownBy(() -> load("--request-rate fast"))
                .hasMessageContaining("'fast' is no rate such as 10 or 0.5 per second, or inf");
    }

    @Test
    void aWarmupThatIsNoneIsNamedWithItsCure() {
        assertThatThrownBy(() -> load("--warmup soon"))
                .hasMessageContaining("'soon' is no warm-up such as 16 (requests), 30s (a time), auto or auto:2m");
    }

    @Test
    void whatIsDueInATimeOfWarmupComesBeforeTheMeasured() {
        assertThat(load("--request-rate 10 --warmup 3s -n 20").due()).isEqualTo(50);
        assertThat(load("--request-rate 10 --warmup 3s --duration 4s").due()).isEqualTo(70);
        assertThat(load("--stages 10s@5,20s@10 --warmup 12s").due()).isEqualTo(50 + 200);
    }

    @Test
    void aRampEndsWithItselfUnlessADurationSaysOtherwise() {
        assertThat(load("--ramp 10s@1..9").duration()).isEqualTo(Duration.ofSeconds(10));
        assertThat(load("--ramp 10s@1..9 --duration 20s").due()).isEqualTo(50 + 90);
    }

    @Test
    void aRateIsOneStageWithoutEnd() {
        assertThat(load("--request-rate 10").arrivals()).isEqualTo(ArrivalSchedule.constant(10));
    }

    private static Load load(String arguments) {
        var options = new LoadOptions();
        var prompts = new PromptOptions();
        CommandSpec command = CommandSpec.create();
        options.declare(new Flags(command));
        prompts.declare(new Flags(command));
        new CommandLine(command)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .parseArgs((arguments + " --seed 42").split(" +"));
        return options.load(false, Duration.ofSeconds(1), prompts);
    }
}
