package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ReplayFileTest {
    private static int[] ends(String text, String contentType, String pace) {
        return new ReplayFile(text.getBytes(StandardCharsets.UTF_8), contentType).ends(ReplayPace.parse("p", pace));
    }

    @Test
    void eventsEndBehindTheirBlankLine() {
        assertThat(ends("a\n\nbb\n\nc", "text/event-stream", "event:1ms")).containsExactly(3, 7, 8);
        assertThat(ends("a\r\n\r\nbb\r\n\r\n", "text/event-stream", "event:1ms"))
                .containsExactly(5, 11);
    }

    @Test
    void linesAreThePiecesOfOtherFormats() {
        assertThat(ends("{}\n{}\n\n[]", "application/x-ndjson", "event:1ms")).containsExactly(3, 6, 9);
    }

    @Test
    void byteRunsCoverTheFile() {
        assertThat(ends("abcdefgh", "", "bytes:3:1ms")).containsExactly(3, 6, 8);
        assertThat(ends("abc", "", "whole")).containsExactly(3);
        assertThat(ends("", "", "whole")).isEmpty();
    }
}
