package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Http1RequestParserTest {
    private static final String BY_LENGTH =
            "POST /v1/x HTTP/1.1\r\nHost: h\r\nCONTENT-length: 5\r\nx-request-id:  abc \r\n\r\nhello";
    private static final String IN_CHUNKS = """
        POST /v1/x HTTP/1.1\r
        Transfer-Encoding: chunked\r
        X-Request-Id: abc\r
        \r
        2\r
        he\r
        3;ext=1\r
        llo\r
        0\r
        Trailer: t\r
        \r
        """;

    @ParameterizedTest
    @ValueSource(strings = {BY_LENGTH, IN_CHUNKS})
    void everySplitGivesTheSameRequest(String text) {
        byte[] bytes = (text + "NEXT").getBytes(StandardCharsets.UTF_8);
        int length = text.length();
        for (int split = 1; split < length; split++) {
            Http1RequestParser parser = new Http1RequestParser();
            assertThat(parser.parse(bytes, split)).as("at split %d", split).isZero();
            assertThat(parser.parse(bytes, bytes.length))
                    .as("at split %d", split)
                    .isEqualTo(length);
            assertThat(parser.request().path).isEqualTo("/v1/x");
            assertThat(parser.request().id).isEqualTo("abc");
            assertThat(new String(parser.body(bytes), parser.bodyOffset(), parser.bodyLength(), StandardCharsets.UTF_8))
                    .isEqualTo("hello");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hello\r\n\r\n",
                "GET / HTTP/2.0\r\n\r\n",
                "GET / HTTP/1.1\r\nno colon\r\n\r\n",
                "GET / HTTP/1.1\r\nContent-Length: five\r\n\r\n",
                "GET / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n",
                "GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
                "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
            })
    void whatIsNoRequestIsRefused(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> new Http1RequestParser().parse(bytes, bytes.length))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void headWithoutEndIsRefusedWhenItIsTooLong() {
        byte[] bytes = new byte[70_000];
        assertThatThrownBy(() -> new Http1RequestParser().parse(bytes, bytes.length))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("65536");
    }
}
