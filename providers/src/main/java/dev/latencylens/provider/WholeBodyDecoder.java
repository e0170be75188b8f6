package dev.latencylens.provider;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.StreamDecoder;

/// Reads a body that means something only as a whole: an answer that was not streamed, or an error.
final class WholeBodyDecoder implements StreamDecoder {
    /// Room for an answer with images; of an error response less is kept.
    static final int MAX_ANSWER_BYTES = 16 << 20;

    static final int MAX_ERROR_BYTES = 64 << 10;

    private final Answer answer;
    private final boolean success;
    private final String errorCode;
    private final int maxBytes;

    private byte[] body = Bytes.NONE;
    private int kept;
    private long bodyBytes;
    private boolean ended;
    private boolean understood;

    private WholeBodyDecoder(Answer answer, boolean success, String errorCode, int maxBytes) {
        this.answer = answer;
        this.success = success;
        this.errorCode = errorCode;
        this.maxBytes = maxBytes;
    }

    static WholeBodyDecoder ofAnswer(Answer answer) {
        return ofAnswer(answer, MAX_ANSWER_BYTES);
    }

    static WholeBodyDecoder ofAnswer(Answer answer, int maxBytes) {
        return new WholeBodyDecoder(answer, true, "", maxBytes);
    }

    static WholeBodyDecoder ofError(ErrorReader errors) {
        return ofError(errors, "");
    }

    /// @param code what the response's head says of the error, empty where it says nothing
    static WholeBodyDecoder ofError(ErrorReader errors, String code) {
        return new WholeBodyDecoder(new ChatAnswer(errors), false, code, MAX_ERROR_BYTES);
    }

    @Override
    public void decode(byte[] bytes, int offset, int length, ChunkSink sink) {
        int more = Math.min(length, maxBytes - kept);
        body = Bytes.append(body, kept, bytes, offset, more);
        kept += more;
        bodyBytes += length;
    }

    /// An answer is one event, which ends with the body; an error is none.
    @Override
    public void end(ChunkSink sink) {
        if (ended) {
            return;
        }
        ended = true;
        if (!success) {
            answer.fail(answer.errors.read(errorCode, body, 0, kept));
        } else if (bodyBytes > maxBytes) {
            answer.misunderstand("body is longer than " + maxBytes + " bytes");
        } else if (kept > 0) {
            var watched = new Watched(sink);
            understood = answer.read("", body, 0, kept, bodyBytes, kept, watched);
            if (understood) {
                answer.wholeBodyRead();
                if (!watched.output && saysNothing(answer.completion(false))) {
                    understood = false;
                    answer.misunderstand(
                            "body is JSON and no answer: it has neither output nor finish, usage or error");
                }
            } else {
                answer.misunderstand("body is no JSON: " + answer.failure());
            }
        }
    }

    private static boolean saysNothing(Completion completion) {
        return !completion.finishSeen()
                && completion.usage() == null
                && completion.error() == null
                && completion.malformed() == null;
    }

    /// Tells whether there was output.
    private static final class Watched implements ChunkSink {
        private final ChunkSink sink;
        private boolean output;

        Watched(ChunkSink sink) {
            this.sink = sink;
        }

        @Override
        public void event(long endOffset, int bytes) {
            sink.event(endOffset, bytes);
        }

        @Override
        public void chunk(ChunkKind kind, int choice, int tokens, CharSequence text) {
            output = true;
            sink.chunk(kind, choice, tokens, text);
        }
    }

    @Override
    public Completion completion() {
        return answer.completion(understood);
    }
}
