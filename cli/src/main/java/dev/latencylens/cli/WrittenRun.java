package dev.latencylens.cli;

import dev.latencylens.clock.ClockAnchor;
import dev.latencylens.exchange.Tokenizer;
import dev.latencylens.provider.Prices;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.transport.Cpus;
import dev.latencylens.transport.Endpoint;
import dev.latencylens.transport.HttpVersion;
import dev.latencylens.transport.NetworkSettings;
import dev.latencylens.transport.ProxyServer;
import dev.latencylens.transport.Reuse;
import dev.latencylens.transport.SocketKind;
import dev.latencylens.transport.Stamps;
import dev.latencylens.transport.Timeouts;
import dev.latencylens.transport.TlsSettings;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A run as its `run.json` tells of it: as much of its plan as a report needs, the machine, the clock.
///
/// What the file does not hold is not asked for again: no prompt, no key, no certificate.
record WrittenRun(Plan plan, Environment environment, ClockAnchor clock) {

    /// @throws IllegalArgumentException where the file says something that this version does not know
    static WrittenRun of(JsonNode run) {
        JsonNode clock = run.path("clock");
        return new WrittenRun(
                plan(run.path("id").asString(""), run.path("plan")),
                environment(run.path("environment")),
                new ClockAnchor(
                        clock.path("monotonicStartNs").longValue(),
                        Instant.parse(clock.path("wallStart").asString("")),
                        clock.path("offsetUncertaintyNs").longValue()));
    }

    private static Plan plan(String id, JsonNode plan) {
        String url = plan.path("url").asString("");
        JsonNode network = plan.path("network");
        return new Plan(
                id,
                URI.create(url),
                plan.path("embeddedProvider").booleanValue(false),
                plan.path("dialect").asString(""),
                text(plan, "apiVersion"),
                plan.path("model").asString(""),
                null,
                plan.path("keySent").booleanValue(false) ? "a key" : null,
                List.of(),
                new Prompts(
                        new Prompts.Repeated("", plan.path("prompts").asString("")),
                        Lengths.parse(
                                "outputLengths", plan.path("outputLengths").asString("0"), 0),
                        0,
                        null),
                plan.path("stream").booleanValue(true),
                plan.path("includeUsage").booleanValue(true),
                plan.path("ignoreEos").booleanValue(false),
                text(plan, "extraBody"),
                null,
                LoadJson.read(plan.path("load")),
                LoadJson.readRetries(plan.path("retries")),
                LoadJson.readLimits(plan.path("limits")),
                new CircuitBreak.Limit(
                        plan.path("stopAfterFailures").intValue(0),
                        Duration.ofNanos(plan.path("stopAfterFailuresNs").longValue(0))),
                network(Target.endpoint(url), network),
                network.path("ioThreads").intValue(),
                cpus(network.path("ioCpus")),
                network.path("ioPriority").asString("").equals("realtime"),
                new Priming(
                        Duration.ofNanos(network.path("primingNs").longValue(1)),
                        network.path("primedUntilSettled").booleanValue(false)),
                texts(plan.path("labels")),
                plan.path("metrics")
                        .valueStream()
                        .map(name -> Metric.of(name.asString()))
                        .toList(),
                plan.path("percentiles")
                        .valueStream()
                        .map(name -> Percentile.parse(name.asString()))
                        .toList(),
                plan.path("percentilesAsked").booleanValue(false),
                plan.path("recorded").booleanValue(false),
                plan.path("lean").booleanValue(false),
                true,
                false,
                text(plan, "provider"),
                pricing(plan.path("pricing")),
                tokenizer(text(plan, "tokenizer")),
                plan.path("confidence").doubleValue(RunGrid.CONFIDENCE),
                Objectives.of(plan),
                plan.path("steadyOnly").booleanValue(false));
    }

