package dev.latencylens.load;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How many requests a second are asked for as time goes on: stage after stage.
public record RateCourse(List<Stage> stages) {
    private static final double NS_PER_S = 1e9;
    /// Fastest rate that may be asked for: one request per nanosecond.
    public static final double MOST_PER_SECOND = 1e9;

    /// How a stage's rate goes from its first to its last.
    public enum Shape {
        /// By equal steps.
        LINEAR,
        /// By equal factors.
        EXPONENTIAL
    }

    /// @param fromPerSecond the rate at the stage's beginning
    /// @param toPerSecond the rate at its end
    /// @param length null for the last one, where its rate stays for as long as the load lasts
    public record Stage(
            double fromPerSecond,
            double toPerSecond,
            @Nullable Duration length,
            Shape shape) {
        public Stage {
            rate(fromPerSecond, shape == Shape.LINEAR && toPerSecond > 0);
            rate(toPerSecond, shape == Shape.LINEAR && fromPerSecond > 0);
            if (length != null && !length.isPositive()) {
                throw new IllegalArgumentException("a stage takes a positive time, was " + length);
            }
            if (length == null && fromPerSecond != toPerSecond) {
                throw new IllegalArgumentException("a rate that changes needs a time to do so");
            }
        }

        private static void rate(double perSecond, boolean mayBeZero) {
            boolean positive = perSecond > 0 || (mayBeZero && perSecond == 0);
            if (!positive || perSecond > MOST_PER_SECOND) {
                throw new IllegalArgumentException(
                        "request rate must be positive and at most 1e9 per second, was " + perSecond);
            }
        }

        private double seconds() {
            return length == null ? Double.POSITIVE_INFINITY : length.toNanos() / NS_PER_S;
        }

        /// Requests due in the stage's first seconds: the integral of its rate.
        private double expected(double seconds) {
            if (fromPerSecond == toPerSecond) {
                return fromPerSecond * seconds;
            }
            return switch (shape) {
                case LINEAR -> seconds * (fromPerSecond + slope() * seconds / 2);
                case EXPONENTIAL -> fromPerSecond * Math.expm1(growth() * seconds) / growth();
            };
        }

        /// Seconds until so many requests are due: the inverse of [#expected].
        private double secondsUntil(double expected) {
            if (fromPerSecond == toPerSecond || expected == 0) {
                return expected == 0 ? 0 : expected / fromPerSecond;
            }
            return switch (shape) {
                // The form of the quadratic's root that does not cancel.
                case LINEAR -> {
                    double square = fromPerSecond * fromPerSecond + 2 * slope() * expected;
                    yield 2 * expected / (fromPerSecond + Math.sqrt(Math.max(0, square)));
                }
                case EXPONENTIAL -> Math.log1p(growth() * expected / fromPerSecond) / growth();
            };
        }

        private double slope() {
            return (toPerSecond - fromPerSecond) / seconds();
        }

        private double growth() {
            return Math.log(toPerSecond / fromPerSecond) / seconds();
        }
    }

    public RateCourse {
        stages = List.copyOf(stages);
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("a rate needs at least one stage");
        }
        for (Stage stage : stages.subList(0, stages.size() - 1)) {
            if (stage.length() == null) {
                throw new IllegalArgumentException("only the last stage may go on for ever");
            }
        }
    }

    /// One rate, for as long as the load lasts.
    public static RateCourse constant(double requestsPerSecond) {
        return new RateCourse(List.of(new Stage(requestsPerSecond, requestsPerSecond, null, Shape.LINEAR)));
    }

    /// The rate, where there is but one and it has no end.
    public Optional<Double> only() {
        return stages.size() == 1 && stages.getFirst().length() == null
                ? Optional.of(stages.getFirst().fromPerSecond())
                : Optional.empty();
    }

    /// How many requests are expected until then: the integral of the rate. Goes on at the last rate past the end.
    public double expected(long afterNs) {
        double seconds = afterNs / NS_PER_S;
        double before = 0;
        for (Stage stage : stages) {
            if (seconds <= stage.seconds()) {
                return before + stage.expected(seconds);
            }
            before += stage.expected(stage.seconds());
            seconds -= stage.seconds();
        }
        return before + seconds * stages.getLast().toPerSecond();
    }

    /// When so many requests are expected, in nanoseconds after the start; infinite where the stages end before.
    double afterNs(double expected) {
        double left = expected;
        double seconds = 0;
        for (Stage stage : stages) {
            double within = stage.length() == null ? Double.POSITIVE_INFINITY : stage.expected(stage.seconds());
            if (left < within) {
                return (seconds + stage.secondsUntil(left)) * NS_PER_S;
            }
            left -= within;
            seconds += stage.seconds();
        }
        return Double.POSITIVE_INFINITY;
    }
}
