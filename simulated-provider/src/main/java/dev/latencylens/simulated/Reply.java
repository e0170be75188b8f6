package dev.latencylens.simulated;

/// How a request is going to be answered.
@SuppressWarnings("ArrayRecordComponent") // name, value, name, value; never compared
record Reply(Behaviour behaviour, Fault fault, int status, Answer answer, String... extraHeaders) {
    static final String[] NO_HEADERS = {};
}
