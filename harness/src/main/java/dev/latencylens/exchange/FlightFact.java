package dev.latencylens.exchange;

/// Something an I/O thread learnt of an exchange that is neither an instant nor body bytes; a few per exchange.
public sealed interface FlightFact permits ConnectionFacts, ResponseFact, TcpPath, TransportEnd {}
