package dev.latencylens.load;

import dev.latencylens.stats.Probability;
import java.util.SplittableRandom;

/// How the gaps between requests spread around their mean.
///
/// Drawn ahead, on the feeder's thread, and always the same for the same seed on every machine.
public sealed interface Gaps {
    /// A new sequence of them.
    Passed passed();

    /// When each request is due, counted in mean gaps.
    @FunctionalInterface
    interface Passed {
        double next();
    }

    /// Gaps drawn at random, so that their distribution can be tested.
    sealed interface Random extends Gaps permits Exponential, Gamma {
        /// The share of gaps that are no longer than this, in mean gaps.
        double cdf(double gap);

        long seed();

        /// One gap, with a mean of 1.
        double draw(SplittableRandom random);

        @Override
        default Passed passed() {
            return new Passed() {
                private final SplittableRandom random = new SplittableRandom(seed());
                private double sum;

                @Override
                public double next() {
                    sum += draw(random);
                    return sum;
                }
            };
        }
    }

    /// All alike. The first request is due at once.
    record Equal() implements Gaps {
        @Override
        public Passed passed() {
            return new Passed() {
                private long number;

                @Override
                public double next() {
                    return number++;
                }
            };
        }
    }

    /// The gaps of a Poisson process: many independent users who know nothing of each other.
    record Exponential(long seed) implements Random {
        @Override
        public double cdf(double gap) {
            return -Math.expm1(-gap);
        }

        @Override
        public double draw(SplittableRandom random) {
            return -StrictMath.log1p(-random.nextDouble());
        }
    }

    /// Gaps by a gamma distribution, as vLLM's `--burstiness` has them: the shape, with the mean kept. Shape 1 is
    /// a Poisson process, a smaller one comes in bursts, a larger one is more even.
    record Gamma(double shape, long seed) implements Random {
        /// Shapes beyond which all gaps are next to nothing but one, or all alike.
        private static final double LEAST = 0.01;

        private static final double MOST = 10_000;

        public Gamma {
            if (!(shape >= LEAST && shape <= MOST)) {
                throw new IllegalArgumentException("burstiness must be between 0.01 and 10000, was " + shape);
            }
        }

        @Override
        public double cdf(double gap) {
            return 1 - Probability.gammaTail(shape, shape * gap);
        }

        /// G. Marsaglia and W. W. Tsang, A Simple Method for Generating Gamma Variables, ACM TOMS 26 (2000), with
        /// their section 6 for shapes below 1.
        @Override
        public double draw(SplittableRandom random) {
            double boosted = shape < 1 ? shape + 1 : shape;
            double d = boosted - 1.0 / 3;
            double c = 1 / Math.sqrt(9 * d);
            while (true) {
                double x = normal(random);
                double root = 1 + c * x;
                double v = root * root * root;
                double u = 1 - random.nextDouble();
                if (v > 0 && StrictMath.log(u) < 0.5 * x * x + d - d * v + d * StrictMath.log(v)) {
                    double boost = shape < 1 ? StrictMath.pow(1 - random.nextDouble(), 1 / shape) : 1;
                    return d * v * boost / shape;
                }
            }
        }
    }

    /// By Box and Muller, because how Java draws its own may change with its version.
    static double normal(SplittableRandom random) {
        double radius = Math.sqrt(-2 * StrictMath.log1p(-random.nextDouble()));
        return radius * StrictMath.cos(2 * Math.PI * random.nextDouble());
    }
}
