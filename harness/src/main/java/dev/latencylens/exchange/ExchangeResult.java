package dev.latencylens.exchange;

import org.jspecify.annotations.Nullable;

/// An exchange that has come to its end, fully interpreted.
///
/// @param connection null where no connection was had
/// @param head null where no response head came
/// @param bodyBytes bytes of the body after transfer decoding
public record ExchangeResult(
        Exchange exchange,
        Outcome outcome,
        Timeline timeline,
        @Nullable ConnectionFacts connection,
        @Nullable ResponseHead head,
        Completion completion,
        long bodyBytes) {}
