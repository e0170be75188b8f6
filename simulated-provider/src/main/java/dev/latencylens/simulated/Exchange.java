package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// One request and its response: lets the events of an answer out when they are due, and makes the
/// fault happen.
///
/// Lives on the loop thread. Events are encoded into `pending` when they are due; the connection
/// takes from there what the client's windows allow ([#sendable]) and reports each write
/// ([#wrote]), so that an event counts as sent with the write that carried its last byte.
final class Exchange extends DueHeap.Entry {
    /// Bytes that may wait for a slow client before no further event is encoded.
    private static final int MOST_PENDING = 1 << 18;
    private static final int FIRST_PENDING = 1 << 10;
    private static final byte[] NOT_HTTP =
            ChatText.ascii("\u0001\u0002 this is not the protocol you asked for \r\n\r\n");

    private enum Phase {
        ANSWER,
        PIECES,
        HEAD_BYTES,
        STALLED
    }

    private final DueHeap heap;
    private final Engine engine;
    private final Connection connection;
    private final Truth truth;
    private final Behaviour behaviour;
    private final Fault fault;
    private final Answer answer;
    /// What the answer's instants count from: when it got its place, and later by each wait for tokens since.
    private long startNs;
    private final ByteBuf pending;

    private Phase phase = Phase.ANSWER;
    private boolean headSent;
    private boolean complete;
    private boolean struck;
    private boolean ended;
    private boolean draining;
    private int eventsSent;
    private int unsentEvents;
    private long bodySent;
    private long released;
    private long contentLength = -1;
    private String endLabel = "complete";
    /// The last chunk for which tokens were asked for.
    private int paidChunk = -1;

    /// The engine's own note.
    Engine.Place place = Engine.Place.NONE;

    private int @Nullable [] cuts;
    private int nextCut;
    private long groupDueAtNs;
    private long pieceBase;
    private @Nullable ByteBuf headBytes;
    private long trickleAtNs;

    final int status;
    private final Reply reply;
    /// The stream on an HTTP/2 connection; null on HTTP/1.1.
    final @Nullable Http2Stream stream;

    Exchange(
            Connection connection,
            @Nullable Http2Stream stream,
            DueHeap heap,
            Engine engine,
            Truth truth,
            Reply reply) {
        this.connection = connection;
        this.stream = stream;
        this.heap = heap;
        this.engine = engine;
        this.truth = truth;
        this.behaviour = reply.behaviour();
        this.fault = reply.fault();
        this.answer = reply.answer();
        this.status = reply.status();
        this.reply = reply;
        this.startNs = truth.requestReadAtNs;
        this.pending = connection.allocate(FIRST_PENDING);
        truth.fault = fault.label();
        truth.promptTokens = answer.promptTokens();
    }

    String id() {
        return truth.id;
    }

    String contentType() {
        return answer.contentType();
    }

    /// Name, value, name, value: the headers that the protocol does not need. Asked for when the head is written.
    String[] extraHeaders() {
        return reply.headers(truth.id, TrueClock.nowNs() - truth.requestReadAtNs);
    }

    /// The length to announce, or -1 for a body that is streamed.
    long contentLength() {
        return contentLength;
    }

    boolean isHeadSent() {
        return headSent;
    }

    boolean isEnded() {
        return ended;
    }

    boolean announcesKeepAlive() {
        return fault == Fault.CLOSE_AFTER;
    }

    /// Body bytes that are due and have not been sent.
    int sendable() {
        return (int) (released - bodySent);
    }

    /// Whether the body ends behind the next `bytes` bytes.
    boolean endsAfter(int bytes) {
        return complete && bytes == pending.readableBytes();
    }

    ByteBuf pending() {
        return pending;
    }

    /// Something that was due could not leave.
    void held() {
        truth.heldWrites++;
    }

