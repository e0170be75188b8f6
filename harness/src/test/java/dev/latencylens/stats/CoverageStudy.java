package dev.latencylens.stats;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// How often intervals cover, equal sides alarm and true changes are found, on data whose truth is known.
///
/// A trial depends on the study's seed, its own number and what is tried, so no two kinds of trial share data.
/// `main` runs the whole table once for each seed that it is given; `bench/coverage` calls it.
final class CoverageStudy {
    static final int TRIALS = 2_000;
    static final int PAIRS = 1_000;
    static final int CHANGES = 400;
    static final double LEVEL = 0.95;
    static final double ALPHA = 0.05;
    /// What a coverage may be: three standard deviations of [#TRIALS] trials around the level.
    static final double LEAST_COVERAGE = 0.935;

    static final double MOST_COVERAGE = 0.965;
    static final List<Percentile> PERCENTILES = List.of(Percentile.P50, Percentile.P90, Percentile.P99);
    private static final int PILOTS = 20;
    private final long seed;

    CoverageStudy(long seed) {
        this.seed = seed;
    }

    /// How many of so many trials did what is counted.
    record Count(int hits, int of) {
        double share() {
            return (double) hits / of;
        }
    }

    /// A change of 5 % of one percentile, looked for with as many requests on each side as pilots asked for.
    record Power(int requests, Count found) {}

    /// What is drawn again in every trial, and what is true of it.
    interface Population {
        String name();

        Sample sample(SplittableRandom random);

        double truth(double percent);
    }

