package dev.latencylens.exchange;

import org.jspecify.annotations.Nullable;

/// An exchange that has come to its end, fully interpreted.
///
/// @param connection null where no connection was had
/// @param path null where the transport cannot ask the kernel, and where the connection was closed already
/// @param head null where no response head came
/// @param bodyBytes bytes of the body after transfer decoding
public record ExchangeResult(
        Exchange exchange,
        Outcome outcome,
        Timeline timeline,
        @Nullable ConnectionFacts connection,
        @Nullable TcpPath path,
        @Nullable ResponseHead head,
        Completion completion,
        long bodyBytes) {}
