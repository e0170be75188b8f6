package dev.latencylens.exchange;

import org.jspecify.annotations.Nullable;

/// One request and its response, from the moment it is planned until it has an outcome; of a request that is tried
/// again, one attempt.
///
/// Made ahead by the load's feeder; then owned by one I/O thread, which is the only one to call the methods that
/// change it. The interpreter sees it only through the flight log.
public final class Exchange {
    /// The throttle time of an exchange whose load had no limits.
    public static final long NOT_LIMITED = -1;

    private long number;
    private final String id;
    private final EncodedRequest request;
    private final @Nullable Turn turn;
    private final @Nullable Retry retry;
    private long dueAfterNs;
    private long thinkNs;
    private boolean warmup;
    private boolean answering;
    private boolean accepted;
    private long intendedAtNs;
    private boolean ended;
    private long endedAtNs;
    private int session;
    private long throttleNs = NOT_LIMITED;
    private long reservedTokens;
    private long usedInSlot;
    /// Written by the interpreter before it hands the exchange back.
    private long usedTokens;
    /// Written and read by the interpreter alone.
    final ExchangeReading reading = new ExchangeReading();

    /// @param number counts the run's exchanges from 0
    /// @param id travels as `X-Request-Id`
    public Exchange(long number, String id, EncodedRequest request) {
        this(number, id, request, null, null);
    }

    /// A turn of a conversation, whose number is not known before it is started.
    ///
    /// @param id travels as `X-Request-Id`
    /// @param keepsAnswer whether the next turn needs what this one is answered
    public Exchange(Turn turn, String id, EncodedRequest request, boolean keepsAnswer) {
        this(-1, id, request, turn, null);
        if (keepsAnswer) {
            reading.keepAnswer();
        }
    }

    private Exchange(long number, String id, EncodedRequest request, @Nullable Turn turn, @Nullable Retry retry) {
        this.number = number;
        this.id = id;
        this.request = request;
        this.turn = turn;
        this.retry = retry;
    }

    /// The same request once more, for the same user and with the same intended time.
    ///
    /// @param encoded with the id of the retry
    public Exchange again(EncodedRequest encoded, Retry next) {
        var another = new Exchange(number, next.id(), encoded, turn, next);
        another.warmup = warmup;
        if (reading.keepsAnswer()) {
            another.reading.keepAnswer();
        }
        another.dueAfterNs = dueAfterNs;
        another.thinkNs = thinkNs;
        another.intendedAtNs = intendedAtNs;
        another.session = session;
        another.reservedTokens = reservedTokens;
        return another;
    }

    public long number() {
        return number;
    }

    public String id() {
        return id;
    }

    /// Whether it is left out of the figures.
    public boolean isWarmup() {
        return warmup;
    }

    /// It is to be left out of the figures: called before it is sent.
    public void warmup() {
        warmup = true;
    }

    /// Where it stands in its conversation; null for a request of its own.
    public @Nullable Turn turn() {
        return turn;
    }

    /// Whether its conversation goes on after it.
    public boolean isContinued() {
        return turn != null && !turn.isLast();
    }

    /// Called once for a turn of a conversation, as it is started.
    public void numbered(long startedAs) {
        number = startedAs;
    }

    /// Whether its conversation goes on with what it is answered. For the interpreter's thread.
    public boolean keepsAnswer() {
        return reading.keepsAnswer();
    }

    /// The text that it was answered with, to be repeated in the next turn; null where there was none, or more
    /// than is kept. For the interpreter's thread, once it has ended.
    public @Nullable String answer() {
        return reading.answer();
    }

    /// Why it is sent again; null for a request's first attempt.
    public @Nullable Retry retry() {
        return retry;
    }

    /// Counts the attempts of one request from 1.
    public int attempt() {
        return retry == null ? 1 : retry.attempt();
    }

    public EncodedRequest request() {
        return request;
    }

    /// How long after the start of an open loop it is due; nothing in a closed one.
    public long dueAfterNs() {
        return dueAfterNs;
    }

    /// How long its user thinks after its answer, in a closed loop.
    public long thinkNs() {
        return thinkNs;
    }

    /// Called once by the feeder, before an I/O thread sees it.
    public void planned(long dueAfterStartNs, long thinkAfterwardsNs) {
        dueAfterNs = dueAfterStartNs;
        thinkNs = thinkAfterwardsNs;
    }

    /// Whether its answer has begun to arrive.
    public boolean isAnswering() {
        return answering;
    }

    /// Its answer begins to arrive.
    public void answering() {
        answering = true;
    }

    /// Whether an answer with a status of success has begun, after which it is not sent again.
    public boolean isAccepted() {
        return accepted;
    }

    /// An answer with a status of success has begun.
    public void accepted() {
        accepted = true;
    }

    public long intendedAtNs() {
        return intendedAtNs;
    }

    /// Which of the load's users sends it; a sticky connection belongs to one.
    public int session() {
        return session;
    }

    /// Whether its user has been told that its answer has ended.
    public boolean hasEnded() {
        return ended;
    }

    /// When its user was told so.
    public long endedAtNs() {
        return endedAtNs;
    }

    /// Its answer has ended.
    public void ended(long atNs) {
        ended = true;
        endedAtNs = atNs;
    }

    /// When it is to be sent: a retry after its wait, all else as intended.
    public long sendAtNs() {
        return retry == null ? intendedAtNs : retry.dueAtNs();
    }

    /// Called once, when the schedule asks for it.
    public void due(long intendedAtNs, int session) {
        this.intendedAtNs = intendedAtNs;
        this.session = session;
    }

    /// How long limits on requests and tokens per minute held it back; [#NOT_LIMITED] where there were none.
    public long throttleNs() {
        return throttleNs;
    }

    /// Called once, right before it is started.
    public void throttled(long heldBackNs) {
        throttleNs = heldBackNs;
    }

    /// The most tokens that it may use, input and output: it counts with them as long as it runs.
    public long reservedTokens() {
        return reservedTokens;
    }

    /// Called once by the feeder, before an I/O thread sees it.
    public void reserve(long tokens) {
        reservedTokens = tokens;
    }

    /// The tokens that it did use.
    public long usedTokens() {
        return usedTokens;
    }

    /// Called once by the interpreter, before it says that they are known.
    public void used(long tokens) {
        usedTokens = tokens;
    }

    /// Where its tokens are counted, by the I/O thread that does.
    public long usedIn() {
        return usedInSlot;
    }

    public void usesIn(long slot) {
        usedInSlot = slot;
    }

    @Override
    public String toString() {
        return "exchange " + id;
    }
}
