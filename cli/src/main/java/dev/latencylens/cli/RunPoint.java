package dev.latencylens.cli;

import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.stats.Proportion;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// What one run of several came to, as its files tell.
record RunPoint(Path folder, JsonNode run) {
    private static final double NS_PER_S = 1e9;

    static RunPoint read(Path folder) {
        return new RunPoint(folder, RunSamples.runFile(folder));
    }

    /// Requests that met the objectives, null where none were asked for.
    @Nullable
    Proportion good() {
        JsonNode goodput = run.at("/summary/goodput");
        return goodput.isObject()
                ? new Proportion(
                        goodput.path("good").asLong(), goodput.path("measured").asLong())
                : null;
    }

    /// By how much less its requests tell of being good than as many independent ones; 1 where none was judged.
    double dependence() {
        return Math.max(1, run.at("/summary/goodput/dependence").asDouble(1));
    }

    String verdict() {
        return run.at("/verdict/state").asString("");
    }

    long measured() {
        return run.at("/summary/measured").asLong();
    }

    long answered() {
        return run.at("/summary/answered").asLong();
    }

    /// What this client cancelled is not among them.
    long failed() {
        return measured() - answered() - run.at("/summary/outcomes/cancelled").asLong(0);
    }

    double answersPerSecond() {
        JsonNode told = run.at("/summary/rates/answers_per_second");
        return told.isNumber() ? told.asDouble() : answered() / seconds();
    }

    double tokensPerSecond() {
        JsonNode told = run.at("/summary/rates/output_tps");
        return told.isNumber()
                ? told.asDouble()
                : run.at("/summary/tokens/output_total").asLong() / seconds();
    }

    /// Good requests per second, the rate that counts: failures and slow answers are in its time and not in its
    /// number.
    double goodput() {
        Proportion good = good();
        JsonNode told = run.at("/summary/goodput/goodput");
        return good == null ? Double.NaN : told.isNumber() ? told.asDouble() : good.good() / seconds();
    }

    /// In nanoseconds; absent below the percentile's floor.
    OptionalDouble percentile(Metric metric, Percentile percentile) {
        JsonNode value = run.at("/summary/metrics/" + metric.label() + "/percentiles/" + percentile.label());
        return value.isNumber() ? OptionalDouble.of(value.asDouble()) : OptionalDouble.empty();
    }

    /// In nanoseconds; absent where there was no sample.
    OptionalDouble mean(Metric metric) {
        JsonNode value = run.at("/summary/metrics/" + metric.label() + "/mean");
        return value.isNumber() ? OptionalDouble.of(value.asDouble()) : OptionalDouble.empty();
    }

    private double seconds() {
        return run.at("/summary/windowNs").asLong() / NS_PER_S;
    }
}
