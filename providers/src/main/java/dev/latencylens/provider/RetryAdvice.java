package dev.latencylens.provider;

import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.ResponseHead;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a provider's error says of trying again: whether that may help, and when.
///
/// Knows `retry-after-ms` and `x-should-retry` of OpenAI and Anthropic, `retry-after` in seconds or as a date, and
/// the limits that say when they are reset: OpenAI's and Azure's `x-ratelimit-reset-*` (`1s`, `6m0s`, a number of
/// seconds, or of seconds or milliseconds since 1970) and Anthropic's `anthropic-ratelimit-*-reset` (RFC 3339);
/// and Gemini's `retryDelay`, which stands in the error itself.
public final class RetryAdvice {
    /// Statuses of which a later attempt may find nothing more: 408 Request Timeout, 425 Too Early, 429 Too Many
    /// Requests. All of 500 and above belong to them.
    private static final Set<Integer> PASSING = Set.of(408, 425, 429);

    /// Codes that mean overload whatever their status, in lower case.
    private static final Set<String> OVERLOADED = Set.of(
            "overloaded",
            "overloaded_error",
            "server_is_overloaded",
            "engine_overloaded",
            "slow_down",
            "rate_limit_error",
            "rate_limit_exceeded",
            "resource_exhausted",
            "unavailable",
            "throttlingexception",
            "toomanyrequestsexception",
            "modelnotreadyexception",
            "serviceunavailableexception");

    /// Codes of a 429 that waiting does not mend.
    private static final Set<String> EXHAUSTED =
            Set.of("insufficient_quota", "billing_hard_limit_reached", "enforced_spend_limit_reached");

    private static final String OURS = "x-ratelimit-";
    private static final String ANTHROPIC = "anthropic-ratelimit-";
    private static final String RESET = "reset";
    private static final String REMAINING = "remaining";

    private static final Pattern NUMBER = Pattern.compile("\\d{1,15}(?:\\.\\d{1,9})?");
    /// Go's form of a duration.
    private static final Pattern PART = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(ms|us|s|m|h|d)");
    private static final Pattern PARTS = Pattern.compile("(?:" + PART.pattern() + ")+");

    /// From here on a number is an instant and no length: 1e9 s are 31 years, and an instant since 2001.
    private static final double LEAST_EPOCH_S = 1e9;

    private static final double LEAST_EPOCH_MS = 1e12;
    /// A year stands for whatever is longer.
    private static final double LONGEST_MS = 365 * 86_400e3;

    private RetryAdvice() {}

    /// When to come again, and which field said so, of the response's head or of its error.
    public record Hint(String field, Duration after) {}

    /// Whether an error response is one that may pass by itself.
    public static boolean isPassing(ResponseHead head, @Nullable ProviderError error) {
        Optional<String> said = head.header("x-should-retry").map(String::strip);
        if (said.isPresent() && Set.of("true", "false").contains(said.get())) {
            return said.get().equals("true");
        }
        String code = error == null ? "" : error.code().toLowerCase(Locale.ROOT);
        return !EXHAUSTED.contains(code)
                && (head.status() >= 500 || PASSING.contains(head.status()) || OVERLOADED.contains(code));
    }

    /// The provider's own time: the exact form before the coarse one, the head before the body, and all of them
    /// before the limits' own resets.
    ///
    /// @param now counts where an instant is given and the response has no date of its own
    public static Optional<Hint> when(ResponseHead head, @Nullable ProviderError error, Instant now) {
        Instant there = head.header("date").flatMap(RetryAdvice::date).orElse(now);
        return head.header("retry-after-ms")
                .filter(value -> NUMBER.matcher(value.strip()).matches())
                .map(value -> new Hint("retry-after-ms", ofMillis(Double.parseDouble(value.strip()))))
                .or(() -> head.header("retry-after")
                        .flatMap(value -> after(value, there))
                        .map(after -> new Hint("retry-after", after)))
                .or(() -> Optional.ofNullable(error)
                        .map(ProviderError::retryAfter)
                        .map(after -> new Hint("retryDelay", after)))
                .or(() -> reset(head, there));
    }

    /// The reset of a limit of which nothing remains, the last one of several. A limit of which something remains
    /// may be reset long after there is enough of it again, so where all of them have some the first one counts.
    private static Optional<Hint> reset(ResponseHead head, Instant there) {
        List<Hint> used = new ArrayList<>();
        List<Hint> all = new ArrayList<>();
        for (var field : head.headers()) {
            String remaining = remainingOf(field.name());
            if (remaining.isEmpty()) {
                continue;
            }
            after(field.value(), there).ifPresent(after -> {
                var hint = new Hint(field.name(), after);
                all.add(hint);
                if (head.header(remaining).map(String::strip).orElse("").equals("0")) {
                    used.add(hint);
                }
            });
        }
        Comparator<Hint> byTime = Comparator.comparing(Hint::after);
        return used.isEmpty() ? all.stream().min(byTime) : used.stream().max(byTime);
    }

    /// The field with what remains of a limit, for the one with its reset; empty for any other field.
    private static String remainingOf(String field) {
        if (field.startsWith(OURS + RESET)) {
            return OURS + REMAINING + field.substring((OURS + RESET).length());
        }
        return field.startsWith(ANTHROPIC) && field.endsWith("-" + RESET)
                ? field.substring(0, field.length() - RESET.length()) + REMAINING
                : "";
    }

    /// From a length of time or an instant, whatever its form; empty where it is none.
    private static Optional<Duration> after(String text, Instant there) {
        String value = text.strip();
        if (NUMBER.matcher(value).matches()) {
            double number = Double.parseDouble(value);
            if (number < LEAST_EPOCH_S) {
                return Optional.of(ofMillis(number * 1_000));
            }
            double epochMs = number < LEAST_EPOCH_MS ? number * 1_000 : number;
            return Optional.of(between(there, Instant.ofEpochMilli((long) epochMs)));
        }
        return length(value).or(() -> date(value).map(then -> between(there, then)));
    }

    /// Of a length such as `34.4s` or `6m0s`; empty where it is none.
    static Optional<Duration> length(String value) {
        if (!PARTS.matcher(value).matches()) {
            return Optional.empty();
        }
        double ms = 0;
        Matcher part = PART.matcher(value);
        while (part.find()) {
            ms += Double.parseDouble(part.group(1))
                    * switch (part.group(2)) {
                        case "us" -> 1e-3;
                        case "ms" -> 1;
                        case "m" -> 60e3;
                        case "h" -> 3_600e3;
                        case "d" -> 86_400e3;
                        default -> 1e3;
                    };
        }
        return Optional.of(ofMillis(ms));
    }

    /// Of HTTP's form, or of RFC 3339's.
    private static Optional<Instant> date(String value) {
        return parsed(value, DateTimeFormatter.RFC_1123_DATE_TIME)
                .or(() -> parsed(value, DateTimeFormatter.ISO_DATE_TIME));
    }

    private static Optional<Instant> parsed(String value, DateTimeFormatter form) {
        try {
            return Optional.of(ZonedDateTime.parse(value.strip(), form).toInstant());
        } catch (DateTimeException other) {
            return Optional.empty();
        }
    }

    private static Duration between(Instant from, Instant to) {
        return to.isAfter(from) ? ofMillis((double) Duration.between(from, to).toMillis()) : Duration.ZERO;
    }

    private static Duration ofMillis(double ms) {
        return Duration.ofNanos(Math.round(Math.min(ms, LONGEST_MS) * 1e6));
    }
}
