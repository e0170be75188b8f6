package dev.latencylens.exchange;

/// One request and its response, from the moment it is planned until it has an outcome.
///
/// Made ahead by the load's feeder; then owned by one I/O thread, which is the only one to call the methods that
/// change it. The interpreter sees it only through the flight log.
public final class Exchange {
    private final long number;
    private final String id;
    private final boolean warmup;
    private final EncodedRequest request;
    private long dueAfterNs;
    private long thinkNs;
    private boolean answering;
    private long intendedAtNs;
    private int session;
    /// Written and read by the interpreter alone.
    final ExchangeReading reading = new ExchangeReading();

    /// @param number counts the run's exchanges from 0
    /// @param id travels as `X-Request-Id`
    /// @param warmup whether it is left out of the figures
    public Exchange(long number, String id, boolean warmup, EncodedRequest request) {
        this.number = number;
        this.id = id;
        this.warmup = warmup;
        this.request = request;
    }

    public long number() {
        return number;
    }

    public String id() {
        return id;
    }

    public boolean isWarmup() {
        return warmup;
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

    public long intendedAtNs() {
        return intendedAtNs;
    }

    /// Which of the load's users sends it; a sticky connection belongs to one.
    public int session() {
        return session;
    }

    /// Called once, when the schedule asks for it.
    public void due(long intendedAtNs, int session) {
        this.intendedAtNs = intendedAtNs;
        this.session = session;
    }

    @Override
    public String toString() {
        return "exchange " + id;
    }
}
