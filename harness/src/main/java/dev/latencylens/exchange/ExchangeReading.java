package dev.latencylens.exchange;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the interpreter has understood of one exchange so far. Used by the interpreter's thread alone.
final class ExchangeReading implements ChunkSink {
    private static final Completion NOTHING = new Completion(List.of(), false, null, null, null, 0);

    final Timeline timeline = new Timeline();

    @Nullable
    ConnectionFacts connection;

    @Nullable
    TcpPath path;

    @Nullable
    ResponseHead head;

    long bodyBytes;
    private @Nullable StreamDecoder decoder;
    /// Null where nobody counts tokens but the provider.
    private @Nullable Transcript transcript;
    /// What the first choice says to a person; null where no later turn repeats it.
    private @Nullable StringBuilder answer;
    /// The stamps of the read being decoded.
    private long arrivedAtNs;

    private long kernelAtNs;
    private int eventBytes;

    void headed(ResponseHead responseHead, StreamDecoder bodyDecoder, @Nullable Tokenizer tokenizer) {
        head = responseHead;
        decoder = bodyDecoder;
        transcript = tokenizer == null ? null : new Transcript(tokenizer);
    }

    /// From now on, until [#answer].
    void keepAnswer() {
        answer = new StringBuilder();
    }

    boolean keepsAnswer() {
        return answer != null;
    }

    @Nullable
    String answer() {
        return answer == null || answer.isEmpty() || answer.length() > Transcript.MOST_CHARACTERS
                ? null
                : answer.toString();
    }

    void decode(long readArrivedAtNs, long readKernelAtNs, byte[] bytes, int offset, int length) {
        arrivedAtNs = readArrivedAtNs;
        kernelAtNs = readKernelAtNs;
        bodyBytes += length;
        if (decoder != null) {
            decoder.decode(bytes, offset, length, this);
        }
    }

    Completion end() {
        if (decoder == null) {
            return NOTHING;
        }
        decoder.end(this);
        if (transcript != null && timeline.chunks().totalTokens() == ChunkSink.UNKNOWN_TOKENS) {
            timeline.chunks().count(transcript.tokens());
        }
        transcript = null;
        return decoder.completion();
    }

    @Override
    public void event(long endOffset, int bytes) {
        timeline.setIfAbsent(Moment.FIRST_CHUNK, atNs());
        eventBytes = bytes;
    }

    @Override
    public void chunk(ChunkKind kind, int choice, int tokens, CharSequence text) {
        timeline.setIfAbsent(Moment.FIRST_TOKEN, atNs());
        if (kind.isVisible()) {
            timeline.setIfAbsent(Moment.FIRST_VISIBLE, atNs());
        }
        timeline.set(Moment.LAST_TOKEN, atNs());
        timeline.chunks().add(arrivedAtNs, kernelAtNs, kind, tokens, eventBytes);
        eventBytes = 0;
        if (transcript != null) {
            transcript.add(kind, choice, text);
        }
        if (answer != null && choice == 0 && kind.isText() && answer.length() <= Transcript.MOST_CHARACTERS) {
            answer.append(text);
        }
    }

    private long atNs() {
        return kernelAtNs == FlightLog.NO_STAMP ? arrivedAtNs : kernelAtNs;
    }
}