    void begin() {
        if (fault.needsHttp2() && stream == null) {
            throw new IllegalStateException(fault + " needs HTTP/2");
        }
        switch (fault) {
            case NO_ANSWER -> {
                endLabel = fault.label();
                return;
            }
            case ACCEPT_CLOSE -> {
                abort();
                connection.closeNow();
                return;
            }
            case GARBAGE -> {
                ByteBuf bytes = connection.allocate(NOT_HTTP.length).writeBytes(NOT_HTTP);
                wroteRaw(bytes.readableBytes(), connection.write(bytes));
                abort();
                connection.closeNow();
                return;
            }
            case GOAWAY_REFUSE -> {
                abort();
                connection.goAway(this, true);
                return;
            }
            case REFUSED_STREAM -> {
                abort();
                connection.resetStream(this, true);
                return;
            }
            case GOAWAY -> connection.goAway(this, false);
            case HTTP_400, HTTP_401, HTTP_404, HTTP_429, HTTP_500, HTTP_503, HTTP_529, NO_DONE, EMPTY ->
                endLabel = fault.label();
            case ERROR_EVENT, ERROR_NAMED, GARBAGE_BODY -> {
                if (!answer.isStreamed()) {
                    endLabel = fault.label();
                }
            }
            default -> {}
        }
        if (reply.isOfTheModel() && !engine.takes(this)) {
            if (hasEarlyHead()) {
                connection.pump(this);
            }
            return;
        }
        truth.admittedAtNs = startNs;
        if (fault == Fault.SLOW_HEADERS && answer.isStreamed()) {
            startTrickle(startNs);
            return;
        }
        if (hasEarlyHead() && firstDueAtNs() - TrueClock.nowNs() > 0) {
            connection.pump(this);
        }
        scheduleOrRun(firstDueAtNs());
    }

    private boolean hasEarlyHead() {
        return answer.isStreamed() && behaviour.headersEarly && fault != Fault.SLOW_HEADERS;
    }

    private long firstDueAtNs() {
        return answer.hasNext() ? startNs + answer.dueNs() : startNs;
    }

    /// The answer has waited, and has its place now: its time counts from here.
    void begin(long atNs) {
        startNs = Math.max(startNs, atNs);
        truth.admittedAtNs = startNs;
        if (fault == Fault.SLOW_HEADERS && answer.isStreamed()) {
            startTrickle(startNs);
            return;
        }
        // Never here and now: an answer that ends at once would let the next one begin, and that the next.
        heap.add(this, firstDueAtNs());
    }

    private void scheduleOrRun(long dueAtNs) {
        long nowNs = TrueClock.nowNs();
        if (ended) {
            return;
        }
        if (dueAtNs - nowNs <= 0) {
            due(nowNs);
        } else {
            heap.add(this, dueAtNs);
        }
    }

    @Override
    void due(long nowNs) {
        switch (phase) {
            case ANSWER -> step(nowNs);
            case PIECES -> releasePiece();
            case HEAD_BYTES -> trickle();
            case STALLED -> {
                abort();
                connection.closeNow();
            }
        }
    }

    private void step(long nowNs) {
        if (pending.readableBytes() > MOST_PENDING) {
            draining = true;
            return;
        }
        if (isFaultDue()) {
            strike(nowNs);
            return;
        }
        if (waitsForTokens()) {
            return;
        }
        int groupStart = pending.readableBytes();
        if (answer.hasNext()) {
            groupDueAtNs = startNs + answer.dueNs();
            encodeGroup();
        }
        finishBodyWhenDone();
        boolean waitsForMore =
                unsentEvents < behaviour.eventsPerWrite && !complete && !isFaultDue() && answer.isStreamed();
        if (waitsForMore) {
            scheduleNext();
            return;
        }
        unsentEvents = 0;
        if (behaviour.writesPerEvent > 1 && pending.readableBytes() - groupStart > 1) {
            startPieces(groupStart);
            return;
        }
        releaseAll();
        if (behaviour.sharedWrites) {
            connection.pumpWithOthers(this);
        } else {
            connection.pump(this);
        }
        scheduleNext();
    }

    /// A chunk that has to wait for its tokens moves all that follow it, as a slower engine would.
    private boolean waitsForTokens() {
        if (!engine.isShared() || !answer.hasNext() || answer.chunk() == paidChunk) {
            return false;
        }
        int tokens = answer.tokensDue();
        if (tokens == 0) {
            return false;
        }
        paidChunk = answer.chunk();
        long wantedAtNs = startNs + answer.dueNs();
        long waitNs = engine.tokensAtNs(wantedAtNs, tokens) - wantedAtNs;
        startNs += waitNs;
        if (waitNs > 0) {
            heap.add(this, wantedAtNs + waitNs);
        }
        return waitNs > 0;
    }

