package dev.latencylens.provider;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.ResponseHead;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetryAdviceTest {
    private static final Instant NOW = Instant.parse("2026-11-26T10:00:00Z");

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource({
        "408, '', true",
        "425, '', true",
        "429, rate_limit_exceeded, true",
        "429, insufficient_quota, false",
        "500, '', true",
        "503, '', true",
        "529, overloaded_error, true",
        "400, '', false",
        "400, ThrottlingException, true",
        "401, invalid_api_key, false",
        "409, '', false",
        "422, '', false",
        "403, RESOURCE_EXHAUSTED, true",
    })
    void whatMayPassByItselfIsKnownByStatusOrCode(int status, String code, boolean passing) {
        assertThat(RetryAdvice.isPassing(head(status), new ProviderError(code, "")))
                .isEqualTo(passing);
    }

    @Test
    void theProvidersWordCountsBeforeTheStatus() {
        assertThat(RetryAdvice.isPassing(head(409, "x-should-retry", "true"), null))
                .isTrue();
        assertThat(RetryAdvice.isPassing(head(503, "x-should-retry", "false"), null))
                .isFalse();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "retry-after-ms | 1500 | 1500",
                "retry-after | 2 | 2000",
                "retry-after | 0.25 | 250",
                "retry-after | Thu, 26 Nov 2026 10:00:07 GMT | 7000",
                "retry-after | Thu, 26 Nov 2026 09:59:07 GMT | 0",
                "x-ratelimit-reset-requests | 1s | 1000",
                "x-ratelimit-reset-tokens | 6m0s | 360000",
                "x-ratelimit-reset-tokens | 12ms | 12",
                "x-ratelimit-reset-requests | 30 | 30000",
                "x-ratelimit-reset | 1795687209 | 9000",
                "x-ratelimit-reset | 1795687209000 | 9000",
                "anthropic-ratelimit-tokens-reset | 2026-11-26T10:00:30Z | 30000",
            })
    void everyFormOfTimeIsUnderstood(String field, String value, long afterMs) {
        assertThat(RetryAdvice.when(head(429, field, value), null, NOW))
                .contains(new RetryAdvice.Hint(field, Duration.ofMillis(afterMs)));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "retry-after, soon",
        "retry-after, -1",
        "retry-after-ms, 1s",
        "x-ratelimit-reset-requests, ''",
        "x-ratelimit-limit-requests, 60",
        "x-request-id, 12",
    })
    void whatIsNoTimeIsNoHint(String field, String value) {
        assertThat(RetryAdvice.when(head(429, field, value), null, NOW)).isEmpty();
    }

    @Test
    void aDateCountsFromTheServersOwnClock() {
        var head = head(429, "date", "Thu, 26 Nov 2026 11:00:00 GMT", "retry-after", "Thu, 26 Nov 2026 11:00:03 GMT");

        assertThat(RetryAdvice.when(head, null, NOW).orElseThrow().after()).isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void theExactHintCountsBeforeTheCoarseOne() {
        var head = head(429, "x-ratelimit-reset-requests", "9s", "retry-after", "1", "retry-after-ms", "800");

        assertThat(RetryAdvice.when(head, null, NOW))
                .contains(new RetryAdvice.Hint("retry-after-ms", Duration.ofMillis(800)));
    }

    @Test
    void theResetOfTheLimitThatIsUsedUpCounts() {
        var head = head(
                429,
                "x-ratelimit-remaining-requests",
                "59",
                "x-ratelimit-reset-requests",
                "1s",
                "x-ratelimit-remaining-tokens",
                "0",
                "x-ratelimit-reset-tokens",
                "4s");

        assertThat(RetryAdvice.when(head, null, NOW))
                .contains(new RetryAdvice.Hint("x-ratelimit-reset-tokens", Duration.ofSeconds(4)));
    }

    @Test
    void theErrorsOwnHintCountsWhereNoFieldSaysWhenAndBeforeTheResets() {
        var error = new ProviderError("RESOURCE_EXHAUSTED", "quota", Duration.ofMillis(34_400));

        assertThat(RetryAdvice.when(head(429, "x-ratelimit-reset-requests", "9s"), error, NOW))
                .contains(new RetryAdvice.Hint("retryDelay", Duration.ofMillis(34_400)));
        assertThat(RetryAdvice.when(head(429, "retry-after", "1"), error, NOW))
                .contains(new RetryAdvice.Hint("retry-after", Duration.ofSeconds(1)));
    }

    @Test
    void aHintOfAThousandYearsIsOneThatIsTooLong() {
        assertThat(RetryAdvice.when(head(429, "x-ratelimit-reset", "999999999999999"), null, NOW)
                        .orElseThrow()
                        .after())
                .isEqualTo(Duration.ofDays(365));
    }

    private static ResponseHead head(int status, String... fields) {
        var headers = new ArrayList<Header>();
        for (int i = 0; i < fields.length; i += 2) {
            headers.add(Header.of(fields[i], fields[i + 1]));
        }
        return new ResponseHead(status, List.copyOf(headers));
    }
}
