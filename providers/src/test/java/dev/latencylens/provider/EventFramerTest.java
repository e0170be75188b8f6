package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventFramerTest {
    /// What a framer found, in words: `event @start-end 'data'`, `line '..'`, `too long @start-end`.
    private static final class Found implements EventFramer.Handler, ChunkSink {
        final List<String> found = new ArrayList<>();
        final List<String> foundDuring = new ArrayList<>();
        final EventFramer framer;
        int call;

        Found(int maxBytes) {
            framer = new EventFramer(this, maxBytes);
        }

        static Found in(String body) {
            return in(body.getBytes(UTF_8), EventFramer.MAX_EVENT_BYTES);
        }

        static Found in(byte[] body, int maxBytes, int... cuts) {
            var found = new Found(maxBytes);
            int from = 0;
            for (int i = 0; i <= cuts.length; i++) {
                int to = i < cuts.length ? cuts[i] : body.length;
                byte[] part = Arrays.copyOfRange(body, from, to);
                found.call = to;
                found.framer.feed(part, 0, part.length, found);
                Arrays.fill(part, (byte) '!');
                from = to;
            }
            found.framer.end(found);
            return found;
        }

        @Override
        public void data(byte[] bytes, int from, int to, ChunkSink sink) {
            add((framer.isErrorEvent() ? "error event" : "event") + place() + " '"
                    + new String(bytes, from, to - from, UTF_8) + "'" + (framer.isCutOff() ? " cut off" : ""));
            foundDuring.add(framer.eventEnd() + " in " + call);
        }

        @Override
        public void tooLong(ChunkSink sink) {
            add("too long" + place());
        }

        @Override
        public void unknownLine(byte[] bytes, int from, int to) {
            add("line '" + new String(bytes, from, to - from, UTF_8) + "'");
        }

        @Override
        public void event(long endOffset, int bytes) {}

        @Override
        public void chunk(ChunkKind kind, int choice, int tokens, CharSequence text) {}

        private String place() {
            return " @" + framer.eventStart() + "-" + framer.eventEnd();
        }

        private void add(String what) {
            found.add(what);
        }
    }

    @Test
    void eventEndsAtTheLastByteOfItsBlankLine() {
        assertThat(Found.in("data: a\n\ndata: b\n\n").found).containsExactly("event @0-9 'a'", "event @9-18 'b'");
    }

    @Test
    void everyKindOfLineEndIsUnderstood() {
        assertThat(Found.in("data: a\r\n\r\ndata: b\r\n\r\n").found)
                .containsExactly("event @0-11 'a'", "event @11-22 'b'");
        assertThat(Found.in("data: a\r\rdata: b\r\r").found).containsExactly("event @0-9 'a'", "event @9-18 'b'");
        assertThat(Found.in("data: a\r\n\ndata: b\n\r\n").found).containsExactly("event @0-10 'a'", "event @10-19 'b'");
        assertThat(Found.in("data: a\r\n\rdata: b\n\n").found).containsExactly("event @0-10 'a'", "event @10-19 'b'");
        assertThat(Found.in("data: a\r\n\r").found).containsExactly("event @0-10 'a'");
    }

    @Test
    void onlyOneBlankBehindTheColonIsNoData() {
        assertThat(Found.in("data:a\n\ndata:  a \n\ndata\n\ndata:\n\n").found)
                .containsExactly("event @0-8 'a'", "event @8-19 ' a '", "event @19-25 ''", "event @25-32 ''");
    }

    @Test
    void severalDataLinesAreJoinedByLineFeeds() {
        assertThat(Found.in("data: a\ndata: b\ndata\ndata: c\n\n").found).containsExactly("event @0-30 'a\nb\n\nc'");
    }

    @Test
    void commentsIdsAndNamesAreNoData() {
        Found found = Found.in(": hi\n\nevent: x\nid: 1\nretry: 2\n\n:\ndata: a\n: in\n\n");

        assertThat(found.found).containsExactly("event @31-47 'a'");
        assertThat(found.framer.comments()).isEqualTo(3);
    }

    @Test
    void nameErrorHoldsForOneEvent() {
        assertThat(Found.in("event: error \ndata: a\n\ndata: b\n\nevent: errors\ndata: c\n\n").found)
                .containsExactly("error event @0-23 'a'", "event @23-32 'b'", "event @32-55 'c'");
    }

    @Test
    void unknownFieldsAreHandedOnWhole() {
        assertThat(Found.in("error: {\"a\":1}\n\n{\"b\"\ndatum: x\n\n").found)
                .containsExactly("line 'error: {\"a\":1}'", "line '{\"b\"'", "line 'datum: x'");
    }

    @Test
    void byteOrderMarkIsSkippedAtTheBeginningOnly() {
        assertThat(Found.in("\uFEFFdata: a\n\n\uFEFFdata: b\n\n").found)
                .containsExactly("event @3-12 'a'", "line '\uFEFFdata: b'");
    }

    @Test
    void bodyMayEndWithoutABlankLine() {
        assertThat(Found.in("data: a\n\ndata: b\n").found).containsExactly("event @0-9 'a'", "event @9-17 'b'");
        assertThat(Found.in("data: a\n\ndata: b").found).containsExactly("event @0-9 'a'", "event @9-16 'b' cut off");
        assertThat(Found.in("data: a\nev").found).containsExactly("line 'ev'", "event @0-10 'a'");
        assertThat(Found.in("").found).isEmpty();
    }

    @Test
    void eventBeyondTheLimitIsNotKept() {
        byte[] body =
                "data: 12345\n\ndata: 1234\ndata: 5678\ndata: 9\n\n: a long comment\n\ndata: 9\n\n".getBytes(UTF_8);

        Found whole = Found.in(body, 10);

        assertThat(whole.found).containsExactly("too long @0-13", "too long @13-44", "event @62-71 '9'");
        for (int cut = 0; cut <= body.length; cut++) {
            assertThat(Found.in(body, 10, cut).found).isEqualTo(whole.found);
        }
        assertThat(Found.in(body, 10, Reading.everyByte(body)).found).isEqualTo(whole.found);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "data: a\n\ndata: b\ndata: c\n\n: x\n\nevent: error\ndata: {\"é\":\"漢字 😀\"}\n\ndata: z",
                "data: a\r\n\r\ndata: b\r\ndata: c\r\n\r\n: x\r\n\r\nevent: error\r\ndata: d\r\n\r\ndata: z\r\n\r\n",
                "data: a\r\rdata: b\rdata: c\r\r: x\r\revent: error\rdata: d\r\rdata: z\r\r",
                "\uFEFFid: 1\ndata\ndata\n\nerror: x\n\n\n\ndata: 1234567890123456789012345678901234567890\n\n",
            })
    void everySplitYieldsTheSameEventsInTheCallThatEndsThem(String text) {
        byte[] body = text.getBytes(UTF_8);
        Found whole = Found.in(body, EventFramer.MAX_EVENT_BYTES);

        for (int cut = 0; cut <= body.length; cut++) {
            int at = cut;
            Found split = Found.in(body, EventFramer.MAX_EVENT_BYTES, cut);
            assertThat(split.found).isEqualTo(whole.found);
            assertThat(split.foundDuring).allSatisfy(during -> {
                long end = Long.parseLong(during.substring(0, during.indexOf(' ')));
                assertThat(during)
                        .isEqualTo(end + " in " + (end <= at && at > 0 && end < body.length ? at : body.length));
            });
        }
        assertThat(Found.in(body, EventFramer.MAX_EVENT_BYTES, Reading.everyByte(body)).found)
                .isEqualTo(whole.found);
    }

    @Test
    void anyBytesYieldTheSameEventsWhateverTheirSplit() {
        Random random = new Random(20_261_121);
        String[] words = {
            "data", ":", " ", "\n", "\r", "\r\n", "event", "error", "\uFEFF", "x", "é", "😀", "\n\n", "data: {}"
        };
        for (int i = 0; i < 5_000; i++) {
            var text = new StringBuilder();
            random.ints(random.nextInt(40), 0, words.length).forEach(word -> text.append(words[word]));
            byte[] body = text.toString().getBytes(UTF_8);
            int limit = random.nextInt(3) == 0 ? 6 : EventFramer.MAX_EVENT_BYTES;
            Found whole = Found.in(body, limit);
            assertThat(Found.in(body, limit, Reading.randomCuts(body, random)).found)
                    .isEqualTo(whole.found);
            assertThat(Found.in(body, limit, Reading.everyByte(body)).found).isEqualTo(whole.found);
        }
    }
}