    /// Latencies of requests, one after the other, in nanoseconds.
    enum Data implements Population {
        /// Independent, sigma 0.5; 2,000 requests.
        LOGNORMAL(2_000) {
            @Override
            long[] values(SplittableRandom random, int requests) {
                return IntStream.range(0, requests)
                        .mapToLong(_ -> lognormal(random.nextGaussian()))
                        .toArray();
            }

            @Override
            public double truth(double percent) {
                return lognormal(Probability.normalQuantile(percent / 100));
            }
        },
        /// Three of ten answers five times as slow, as behind a cache; 2,000 requests.
        BIMODAL(2_000) {
            @Override
            long[] values(SplittableRandom random, int requests) {
                return IntStream.range(0, requests)
                        .mapToLong(_ -> random.nextDouble() < 0.7
                                ? Math.round(MEDIAN_NS * Math.exp(0.3 * random.nextGaussian()))
                                : Math.round(5 * MEDIAN_NS * Math.exp(0.2 * random.nextGaussian())))
                        .toArray();
            }

            @Override
            public double truth(double percent) {
                double low = 1;
                double high = 100 * MEDIAN_NS;
                while (high - low > 1) {
                    double middle = (low + high) / 2;
                    double below = 0.7 * Probability.normal(Math.log(middle / MEDIAN_NS) / 0.3)
                            + 0.3 * Probability.normal(Math.log(middle / MEDIAN_NS / 5) / 0.2);
                    if (below < percent / 100) {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                return high;
            }
        },
        /// Lognormal, the logarithms autoregressive with a coefficient of 0.6; 4,000 requests.
        AUTOCORRELATED(4_000) {
            @Override
            long[] values(SplittableRandom random, int requests) {
                double state = random.nextGaussian();
                long[] values = new long[requests];
                for (int i = 0; i < requests; i++) {
                    values[i] = lognormal(state);
                    state = 0.6 * state + 0.8 * random.nextGaussian();
                }
                return values;
            }

            @Override
            public double truth(double percent) {
                return LOGNORMAL.truth(percent);
            }
        };

        private static final double MEDIAN_NS = 100e6;
        private final int requests;

        Data(int requests) {
            this.requests = requests;
        }

        abstract long[] values(SplittableRandom random, int requests);

        @Override
        public Sample sample(SplittableRandom random) {
            return Sample.of(values(random, requests));
        }

        int requests() {
            return requests;
        }

        private static long lognormal(double normal) {
            return Math.round(MEDIAN_NS * Math.exp(0.5 * normal));
        }
    }

    /// 200 answers of 30 gaps, which have an answer's own pace in common: half of the logarithms' variance.
    record GapsOfAnswers() implements Population {
        @Override
        public String name() {
            return "GAPS";
        }

        @Override
        public Sample sample(SplittableRandom random) {
            var answers = new ArrayList<long[]>();
            for (int i = 0; i < 200; i++) {
                double pace = random.nextGaussian();
                answers.add(IntStream.range(0, 30)
                        .mapToLong(_ -> Data.lognormal(Math.sqrt(0.5) * (pace + random.nextGaussian())))
                        .toArray());
            }
            return new Sample(answers);
        }

        @Override
        public double truth(double percent) {
            return Data.LOGNORMAL.truth(percent);
        }
    }

    /// 200 conversations of 2 to 8 turns with one value each, which have a conversation's own level in common:
    /// half of the logarithms' variance. Eight are held at a time, so that their turns alternate.
    record TurnsOfConversations() implements Population {
        private static final int USERS = 8;

        @Override
        public String name() {
            return "TURNS";
        }

        @Override
        public Sample sample(SplittableRandom random) {
            return sample(random, true);
        }

        /// @param together whether the sample is to know which turns belong together
        Sample sample(SplittableRandom random, boolean together) {
            var turns = new ArrayList<long[]>();
            var conversations = new ArrayList<Long>();
            double[] levels = new double[USERS];
            int[] left = new int[USERS];
            long[] numbers = new long[USERS];
            long begun = 0;
            for (int turn = 0; begun < 200 || Arrays.stream(left).anyMatch(each -> each > 0); turn++) {
                int user = turn % USERS;
                if (left[user] == 0) {
                    if (begun == 200) {
                        continue;
                    }
                    levels[user] = random.nextGaussian();
                    left[user] = random.nextInt(2, 9);
                    numbers[user] = begun++;
                }
                left[user]--;
                turns.add(new long[] {Data.lognormal(Math.sqrt(0.5) * (levels[user] + random.nextGaussian()))});
                conversations.add(numbers[user]);
            }
            return together
                    ? Sample.ofTurns(
                            turns,
                            conversations.stream().mapToLong(Long::longValue).toArray())
                    : new Sample(turns);
        }

        @Override
        public double truth(double percent) {
            return Data.LOGNORMAL.truth(percent);
        }
    }

    /// How often the interval of each of [#PERCENTILES] holds the truth.
    List<Count> coverage(Population population) {
        return PERCENTILES.stream()
                .map(percentile -> {
                    double truth = population.truth(percentile.percent());
                    return count(
                            "coverage " + population.name(),
                            TRIALS,
                            trial -> population
                                    .sample(new SplittableRandom(trial))
                                    .estimate(percentile)
                                    .orElseThrow()
                                    .interval(LEVEL)
                                    .contains(truth));
                })
                .toList();
    }

    /// Equal sides of half as many requests, and all that a comparison tells of one metric: three percentiles and
    /// both tests, corrected for being five.
    Count alarms(Data data) {
        return count("alarms " + data, PAIRS, trial -> {
            var random = new SplittableRandom(trial);
            return differs(
                    Sample.of(data.values(random, data.requests / 2)),
                    Sample.of(data.values(random, data.requests / 2)));
        });
    }

    /// Twenty pilots say how many requests a change of 5 % needs; of so many it is looked for.
    Power power(Data data, Percentile percentile) {
        String tried = "power " + data + percentile.label();
        int requests = (int) Arrays.stream(trials("pilot of " + tried, PILOTS))
                .map(trial -> {
                    var random = new SplittableRandom(trial);
                    return data.requests
                            + compare(data.sample(random), data.sample(random), percentile)
                                    .more(0.05);
                })
                .average()
                .orElseThrow();
        return new Power(requests, count(tried, CHANGES, trial -> {
            var random = new SplittableRandom(trial);
            Sample a = Sample.of(data.values(random, requests));
            Sample b = Sample.of(slower(data.values(random, requests)));
            return compare(a, b, percentile).pValue() <= ALPHA;
        }));
    }

    private Count count(String tried, int times, LongPredicate hits) {
        return new Count(
                (int) Arrays.stream(trials(tried, times))
                        .parallel()
                        .filter(hits)
                        .count(),
                times);
    }

    /// The seeds of these trials.
    private long[] trials(String tried, int times) {
        return new SplittableRandom(seed ^ ((long) tried.hashCode() << 32))
                .longs(times)
                .toArray();
    }

    private static boolean differs(Sample a, Sample b) {
        double[] pValues = new double[PERCENTILES.size() + 2];
        for (int i = 0; i < PERCENTILES.size(); i++) {
            pValues[i] = compare(a, b, PERCENTILES.get(i)).pValue();
        }
        pValues[pValues.length - 2] = MannWhitney.of(a, b).pValue();
        pValues[pValues.length - 1] = KolmogorovSmirnov.of(a, b).pValue();
        return Arrays.stream(Holm.adjusted(pValues)).anyMatch(p -> p <= ALPHA);
    }

    private static long[] slower(long[] values) {
        return Arrays.stream(values).map(value -> Math.round(1.05 * value)).toArray();
    }

    private static Comparison compare(Sample a, Sample b, Percentile percentile) {
        return Comparison.of(
                a.estimate(percentile).orElseThrow(), b.estimate(percentile).orElseThrow(), LEVEL, ALPHA);
    }

    /// Prints the table as Markdown, a block of rows for each seed, and how many coverages lie outside the band.
    public static void main(String... seeds) {
        System.out.println("| seed | data | p50 | p90 | p99 | alarms of " + PAIRS + " | found: p50, p90 |");
        System.out.println("|--:|---|--:|--:|--:|--:|---|");
        int cells = 0;
        int outside = 0;
        long startNs = System.nanoTime();
        for (String seed : seeds) {
            var study = new CoverageStudy(Long.parseLong(seed));
            for (Population population : Stream.concat(
                            Arrays.stream(Data.values()), Stream.of(new GapsOfAnswers(), new TurnsOfConversations()))
                    .toList()) {
                var row = new StringBuilder(
                        "| " + seed + " | " + population.name().toLowerCase(Locale.ROOT) + " |");
                for (Count covered : study.coverage(population)) {
                    cells++;
                    outside += covered.share() < LEAST_COVERAGE || covered.share() > MOST_COVERAGE ? 1 : 0;
                    row.append(String.format(Locale.ROOT, " %.2f %% |", 100 * covered.share()));
                }
                if (population instanceof Data data) {
                    Power p50 = study.power(data, Percentile.P50);
                    Power p90 = study.power(data, Percentile.P90);
                    row.append(String.format(
                            Locale.ROOT,
                            " %d | %.1f %% of %d requests, %.1f %% of %d |",
                            study.alarms(data).hits(),
                            100 * p50.found().share(),
                            p50.requests(),
                            100 * p90.found().share(),
                            p90.requests()));
                } else {
                    row.append(" | |");
                }
                System.out.println(row);
            }
        }
        System.out.printf(
                Locale.ROOT,
                "%n%d of %d coverages lie outside %.1f to %.1f %%. %d seeds, %d s.%n",
                outside,
                cells,
                100 * LEAST_COVERAGE,
                100 * MOST_COVERAGE,
                seeds.length,
                Duration.ofNanos(System.nanoTime() - startNs).toSeconds());
    }
}