    private void scheduleNext() {
        if (ended || draining) {
            return;
        }
        if (isFaultDue() && !answer.isStreamed()) {
            heap.add(this, TrueClock.nowNs());
        } else if (!complete) {
            heap.add(this, startNs + answer.dueNs());
        }
    }

    private void encodeGroup() {
        long groupDueNs = answer.dueNs();
        boolean together = behaviour.eventsPerWrite == 0 && behaviour.writesPerEvent == 1;
        do {
            encodeEvent();
        } while (answer.hasNext()
                && pending.readableBytes() <= MOST_PENDING
                && (!answer.isStreamed() || (together && answer.dueNs() == groupDueNs && !isFaultDue() && isPaid())));
    }

    private boolean isPaid() {
        return !engine.isShared() || answer.chunk() == paidChunk || answer.tokensDue() == 0;
    }

    private void encodeEvent() {
        ChunkKind kind = answer.kind();
        int tokens = answer.tokens();
        int choice = answer.choice();
        answer.encode(pending);
        truth.chunk(kind, tokens, choice, bodySent + pending.readableBytes());
        unsentEvents++;
        if (kind != ChunkKind.COMMENT) {
            eventsSent++;
        }
    }

    private void finishBodyWhenDone() {
        if (answer.hasNext()) {
            return;
        }
        complete = true;
        engine.leave(this, groupDueAtNs);
        if (!answer.isStreamed()) {
            contentLength = pending.readableBytes();
            if (fault == Fault.CUT_CLEAN) {
                contentLength /= 2;
                pending.writerIndex(pending.readerIndex() + (int) contentLength);
                endLabel = fault.label();
            }
        }
    }

    private void releaseAll() {
        released = bodySent + pending.readableBytes();
        if (isFaultDue() && !answer.isStreamed()) {
            released = bodySent + pending.readableBytes() / 2;
        }
    }

    // Faults in mid-stream.

    /// A stream is struck when enough chunks have left, another body when half of it has.
    private boolean isFaultDue() {
        if (struck || !fault.isMidStream()) {
            return false;
        }
        return answer.isStreamed()
                ? eventsSent >= behaviour.faultAfter && answer.hasNext()
                : complete && fault.cutsConnection();
    }

    private void strike(long nowNs) {
        struck = true;
        endLabel = fault.label();
        if (pending.isReadable() && answer.isStreamed()) {
            releaseAll();
            connection.pump(this);
        }
        switch (fault) {
            case ERROR_EVENT -> endWithError(false);
            case ERROR_NAMED -> endWithError(true);
            case GARBAGE_BODY -> {
                errorEvent(answer.garbage());
                releaseAll();
                connection.pump(this);
                scheduleNext();
            }
            case CUT_CLEAN -> {
                complete = true;
                connection.pump(this);
            }
            case STALL -> {
                phase = Phase.STALLED;
                heap.add(this, nowNs + behaviour.stallForNs);
            }
            case RESET -> {
                abort();
                connection.resetNow();
            }
            case CLOSE -> {
                abort();
                connection.closeNow();
            }
            case RST_STREAM -> {
                abort();
                connection.resetStream(this, false);
            }
            default -> throw new IllegalStateException(fault + " does not strike in mid-stream");
        }
    }

    private void endWithError(boolean named) {
        errorEvent(answer.failure(named));
        complete = true;
        releaseAll();
        connection.pump(this);
    }

    private void errorEvent(byte[] event) {
        pending.writeBytes(event);
        truth.chunk(ChunkKind.ERROR, 0, 0, bodySent + pending.readableBytes());
    }

    // One event over several writes.

