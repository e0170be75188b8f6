package dev.latencylens.cli;

import static dev.latencylens.cli.Flags.named;

import org.jspecify.annotations.Nullable;

/// The flags that make several runs of one command.
final class RepeatOptions {
    /// Runs that are made in the hope of convergence, unless said otherwise.
    private static final int MOST_RUNS = 20;

    private @Nullable Integer runs;
    private @Nullable Double converge;

    void declare(Flags flags) {
        flags.add(
                named("--runs")
                        .paramLabel("N")
                        .description(
                                "make N runs (default 1; with --converge at most so many, 20), each in a Java and with connections"
                                        + " of its own; the table at the end tells how they spread"),
                Integer.class,
                value -> runs = value);
        flags.add(
                named("--converge")
                        .paramLabel("PERCENT")
                        .description(
                                "make runs until half of the 95 %% interval of the mean of ttft's p50 is below so many percent of"
                                        + " it, from the third on (default: make all)"),
                Double.class,
                value -> converge = value);
    }

    int times() {
        if (runs != null) {
            RunCommand.atLeast("--runs", runs, 1);
            return runs;
        }
        return converge == null ? 1 : MOST_RUNS;
    }

    /// As a share; null to make all runs.
    @Nullable
    Double converge() {
        if (converge == null) {
            return null;
        }
        if (!(converge > 0 && converge < 100)) {
            throw CommandFailure.usage("--converge takes a percentage above 0 and below 100, was " + converge);
        }
        if (times() < 3) {
            throw CommandFailure.usage("--converge needs at least 3 --runs, was " + runs);
        }
        return converge / 100;
    }
}
