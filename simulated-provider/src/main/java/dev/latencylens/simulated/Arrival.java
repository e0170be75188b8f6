package dev.latencylens.simulated;

/// Which connection this is, and when it was accepted.
record Arrival(long number, long acceptedAtNs, boolean tls, WireStamps stamps) {}