    private void startPieces(int groupStart) {
        int length = pending.readableBytes() - groupStart;
        int pieces = Math.min(behaviour.writesPerEvent, length);
        int[] ends = new int[pieces];
        for (int i = 0; i < pieces; i++) {
            ends[i] = (int) ((i + 1L) * length / pieces);
        }
        cutInsideCharacter(ends, pending.readerIndex() + groupStart, length);
        cuts = ends;
        nextCut = 0;
        pieceBase = bodySent + groupStart;
        phase = Phase.PIECES;
        releasePiece();
    }

    /// Moves the cut that is nearest to the first character of several bytes into that character.
    private void cutInsideCharacter(int[] ends, int from, int length) {
        for (int i = 1; i < length && ends.length > 1; i++) {
            if ((pending.getByte(from + i) & 0xC0) == 0x80) {
                int nearest = 0;
                for (int c = 1; c < ends.length - 1; c++) {
                    nearest = Math.abs(ends[c] - i) < Math.abs(ends[nearest] - i) ? c : nearest;
                }
                boolean inOrder = (nearest == 0 || ends[nearest - 1] < i) && i < ends[nearest + 1];
                if (inOrder) {
                    ends[nearest] = i;
                }
                return;
            }
        }
    }

    private void releasePiece() {
        int[] ends = cuts;
        if (ends == null) {
            throw new IllegalStateException("no pieces to release");
        }
        released = pieceBase + ends[nextCut++];
        boolean last = nextCut == ends.length;
        if (last) {
            cuts = null;
            phase = Phase.ANSWER;
        }
        connection.pump(this);
        if (ended) {
            return;
        }
        if (last) {
            scheduleNext();
        } else {
            heap.add(this, groupDueAtNs + nextCut * behaviour.splitGapNs);
        }
    }

    // The head, byte by byte.

    private void startTrickle(long nowNs) {
        headBytes = connection.headBytes(this);
        connection.cork(this);
        phase = Phase.HEAD_BYTES;
        trickleAtNs = nowNs;
        trickle();
    }

    private void trickle() {
        ByteBuf bytes = headBytes;
        if (bytes == null) {
            throw new IllegalStateException("no head to send");
        }
        wroteRaw(1, connection.write(connection.allocate(1).writeByte(bytes.readByte())));
        if (bytes.isReadable()) {
            trickleAtNs += behaviour.headerPaceNs;
            heap.add(this, trickleAtNs);
            return;
        }
        bytes.release();
        headBytes = null;
        headLeft();
        phase = Phase.ANSWER;
        connection.uncork();
        scheduleOrRun(firstDueAtNs());
    }

    // What the connection reports.

    private void wroteRaw(int bytes, long atNs) {
        truth.write(atNs, bytes, bodySent);
    }

    private void headLeft() {
        headSent = true;
        truth.status = status;
    }

    /// A write of `bytes` bytes, with framing, carried `bodyBytes` of the body.
    void wrote(long atNs, int bytes, int bodyBytes) {
        headLeft();
        bodySent += bodyBytes;
        truth.write(atNs, bytes, bodySent);
        if (!pending.isReadable()) {
            pending.clear();
        }
        if (draining && pending.readableBytes() <= MOST_PENDING / 2) {
            draining = false;
            heap.add(this, atNs);
        }
    }

    /// The write with the end of the body has left.
    void wroteEnd() {
        end(endLabel);
        if (fault == Fault.CLOSE_AFTER) {
            connection.closeNow();
        }
    }

    private void abort() {
        end(fault.label());
    }

    /// Ends the exchange and hands its truth over; later calls do nothing.
    void end(String label) {
        if (ended) {
            return;
        }
        ended = true;
        heap.remove(this);
        engine.leave(this, TrueClock.nowNs());
        truth.end = label;
        boolean whole = label.equals("complete") || label.equals("no-done");
        truth.completionTokens = whole ? answer.completionTokens() : truth.tokensSent(false);
        truth.reasoningTokens = whole ? answer.reasoningTokens() : truth.tokensSent(true);
        pending.release();
        if (headBytes != null) {
            headBytes.release();
            headBytes = null;
        }
        connection.ended(this, truth);
    }

    /// The connection is gone, or the client cancelled: what the fault had begun keeps its name.
    void gone(String by) {
        end(struck || fault == Fault.NO_ANSWER ? fault.label() : by);
    }
}
