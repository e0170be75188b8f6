package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ArrayDecoderTest {
    private static final int LIMIT = 100;

    private static Reading read(String body) {
        byte[] bytes = body.getBytes(UTF_8);
        Reading whole = Reading.of(decoder(), bytes);
        Reading split = Reading.of(decoder(), bytes, Reading.everyByte(bytes));
        assertThat(split.events).isEqualTo(whole.events);
        assertThat(split.chunks).isEqualTo(whole.chunks);
        assertThat(split.completion()).isEqualTo(whole.completion());
        return whole;
    }

    private static ArrayDecoder decoder() {
        return new ArrayDecoder(new GeminiAnswer(new ErrorReader(List.of())), LIMIT);
    }

    private static String object(String text) {
        return "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"" + text + "\"}]}}]}";
    }

    @Test
    void eventIsAnObjectFromItsFirstBraceToItsLast() {
        String object = object("a");
        Reading reading = read(" [ " + object + " ,\r\n" + object + "\n]\n");

        assertThat(reading.events)
                .containsExactly(
                        new Reading.Event(3 + object.length(), object.length()),
                        new Reading.Event(7 + 2 * object.length(), object.length()));
        assertThat(reading.said()).containsExactly("text 0 'a'", "text 0 'a'");
        assertThat(reading.completion().malformed()).isNull();
    }

    @Test
    void bracesInStringsAreText() {
        assertThat(read("[" + object("}{][\\\"}\\\\") + "]").said()).containsExactly("text 0 '}{][\"}\\'");
    }

    @Test
    void objectBeyondTheLimitIsMalformedAndTheNextIsRead() {
        Reading reading = read("[" + object("x".repeat(200)) + "," + object("a") + "]");

        assertThat(reading.events).hasSize(2);
        assertThat(reading.said()).containsExactly("text 0 'a'");
        assertThat(reading.completion().malformed()).isEqualTo("object at byte 1 is longer than 100 bytes");
    }

    @Test
    void objectThatIsNoJsonIsMalformedAndTheNextIsRead() {
        Reading reading = read("[{\"a\":]," + object("a") + "]");

        assertThat(reading.completion().malformed()).startsWith("object at byte 1 is no JSON: ");
        assertThat(reading.events).hasSize(2);
        assertThat(reading.said()).containsExactly("text 0 'a'");
        assertThat(read("[{\"a\":}," + object("a") + "]").said()).containsExactly("text 0 'a'");
    }

    @Test
    void whatIsNoArrayIsMalformed() {
        assertThat(read("<html>{}").completion().malformed()).isEqualTo("expected a JSON object at byte 0, was '<'");
        assertThat(read("[é").completion().malformed()).isEqualTo("expected a JSON object at byte 1, was the byte 195");
        assertThat(read("<html>{}").events).isEmpty();
    }

    @Test
    void objectThatWasCutOffIsNone() {
        Reading reading = read("[" + object("a") + ",{\"candidates\":[");

        assertThat(reading.said()).containsExactly("text 0 'a'");
        assertThat(reading.completion().malformed()).isNull();
        assertThat(reading.completion().whole()).isFalse();
        assertThat(read("").completion().whole()).isFalse();
    }
}
