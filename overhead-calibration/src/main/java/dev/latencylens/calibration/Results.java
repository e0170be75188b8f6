package dev.latencylens.calibration;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Results of benchmarks as JMH writes them (`-rf json`).
record Results(List<Result> all) {
    private static final JsonMapper JSON = JsonMapper.shared();

    /// One benchmark with one set of parameters.
    ///
    /// @param name class and method, for example `WholeWay.tokenEvent`
    record Result(String name, Map<String, String> params, JsonNode json) {
        String param(String key) {
            return params.getOrDefault(key, "");
        }

        /// Nanoseconds an operation, the mean.
        double meanNs() {
            return json.path("primaryMetric").path("score").asDouble();
        }

        /// Nanoseconds an operation in the best iteration of all forks: whatever disturbed the others only slowed
        /// them.
        double bestNs() {
            double best = Double.POSITIVE_INFINITY;
            for (JsonNode fork : json.path("primaryMetric").path("rawData").values()) {
                for (JsonNode iteration : fork.values()) {
                    best = Math.min(best, iteration.asDouble());
                }
            }
            return best;
        }

        /// Half the width of JMH's 99.9 % confidence interval of it; not a number where there is one iteration.
        double errorNs() {
            return json.path("primaryMetric").path("scoreError").asDouble(Double.NaN);
        }

        double percentileNs(String percent) {
            return json.path("primaryMetric")
                    .path("scorePercentiles")
                    .path(percent)
                    .asDouble();
        }

        /// Of a benchmark that samples each operation.
        long samples() {
            long samples = 0;
            for (JsonNode fork :
                    json.path("primaryMetric").path("rawDataHistogram").values()) {
                for (JsonNode iteration : fork.values()) {
                    for (JsonNode valueAndCount : iteration.values()) {
                        samples += valueAndCount.path(1).asLong();
                    }
                }
            }
            return samples;
        }

        /// A profiler's or counter's figure, by the end of its name.
        Optional<Double> secondary(String nameEnd) {
            for (Map.Entry<String, JsonNode> metric :
                    json.path("secondaryMetrics").properties()) {
                if (metric.getKey().endsWith(nameEnd)) {
                    return Optional.of(metric.getValue().path("score").asDouble());
                }
            }
            return Optional.empty();
        }

        /// What the I/O thread allocated a token event where that was counted, else what the JVM did an operation.
        Optional<Double> allocatedBytes() {
            Optional<Double> events = secondary("tokenEvents");
            return events.isPresent()
                    ? secondary("allocatedBytes").map(bytes -> bytes / events.get())
                    : secondary("gc.alloc.rate.norm");
        }
    }

    static Results read(List<Path> files) {
        var all = new ArrayList<Result>();
        for (Path file : files) {
            for (JsonNode json : JSON.readTree(file.toFile()).values()) {
                String[] name = json.path("benchmark").asString().split("\\.", -1);
                var params = new TreeMap<String, String>();
                json.path("params").forEachEntry((key, value) -> params.put(key, value.asString()));
                all.add(new Result(name[name.length - 2] + "." + name[name.length - 1], params, json));
            }
        }
        return new Results(all);
    }

    List<Result> of(String name) {
        return all.stream().filter(result -> result.name().equals(name)).toList();
    }
}