    private static NetworkSettings network(Endpoint endpoint, JsonNode network) {
        return new NetworkSettings(
                endpoint,
                labelled(HttpVersion.values(), HttpVersion::label, network.path("http")),
                labelled(SocketKind.values(), SocketKind::label, network.path("transport")),
                network.path("ioWait").asString("").equals("spin"),
                labelled(Reuse.values(), Reuse::label, network.path("connectionReuse")),
                network.path("maxStreams").intValue(),
                new Timeouts(
                        Duration.ofNanos(network.path("connectTimeoutNs").longValue()),
                        Duration.ofNanos(network.path("firstByteTimeoutNs").longValue()),
                        Duration.ofNanos(network.path("silenceTimeoutNs").longValue()),
                        Duration.ofNanos(network.path("timeoutNs").longValue())),
                new TlsSettings(
                        null, null, null, !network.path("certificatesChecked").booleanValue(true)),
                proxy(text(network, "proxy")),
                labelled(Stamps.values(), Stamps::label, network.path("stamps")));
    }

    private static @Nullable ProxyServer proxy(@Nullable String shown) {
        if (shown == null) {
            return null;
        }
        int colon = shown.lastIndexOf(':');
        return new ProxyServer(shown.substring(0, colon), Integer.parseInt(shown.substring(colon + 1)), null, null);
    }

    private static @Nullable Cpus cpus(JsonNode numbers) {
        return numbers.isEmpty()
                ? null
                : Cpus.parse(numbers.valueStream().map(JsonNode::asString).collect(Collectors.joining(",")));
    }

    /// What each request cost stands in its line; only the table's name and date are looked up.
    private static Pricing pricing(JsonNode pricing) {
        String file = text(pricing, "file");
        Prices.Lookup lookup;
        Prices prices = Prices.builtIn();
        String model = text(pricing, "model");
        try {
            prices = file == null ? prices : Prices.read(Path.of(file));
            lookup = model == null
                    ? new Prices.Unknown(pricing.path("unknownBecause").asString(""))
                    : prices.find(text(pricing, "provider"), model);
        } catch (IllegalArgumentException gone) {
            lookup = new Prices.Unknown(String.valueOf(gone.getMessage()));
        }
        String table = pricing.path("table").asString("");
        if (model != null && !prices.name().equals(table)) {
            lookup = new Prices.Unknown("the run's prices were those of " + table + ", which are not here any more");
        }
        String maxCost = text(pricing, "maxCost");
        return new Pricing(
                file == null ? null : Path.of(file),
                prices,
                lookup,
                pricing.path("serviceTier").asString(""),
                pricing.has("monthlyRequests") ? pricing.path("monthlyRequests").longValue() : null,
                maxCost == null ? null : new BigDecimal(maxCost));
    }

    /// What it counted stands in the lines, so only its name is needed.
    private static @Nullable Tokenizer tokenizer(@Nullable String name) {
        return name == null
                ? null
                : new Tokenizer() {
                    @Override
                    public String name() {
                        return name;
                    }

                    @Override
                    public int[] ends(String text) {
                        throw new UnsupportedOperationException("a recorded run counts no tokens again");
                    }
                };
    }

    private static Environment environment(JsonNode environment) {
        return new Environment(
                environment.path("os").asString(""),
                environment.path("architecture").asString(""),
                environment.path("cpus").intValue(),
                environment.path("cpuModel").asString(""),
                environment.path("clockSource").asString(""),
                environment.path("governor").asString(""),
                environment.path("maxHeapBytes").longValue(),
                environment.path("java").asString(""));
    }

    private static <T> T labelled(T[] values, Function<T, String> label, JsonNode wanted) {
        return Arrays.stream(values)
                .filter(value -> label.apply(value).equals(wanted.asString("")))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown value " + wanted));
    }

    private static Map<String, String> texts(JsonNode members) {
        Map<String, String> texts = new LinkedHashMap<>();
        members.propertyStream()
                .forEach(member -> texts.put(member.getKey(), member.getValue().asString()));
        return texts;
    }

    private static @Nullable String text(JsonNode node, String member) {
        JsonNode value = node.get(member);
        return value == null || value.isNull() ? null : value.asString();
    }
}
