package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class JsonStringTest {
    private static byte[] escaped(String text) {
        byte[] utf8 = text.getBytes(UTF_8);
        byte[] target = new byte[2 + JsonString.escapedLength(utf8)];
        assertThat(JsonString.escape(utf8, target, 2)).isEqualTo(target.length);
        return Arrays.copyOfRange(target, 2, target.length);
    }

    @Test
    void anyTextIsReadBackByJackson() {
        var random = new Random(1_618);
        for (int i = 0; i < 5_000; i++) {
            var text = new StringBuilder();
            random.ints(random.nextInt(60), 0, 300)
                    .forEach(codePoint -> text.appendCodePoint(
                            codePoint < 200 ? codePoint : codePoint < 250 ? 'a' : 0x1F600 + codePoint));
            byte[] escaped = escaped(text.toString());
            assertThat(JsonMapper.shared().readValue("\"" + new String(escaped, UTF_8) + "\"", String.class))
                    .isEqualTo(text.toString());
        }
    }

    @Test
    void onlyWhatJsonForbidsIsEscaped() {
        assertThat(escaped("é漢😀/\u007f")).isEqualTo("é漢😀/\u007f".getBytes(UTF_8));
        assertThat(escaped("\"\\\b\f\n\r\t\u0000\u001f"))
                .asString(UTF_8)
                .isEqualTo("\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f");
    }
}
