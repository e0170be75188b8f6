package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.latencylens.exchange.ResponseHead;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Whatever a server sends, decoding it does not throw and does not depend on how its bytes were split.
class ChatDecoderFuzzTest {
    private static final List<ResponseHead> HEADS =
            List.of(Reading.STREAM, Reading.JSON, Reading.head(500, "text/html"), Reading.head(200, "text/plain"));

    @FuzzTest(maxDuration = "2m")
    void anyBodyIsReadAlikeWhateverItsSplit(FuzzedDataProvider data) {
        ResponseHead head = data.pickValue(HEADS);
        long seed = data.consumeLong();
        assertSplitDoesNotMatter(head, data.consumeRemainingAsBytes(), new Random(seed));
    }

    @Test
    void changedStreamsAreReadAlikeWhateverTheirSplit() {
        var random = new Random(271_828);
        List<byte[]> bodies = OpenAiChatDecoderTest.BODIES.stream()
                .map(body -> body.getBytes(UTF_8))
                .toList();
        for (int i = 0; i < 6_000; i++) {
            byte[] body = bodies.get(random.nextInt(bodies.size())).clone();
            for (int changes = random.nextInt(6); changes > 0; changes--) {
                int at = random.nextInt(body.length);
                switch (random.nextInt(3)) {
                    case 0 -> body[at] = (byte) random.nextInt(256);
                    case 1 -> body[at] = (byte) "{}[]\",:\\\n\r ".charAt(random.nextInt(11));
                    default -> {
                        int from = random.nextInt(body.length);
                        int length = Math.min(random.nextInt(40), body.length - Math.max(at, from));
                        System.arraycopy(body, from, body, at, length);
                    }
                }
            }
            assertSplitDoesNotMatter(HEADS.get(random.nextInt(HEADS.size())), body, random);
        }
    }

    private static void assertSplitDoesNotMatter(ResponseHead head, byte[] body, Random random) {
        Reading whole = Reading.of(head, body);
        for (int[] cuts : new int[][] {Reading.everyByte(body), Reading.randomCuts(body, random)}) {
            Reading split = Reading.of(head, body, cuts);
            assertThat(split.events).isEqualTo(whole.events);
            assertThat(split.chunks).isEqualTo(whole.chunks);
            assertThat(split.completion()).isEqualTo(whole.completion());
        }
        long last = 0;
        for (Reading.Event event : whole.events) {
            assertThat(event.endOffset()).isGreaterThan(last).isLessThanOrEqualTo(body.length);
            assertThat(event.bytes()).isBetween(1, (int) (event.endOffset() - last));
            last = event.endOffset();
        }
    }
}
