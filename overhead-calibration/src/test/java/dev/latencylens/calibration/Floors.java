package dev.latencylens.calibration;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What a token event may cost: `jmh-results/floors.json`, ratios to a control measured beside it.
///
/// @param allowance how many times its floor a ratio may be
record Floors(String control, double allowance, List<Floor> floors) {
    private static final JsonMapper JSON = JsonMapper.shared();

    /// @param ratio to the control's time
    /// @param bytes what it may allocate an event, whole objects; absent where that is not held
    record Floor(String benchmark, Map<String, String> params, double ratio, Optional<Double> bytes) {
        /// For example `WholeWay.tokenEvent wire=HTTP_2`.
        String name() {
            var name = new StringBuilder(benchmark);
            params.forEach(
                    (key, value) -> name.append(' ').append(key).append('=').append(value));
            return name.toString();
        }

        /// What is wrong with these figures, or empty if nothing is.
        Optional<String> broken(double measuredRatio, double measuredBytes, double allowance) {
            if (measuredRatio > ratio * allowance) {
                return Optional.of(String.format(
                        java.util.Locale.ROOT,
                        "%s takes %.2f times its control, the floor is %.2f and %.2f is allowed",
                        name(),
                        measuredRatio,
                        ratio,
                        ratio * allowance));
            }
            // Whatever is allocated an event is at least an object of 16 bytes; less than one is the JVM's own
            // doing.
            if (bytes.isPresent() && measuredBytes >= bytes.get() + 1) {
                return Optional.of(String.format(
                        java.util.Locale.ROOT,
                        "%s allocates %.1f B an event, %.1f is allowed",
                        name(),
                        measuredBytes,
                        bytes.get()));
            }
            return Optional.empty();
        }
    }

    /// @param cpuinfo the lines of /proc/cpuinfo: on another CPU than that of the floors more is allowed, because
    /// ratios differ between CPUs
    static Floors read(Path file, List<String> cpuinfo) {
        JsonNode json = JSON.readTree(file.toFile());
        var floors = new ArrayList<Floor>();
        for (JsonNode floor : json.path("floors").values()) {
            var params = new TreeMap<String, String>();
            floor.path("params").forEachEntry((key, value) -> params.put(key, value.asString()));
            floors.add(new Floor(
                    floor.path("benchmark").asString(),
                    params,
                    floor.path("ratio").asDouble(),
                    floor.has("bytes") ? Optional.of(floor.path("bytes").asDouble()) : Optional.empty()));
        }
        return new Floors(
                json.path("control").asString(),
                json.path(json.path("cpu").asString().equals(cpu(cpuinfo)) ? "allowance" : "allowanceElsewhere")
                        .asDouble(),
                floors);
    }

    /// For example `AMD EPYC, family 25, model 17`.
    static String cpu(List<String> cpuinfo) {
        return value(cpuinfo, "model name") + ", family " + value(cpuinfo, "cpu family") + ", model "
                + value(cpuinfo, "model");
    }

    private static String value(List<String> cpuinfo, String key) {
        return cpuinfo.stream()
                .map(line -> line.split(":", 2))
                .filter(line -> line.length == 2 && line[0].strip().equals(key))
                .map(line -> line[1].strip())
                .findFirst()
                .orElse("?");
    }
}
