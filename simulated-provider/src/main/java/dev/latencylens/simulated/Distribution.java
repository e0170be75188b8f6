package dev.latencylens.simulated;

import java.util.ArrayList;
import java.util.List;

/// Where a waiting time comes from.
///
/// Written as `constant:200ms`, `uniform:100ms:300ms`, `exponential:200ms` (the mean),
/// `lognormal:200ms:0.3` (median and sigma of the logarithm), `drift:200ms:20ms:100` (from the one to the other
/// over the first 100, and on at the other) or `list:200ms,20ms,35ms`; a bare duration is a constant. Samples are
/// whole nanoseconds and never negative.
sealed interface Distribution {
    Distribution ZERO = new Constant(0);

    /// The `index`-th waiting time of one request (for a first token: of the `index`-th request).
    long sampleNs(Dice dice, long index);

    record Constant(long valueNs) implements Distribution {
        @Override
        public long sampleNs(Dice dice, long index) {
            return valueNs;
        }
    }

    record Uniform(long lowNs, long highNs) implements Distribution {
        @Override
        public long sampleNs(Dice dice, long index) {
            return lowNs + (long) (dice.nextDouble() * (highNs - lowNs));
        }
    }

    record Exponential(long meanNs) implements Distribution {
        @Override
        public long sampleNs(Dice dice, long index) {
            return (long) (meanNs * dice.nextExponential());
        }
    }

    record Lognormal(long medianNs, double sigma) implements Distribution {
        @Override
        public long sampleNs(Dice dice, long index) {
            return (long) (medianNs * Math.exp(sigma * dice.nextGaussian()));
        }
    }

    /// Goes evenly from one value to another over the first ones, and stays there.
    record Drifting(long fromNs, long toNs, long over) implements Distribution {
        @Override
        public long sampleNs(Dice dice, long index) {
            return index >= over ? toNs : fromNs + Math.round((double) (toNs - fromNs) * index / over);
        }
    }

    /// The given values in turn; after the last one the list starts again.
    record Listed(List<Long> valuesNs) implements Distribution {
        public Listed {
            valuesNs = List.copyOf(valuesNs);
        }

        @Override
        public long sampleNs(Dice dice, long index) {
            return valuesNs.get((int) (index % valuesNs.size()));
        }
    }

    static Distribution parse(String key, String text) {
        String[] parts = text.strip().split(":", -1);
        if (parts.length == 1) {
            return new Constant(Durations.parseNs(key, parts[0]));
        }
        return switch (parts[0] + "/" + (parts.length - 1)) {
            case "constant/1" -> new Constant(Durations.parseNs(key, parts[1]));
            case "uniform/2" -> uniform(key, text, parts);
            case "exponential/1" -> new Exponential(Durations.parseNs(key, parts[1]));
            case "lognormal/2" -> new Lognormal(Durations.parseNs(key, parts[1]), sigma(key, parts[2]));
            case "drift/3" ->
                new Drifting(Durations.parseNs(key, parts[1]), Durations.parseNs(key, parts[2]), over(key, parts[3]));
            case "list/1" -> listed(key, parts[1]);
            default ->
                throw new IllegalArgumentException(key + ": expected constant:200ms, uniform:100ms:300ms,"
                        + " exponential:200ms, lognormal:200ms:0.3, drift:200ms:20ms:100 or list:200ms,20ms, was '"
                        + text + "'");
        };
    }

    private static Distribution uniform(String key, String text, String[] parts) {
        long lowNs = Durations.parseNs(key, parts[1]);
        long highNs = Durations.parseNs(key, parts[2]);
        if (highNs < lowNs) {
            throw new IllegalArgumentException(key + ": the upper bound is below the lower one: '" + text + "'");
        }
        return new Uniform(lowNs, highNs);
    }

    private static double sigma(String key, String text) {
        try {
            double sigma = Double.parseDouble(text);
            if (sigma >= 0 && sigma <= 10) {
                return sigma;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(key + ": sigma must be a number, was '" + text + "'", e);
        }
        throw new IllegalArgumentException(key + ": sigma must be between 0 and 10, was '" + text + "'");
    }

    private static long over(String key, String text) {
        if (!text.matches("[1-9][0-9]{0,8}")) {
            throw new IllegalArgumentException(
                    key + ": a drift goes over a number of them such as 100, was '" + text + "'");
        }
        return Long.parseLong(text);
    }

    private static Distribution listed(String key, String text) {
        List<Long> values = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            values.add(Durations.parseNs(key, part));
        }
        return new Listed(values);
    }
}
