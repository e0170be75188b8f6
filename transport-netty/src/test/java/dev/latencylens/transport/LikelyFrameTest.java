package dev.latencylens.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LikelyFrameTest {
    @ParameterizedTest
    @CsvSource({
        "a record of TLS, 17 03 03 01 02 78 78 78 78 78 78, 263",
        "a frame of HTTP/2, 00 01 02 00 01 78 78 78 78 78 78, 267",
        "a chunk of HTTP/1.1 (1f), 31 66 0d 0a 78 78 78 78 78, 37",
        "a chunk's extension (1f;a=b) is not looked for, 31 66 3b 61 3d 62 0d 0a 78, 0",
        "text, 64 61 74 61 3a 20 31 0a 0a, 0",
        "a chunk too large to be one (ffffffff), 66 66 66 66 66 66 66 66 0d 0a, 0",
        "HTTP/2 has ten types of frames, 00 01 02 0a 01 78 78 78 78 78 78, 0",
        "too little to tell, 31 66 0d 0a, 0"
    })
    void theEndIsGuessedFromTheFramesOwnHeader(String what, String hex, int length) {
        byte[] bytes = HexFormat.ofDelimiter(" ").parseHex(hex);

        assertThat(LikelyFrame.length(MemorySegment.ofArray(bytes), 0, bytes.length))
                .as(what)
                .isEqualTo(length);
    }
}
