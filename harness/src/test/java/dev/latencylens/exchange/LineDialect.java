package dev.latencylens.exchange;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A made-up wire format for tests: an event a line, a word that says what it is, then what it holds.
public final class LineDialect implements Dialect {
    @Override
    public String name() {
        return "lines";
    }

    @Override
    public Request request(Prompt prompt) {
        return new Request("POST", "/lines", List.of(), prompt.text().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public StreamDecoder decoder(ResponseHead head) {
        return new LineDecoder();
    }

    private static final class LineDecoder implements StreamDecoder {
        private final StringBuilder line = new StringBuilder();
        private final List<String> finishReasons = new ArrayList<>();
        private long offset;
        private boolean done;
        private @Nullable Usage usage;
        private @Nullable ProviderError error;
        private @Nullable String malformed;

        @Override
        public void decode(byte[] bytes, int from, int length, ChunkSink sink) {
            for (int i = from; i < from + length; i++) {
                offset++;
                if (bytes[i] == '\n') {
                    understand(line.toString(), sink);
                    line.setLength(0);
                } else {
                    line.append((char) bytes[i]);
                }
            }
        }

        @Override
        public void end(ChunkSink sink) {
            if (!line.isEmpty()) {
                understand(line.toString(), sink);
            }
        }

        @Override
        public Completion completion() {
            return new Completion(finishReasons, done, usage, error, malformed, 0);
        }

        private void understand(String event, ChunkSink sink) {
            int blank = (event + " ").indexOf(' ');
            String rest = blank < event.length() ? event.substring(blank + 1) : "";
            if (!event.equals("done")) {
                sink.event(offset, event.length() + 1);
            }
            switch (event.substring(0, blank)) {
                case "role" -> {}
                case "text" -> sink.chunk(ChunkKind.TEXT, 0, ChunkSink.UNKNOWN_TOKENS, rest);
                case "twice" -> {
                    sink.chunk(ChunkKind.REASONING, 0, 2, rest);
                    sink.chunk(ChunkKind.TOOL, 0, 3, rest);
                }
                case "think" -> sink.chunk(ChunkKind.REASONING, 0, 1, rest);
                case "finish" -> finishReasons.add(rest);
                case "usage" -> usage = new Usage(null, null, null, Long.parseLong(rest), null, rest);
                case "error" -> error = new ProviderError("", rest);
                case "done" -> done = true;
                default -> malformed = "'" + event + "' at byte " + offset;
            }
        }
    }
}
