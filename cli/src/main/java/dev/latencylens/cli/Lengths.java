package dev.latencylens.cli;

import java.util.Locale;
import java.util.SplittableRandom;

/// How many words or tokens: a number, or a distribution that each request draws from.
///
/// Written as `128`, `uniform:64:256`, `normal:550:150` (mean and standard deviation) or `lognormal:200:0.5`
/// (median and sigma of the logarithm). What is drawn outside of the bounds is drawn again, so no length piles up
/// at a bound.
///
/// @param least the shortest that is drawn
/// @param most the longest: of a normal or lognormal distribution, four deviations above its middle
record Lengths(Shape shape, double middle, double spread, int least, int most) {
    /// Deviations from the middle beyond which nothing is drawn; one in 31,574 of a normal distribution lies
    /// there.
    private static final double DEVIATIONS = 4;
    /// Words of which no prompt is made: more than any model reads.
    private static final int LONGEST = 10_000_000;

    private static final String FORMS = "give a number, uniform:64:256, normal:550:150 or lognormal:200:0.5";

    enum Shape {
        FIXED,
        UNIFORM,
        NORMAL,
        LOGNORMAL
    }

    static Lengths of(int length) {
        return new Lengths(Shape.FIXED, length, 0, length, length);
    }

    /// @param option the flag that the text stands behind, for messages
    /// @param least the shortest allowed
    /// @throws CommandFailure if the text is no length
    static Lengths parse(String option, String text, int least) {
        String[] parts = text.strip().split(":", -1);
        return switch (parts[0] + "/" + (parts.length - 1)) {
            case "uniform/2" -> {
                // A 0 that is drawn would not mean 0.
                int low = whole(option, text, parts[1], Math.max(1, least));
                int high = whole(option, text, parts[2], Math.max(1, least));
                if (high < low) {
                    throw CommandFailure.usage(option + " '" + text + "' has its upper bound below its lower one");
                }
                yield new Lengths(Shape.UNIFORM, (low + high) / 2.0, 0, low, high);
            }
            case "normal/2" -> {
                int mean = whole(option, text, parts[1], Math.max(1, least));
                double deviation = number(option, text, parts[2]);
                yield new Lengths(
                        Shape.NORMAL, mean, deviation, Math.max(1, least), bounded(mean + DEVIATIONS * deviation));
            }
            case "lognormal/2" -> {
                int median = whole(option, text, parts[1], Math.max(1, least));
                double sigma = number(option, text, parts[2]);
                yield new Lengths(
                        Shape.LOGNORMAL,
                        median,
                        sigma,
                        Math.max(1, least),
                        bounded(median * Math.exp(DEVIATIONS * sigma)));
            }
            default -> {
                if (parts.length > 1) {
                    throw CommandFailure.usage(option + " '" + text + "' is no length; " + FORMS);
                }
                yield of(whole(option, text, parts[0], least));
            }
        };
    }

    int draw(SplittableRandom random) {
        return switch (shape) {
            case FIXED -> least;
            case UNIFORM -> random.nextInt(least, most + 1);
            case NORMAL, LOGNORMAL -> {
                int drawn;
                do {
                    double deviate = random.nextGaussian() * spread;
                    drawn = (int) Math.round(shape == Shape.NORMAL ? middle + deviate : middle * Math.exp(deviate));
                } while (drawn < least || drawn > most);
                yield drawn;
            }
        };
    }

    double mean() {
        return shape == Shape.LOGNORMAL ? middle * Math.exp(spread * spread / 2) : middle;
    }

    boolean isFixed() {
        return shape == Shape.FIXED;
    }

    /// As it would be written.
    String label() {
        return switch (shape) {
            case FIXED -> Integer.toString(least);
            case UNIFORM -> "uniform:" + least + ":" + most;
            case NORMAL -> String.format(Locale.ROOT, "normal:%.0f:%s", middle, plain(spread));
            case LOGNORMAL -> String.format(Locale.ROOT, "lognormal:%.0f:%s", middle, plain(spread));
        };
    }

    private static String plain(double value) {
        return value == Math.rint(value) ? String.format(Locale.ROOT, "%.0f", value) : Double.toString(value);
    }

    private static int bounded(double most) {
        return (int) Math.min(LONGEST, Math.ceil(most));
    }

    private static int whole(String option, String text, String part, int least) {
        int value;
        try {
            value = Integer.parseInt(part.strip());
        } catch (NumberFormatException e) {
            throw CommandFailure.usage(option + " '" + text + "' is no length; " + FORMS, e);
        }
        if (value < least) {
            throw CommandFailure.usage(option + " must be at least " + least + ", was " + value);
        }
        if (value > LONGEST) {
            throw CommandFailure.usage(option + " must be at most " + LONGEST + ", was " + value);
        }
        return value;
    }

    private static double number(String option, String text, String part) {
        try {
            double value = Double.parseDouble(part.strip());
            if (value >= 0 && value < Double.POSITIVE_INFINITY) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw CommandFailure.usage(option + " '" + text + "' is no length; " + FORMS, e);
        }
        throw CommandFailure.usage(option + " '" + text + "' has a spread below zero; " + FORMS);
    }
}
