package dev.latencylens.transport;

import java.time.Duration;

/// How long each part of an exchange may take; passing one ends the exchange with the outcome `timeout`, which
/// says which one it was.
///
/// @param connect from the start until the connection stands: DNS, TCP, proxy, TLS
/// @param firstByte from the last request byte to the first response byte
/// @param silence between two reads of a response
/// @param whole from the start to the end
public record Timeouts(Duration connect, Duration firstByte, Duration silence, Duration whole) {
    public static final Timeouts DEFAULT = new Timeouts(
            Duration.ofSeconds(10), Duration.ofSeconds(120), Duration.ofSeconds(60), Duration.ofSeconds(600));

    public Timeouts {
        requirePositive("connect", connect);
        requirePositive("first byte", firstByte);
        requirePositive("silence", silence);
        requirePositive("whole", whole);
    }

    private static void requirePositive(String name, Duration value) {
        if (!value.isPositive()) {
            throw new IllegalArgumentException(
                    "the " + name + " timeout must be positive, was " + value.toMillis() + " ms");
        }
    }
}
