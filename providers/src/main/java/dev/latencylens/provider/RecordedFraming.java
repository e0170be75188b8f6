package dev.latencylens.provider;

import dev.latencylens.exchange.StreamDecoder;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;

/// How the documents of a recorded body are kept apart. On the wire the response's head says it; a file has none.
enum RecordedFraming {
    EVENTS,
    LINES,
    ARRAY,
    FRAMES,
    WHOLE;

    static RecordedFraming of(byte[] body) {
        if (EventStreamDecoder.isBeginning(body)) {
            return FRAMES;
        }
        int first = 0;
        while (first < body.length && (Bytes.isBlank(body[first]) || body[first] == '\r' || body[first] == '\n')) {
            first++;
        }
        if (first < body.length && body[first] == '{') {
            return isOneDocument(body) ? WHOLE : LINES;
        }
        return first < body.length && body[first] == '[' ? ARRAY : EVENTS;
    }

    StreamDecoder decoder(Answer answer) {
        return switch (this) {
            case EVENTS -> new SseDecoder(answer);
            case LINES -> new LineDecoder(answer);
            case ARRAY -> new ArrayDecoder(answer);
            case FRAMES -> new EventStreamDecoder(answer);
            case WHOLE -> WholeBodyDecoder.ofAnswer(answer);
        };
    }

    private static boolean isOneDocument(byte[] body) {
        try (JsonParser parser = JsonAnswer.JSON.createParser(body)) {
            parser.nextToken();
            parser.skipChildren();
            return parser.nextToken() == null;
        } catch (JacksonException cut) {
            return false;
        }
    }
}
