package dev.latencylens.cli;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.EncodedRequest;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.Retry;
import dev.latencylens.load.RetryPolicy;
import dev.latencylens.provider.RetryAdvice;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Decides whether a request is tried again, and makes the attempt. Used by the interpreter's thread.
final class RetryDecision {
    private static final String BACKOFF = "backoff";

    private final RetryPolicy policy;
    private final Clock clock;
    private final Encoder encoder;

    /// Makes a request's bytes anew, because id and signature are not those of the attempt before.
    @FunctionalInterface
    interface Encoder {
        EncodedRequest encode(Exchange failed, String id);
    }

    RetryDecision(RetryPolicy policy, Clock clock, Encoder encoder) {
        this.policy = policy;
        this.clock = clock;
        this.encoder = encoder;
    }

    /// The attempt that is to follow one that has ended, or null for none.
    @Nullable
    Exchange after(ExchangeResult result) {
        Exchange ended = result.exchange();
        if (ended.attempt() > policy.retries() || !mayPass(result)) {
            return null;
        }
        Retry before = ended.retry();
        long nowNs = clock.nowNs();
        long firstStartedAtNs =
                before == null ? result.timeline().atNs(Moment.STARTED).orElse(nowNs) : before.firstStartedAtNs();
        int attempt = ended.attempt() + 1;
        long jitterNs = policy.jitterNs(ended.number(), attempt);
        RetryAdvice.Hint hint = hint(result.head(), result.completion().error());
        long askedNs = hint == null ? 0 : hint.after().toNanos();
        long leftNs = policy.total().toNanos() - (nowNs - firstStartedAtNs);
        if (askedNs + jitterNs > leftNs) {
            return null;
        }
        var retry = new Retry(
                attempt,
                before == null ? ended.id() : before.of(),
                result.outcome(),
                firstStartedAtNs,
                nowNs + askedNs + jitterNs,
                askedNs + jitterNs,
                hint == null ? BACKOFF : hint.field());
        return ended.again(encoder.encode(ended, retry.id()), retry);
    }

    private static RetryAdvice.@Nullable Hint hint(@Nullable ResponseHead head, @Nullable ProviderError error) {
        return head == null
                ? null
                : RetryAdvice.when(head, error, Instant.now()).orElse(null);
    }

    /// Whether the failure may pass by itself, and nothing of an answer had begun.
    private static boolean mayPass(ExchangeResult result) {
        ResponseHead head = result.head();
        return switch (result.outcome().kind()) {
            case CONNECT_FAILED, DNS_FAILED, TLS_FAILED -> true;
            case TIMEOUT, RESET, CUT -> !result.timeline().has(Moment.RESPONSE_START);
            case RATE_LIMITED, HTTP_ERROR ->
                head != null && RetryAdvice.isPassing(head, result.completion().error());
            case COMPLETED, UNTERMINATED, PROVIDER_ERROR, MALFORMED, CANCELLED -> false;
        };
    }
}
