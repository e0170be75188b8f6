package dev.latencylens.exchange;

/// The head of the response has been read.
public record ResponseFact(ResponseHead head) implements FlightFact {}
