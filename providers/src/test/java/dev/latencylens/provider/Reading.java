package dev.latencylens.provider;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.StreamDecoder;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/// What a decoder reported of a body that was fed to it in parts, and during which part.
final class Reading implements ChunkSink {
    record Event(long endOffset, int bytes) {}

    /// @param event number of its event, from 0
    record Chunk(ChunkKind kind, int choice, int tokens, String text, int event) {
        @Override
        public String toString() {
            return kind.label() + " " + choice + " '" + text + "'" + (tokens == UNKNOWN_TOKENS ? "" : " " + tokens);
        }
    }

    final List<Event> events = new ArrayList<>();
    final List<Chunk> chunks = new ArrayList<>();

    /// For each event, the bytes of the body that the decoder had been given when it was reported.
    final List<Long> fedWhenReported = new ArrayList<>();

    private final StreamDecoder decoder;
    private long fed;

    private Reading(StreamDecoder decoder) {
        this.decoder = decoder;
    }

    static final ResponseHead STREAM = head(200, "text/event-stream; charset=utf-8");
    static final ResponseHead JSON = head(200, "application/json");

    static ResponseHead head(int status, String contentType) {
        return new ResponseHead(status, List.of(Header.of("content-type", contentType)));
    }

    static OpenAiChat dialect() {
        return new OpenAiChat(DialectOptions.at(URI.create("http://127.0.0.1:8000/v1"), "m"));
    }

    static Reading of(String body) {
        return of(STREAM, body);
    }

    static Reading of(ResponseHead head, String body) {
        return of(head, body.getBytes(StandardCharsets.UTF_8));
    }

    static Reading of(ResponseHead head, byte[] body, int... cuts) {
        return of(dialect().decoder(head), body, cuts);
    }

    /// Feeds the body in parts that end at these places, each part in an array of its own that is overwritten
    /// after the call, because a decoder must not keep it.
    static Reading of(StreamDecoder decoder, byte[] body, int... cuts) {
        var reading = new Reading(decoder);
        int from = 0;
        for (int i = 0; i <= cuts.length; i++) {
            int to = i < cuts.length ? cuts[i] : body.length;
            byte[] part = new byte[to - from + 5];
            System.arraycopy(body, from, part, 3, to - from);
            reading.fed = to;
            decoder.decode(part, 3, to - from, reading);
            Arrays.fill(part, (byte) 'x');
            from = to;
        }
        decoder.end(reading);
        return reading;
    }

    static int[] everyByte(byte[] body) {
        int[] cuts = new int[Math.max(0, body.length - 1)];
        Arrays.setAll(cuts, i -> i + 1);
        return cuts;
    }

    static int[] randomCuts(byte[] body, Random random) {
        return random.ints(1 + random.nextInt(12), 0, body.length + 1).sorted().toArray();
    }

    Completion completion() {
        return decoder.completion();
    }

    SseDecoder streamDecoder() {
        return (SseDecoder) decoder;
    }

    /// Comment lines, which only a stream of events has.
    long comments() {
        return decoder instanceof SseDecoder events ? events.comments() : 0;
    }

    List<String> said() {
        return chunks.stream().map(Chunk::toString).toList();
    }

    List<Chunk> chunks(ChunkKind kind) {
        return chunks.stream().filter(chunk -> chunk.kind() == kind).toList();
    }

    String text(ChunkKind kind) {
        return chunks(kind).stream().map(Chunk::text).collect(Collectors.joining());
    }

    @Override
    public void event(long endOffset, int bytes) {
        events.add(new Event(endOffset, bytes));
        fedWhenReported.add(fed);
    }

    @Override
    public void chunk(ChunkKind kind, int choice, int tokens, CharSequence text) {
        chunks.add(new Chunk(kind, choice, tokens, text.toString(), events.size() - 1));
    }
}
