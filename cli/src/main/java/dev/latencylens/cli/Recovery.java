package dev.latencylens.cli;

import dev.latencylens.audit.Caveat;
import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Outcome;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.Retry;
import dev.latencylens.exchange.TcpPath;
import dev.latencylens.exchange.Turn;
import dev.latencylens.exchange.Usage;
import dev.latencylens.exchange.WrittenExchange;
import dev.latencylens.provider.CostSummary;
import dev.latencylens.stats.Summary;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What a run had written when it broke off, brought into the same [Summary] that a run feeds.
///
/// Every line is read at most once: those of exchanges that were there already are left out, as is a last line
/// without its end. A request that was to be tried again when the run broke off came to what its last attempt did.
///
/// @param exchanges requests, those for warm-up included, however often they were tried
/// @param missing numbers below the highest that are not there: in flight, not begun, or not written
/// @param wholeBytes where the last whole line ends
record Recovery(
        Summary summary,
        CostSummary costs,
        long exchanges,
        long missing,
        long wholeBytes,
        Caveat.LinesDropped dropped) {
    private static final int READ_BYTES = 1 << 16;

    /// @param file `exchanges.jsonl`
    /// @param startNs what its instants count from
    /// @param repeatsAnswers whether later turns of conversations repeated what the server had answered
    /// @param cutAtNs what started before is taken for warm-up, counted as in the file; [SteadyPart#NOTHING] for
    /// none
    static Recovery of(Path file, long startNs, boolean repeatsAnswers, CostSummary costs, long cutAtNs)
            throws IOException {
        var reading = new Reading(startNs, repeatsAnswers, costs, new SteadyPart.Cut(cutAtNs));
        try (var in = new BufferedInputStream(Files.newInputStream(file), READ_BYTES)) {
            return reading.all(in);
        }
    }

    /// The same, of a file from which so many bytes of a torn last line were cut off before.
    Recovery afterTorn(long bytes) {
        var all = new Caveat.LinesDropped(dropped.tornBytes() + bytes, dropped.unreadable(), dropped.repeated());
        return new Recovery(summary, costs, exchanges, missing, wholeBytes, all);
    }

    /// Whether anything that stands in the file is not among the figures.
    boolean isPartial() {
        return dropped.tornBytes() + dropped.unreadable() + dropped.repeated() > 0;
    }

    private static final class Reading {
        private static final Moment[] MOMENTS = Moment.values();

        private final long startNs;
        private final boolean repeatsAnswers;
        private final CostSummary costs;
        private final SteadyPart.Cut cut;
        private final Summary summary = new Summary();
        private final JsonMapper mapper = JsonMapper.shared();
        private final Set<String> seen = new HashSet<>();
        /// What the last attempt came to, of requests that failed so far, by the id of their first one.
        private final Map<String, Outcome> failed = new HashMap<>();
        private long requests;
        private long highest = -1;
        private long wholeBytes;
        private long unreadable;
        private long repeated;

        Reading(long startNs, boolean repeatsAnswers, CostSummary costs, SteadyPart.Cut cut) {
            this.startNs = startNs;
            this.repeatsAnswers = repeatsAnswers;
            this.costs = costs;
            this.cut = cut;
        }

        Recovery all(InputStream in) throws IOException {
            var line = new ByteArrayOutputStream(READ_BYTES);
            for (int next = in.read(); next >= 0; next = in.read()) {
                if (next != '\n') {
                    line.write(next);
                    continue;
                }
                wholeBytes += line.size() + 1;
                add(line.toByteArray());
                line.reset();
            }
            return new Recovery(
                    summary,
                    costs,
                    requests,
                    highest + 1 - requests,
                    wholeBytes,
                    new Caveat.LinesDropped(line.size(), unreadable, repeated));
        }

        private void add(byte[] line) {
            JsonNode json;
            ExchangeResult result;
            Optional<BigDecimal> cost;
            try {
                json = mapper.readTree(line);
                result = exchange(json);
                cost = Optional.ofNullable(json.get("cost"))
                        .map(JsonNode::asString)
                        .map(BigDecimal::new);
            } catch (JacksonException | IllegalArgumentException notOurs) {
                unreadable++;
                return;
            }
            if (!seen.add(result.exchange().id())) {
                repeated++;
                return;
            }
            String first = json.path("retryOf").asString(result.exchange().id());
            if (result.outcome().isAnswered()) {
                failed.remove(first);
            } else {
                failed.put(first, result.outcome());
            }
            requests += result.exchange().retry() == null ? 1 : 0;
            highest = Math.max(highest, result.exchange().number());
            summary.add(result);
            costs.add(result, cost);
        }

        private ExchangeResult exchange(JsonNode json) {
            var recorded = new WrittenExchange();
            for (Moment moment : MOMENTS) {
                JsonNode at = json.get(moment.label() + "AtNs");
                if (at != null) {
                    recorded.at(moment, startNs + at.longValue());
                }
            }
            JsonNode throttleNs = json.get("throttleNs");
            if (throttleNs != null) {
                recorded.throttled(throttleNs.longValue());
            }
            Turn turn = turn(json);
            if (repeatsAnswers && turn != null && !turn.isLast()) {
                recorded.keepAnswer();
            }
            chunks(json.required("chunks"), recorded);
            return recorded.ended(
                    json.required("number").longValue(),
                    json.path("retryOf").asString(json.required("id").asString()),
                    cut.covers(json) || json.required("warmup").booleanValue(),
                    turn,
                    retry(json),
                    new Outcome(
                            Outcome.Kind.of(json.required("outcome").asString()),
                            json.path("outcomeDetail").asString(""),
                            json.path("errorCode").asString("")),
                    connection(json),
                    path(json.get("tcp")),
                    head(json),
                    completion(json),
                    json.required("bodyBytes").longValue());
        }

        private static @Nullable Turn turn(JsonNode json) {
            return json.has("conversation")
                    ? new Turn(
                            json.required("conversation").longValue(),
                            json.required("turn").intValue(),
                            json.required("turns").intValue())
                    : null;
        }

        /// Null for a first attempt. Without the line of the attempt before there is nothing that a retry could
        /// take the place of, so it then stands for its request as if it were the first.
        private @Nullable Retry retry(JsonNode json) {
            Outcome after = failed.get(json.path("retryOf").asString(""));
            return after == null
                    ? null
                    : new Retry(
                            json.required("attempt").intValue(),
                            json.required("retryOf").asString(),
                            after,
                            0,
                            startNs + json.required("retryDueAtNs").longValue(),
                            json.required("retryWaitNs").longValue(),
                            json.required("retryWaitBy").asString());
        }

        private void chunks(JsonNode chunks, WrittenExchange recorded) {
            JsonNode atNs = chunks.required("atNs");
            JsonNode userAtNs = chunks.required("userAtNs");
            JsonNode kind = chunks.required("kind");
            JsonNode tokens = chunks.required("tokens");
            JsonNode bytes = chunks.required("bytes");
            for (int i = 0; i < atNs.size(); i++) {
                recorded.chunk(
                        startNs + atNs.get(i).longValue(),
                        startNs + userAtNs.required(i).longValue(),
                        ChunkKind.of(kind.required(i).asString()),
                        tokens.required(i).isNull()
                                ? ChunkSink.UNKNOWN_TOKENS
                                : tokens.get(i).intValue(),
                        bytes.required(i).intValue());
            }
            if (chunks.path("tokensBy").asString("").equals(ExchangeFile.TOKENIZER)) {
                recorded.countedByTokenizer();
            }
        }

        private static @Nullable ConnectionFacts connection(JsonNode json) {
            JsonNode kind = json.get("connection");
            return kind == null
                    ? null
                    : new ConnectionFacts(
                            json.path("connectionNumber").longValue(),
                            ConnectionFacts.Kind.of(kind.asString()),
                            json.path("httpVersion").asString(""),
                            json.path("remoteAddress").asString(""),
                            tls(json.get("tls")));
        }

        private static ConnectionFacts.@Nullable Tls tls(@Nullable JsonNode tls) {
            return tls == null
                    ? null
                    : new ConnectionFacts.Tls(
                            tls.path("version").asString(""),
                            tls.path("cipher").asString(""),
                            tls.path("alpn").asString(""),
                            tls.path("resumed").booleanValue(false),
                            tls.path("implementation").asString(""),
                            tls.path("verified").booleanValue(false));
        }

        private static @Nullable TcpPath path(@Nullable JsonNode tcp) {
            return tcp == null
                    ? null
                    : new TcpPath(
                            tcp.path("earlierAttemptsNs").longValue(0),
                            tcp.path("handshakeRttNs").longValue(TcpPath.UNKNOWN),
                            tcp.path("rttNs").longValue(),
                            tcp.path("retransmits").longValue());
        }

        private static @Nullable ResponseHead head(JsonNode json) {
            JsonNode status = json.get("status");
            return status == null
                    ? null
                    : new ResponseHead(
                            status.intValue(),
                            json.path("headers")
                                    .propertyStream()
                                    .map(field -> Header.of(
                                            field.getKey(), field.getValue().asString()))
                                    .toList());
        }

        private static Completion completion(JsonNode json) {
            boolean terminated = json.path("outcome").asString("").equals(Outcome.Kind.COMPLETED.label());
            Map<String, Long> timingsNs = new LinkedHashMap<>();
            json.path("serverTimingsNs")
                    .propertyStream()
                    .forEach(timing ->
                            timingsNs.put(timing.getKey(), timing.getValue().longValue()));
            return new Completion(
                    json.path("finishReasons")
                            .valueStream()
                            .map(JsonNode::asString)
                            .toList(),
                    terminated,
                    terminated,
                    usage(json.get("usage")),
                    null,
                    null,
                    json.path("toolCalls").intValue(0),
                    timingsNs);
        }

        private static @Nullable Usage usage(@Nullable JsonNode usage) {
            if (usage == null) {
                return null;
            }
            Long input = tokens(usage.get("input_total"));
            Long cachedRead = tokens(usage.get("cached_read"));
            Long cacheWrite = tokens(usage.get("cache_write"));
            Long output = tokens(usage.get("output_total"));
            Long reasoning = tokens(usage.get("reasoning"));
            return new Usage(
                    input,
                    cachedRead,
                    cacheWrite,
                    tokens(usage.get("cache_write_hour")),
                    output,
                    reasoning,
                    new Usage.Reported(input, output, cachedRead, cacheWrite, reasoning),
                    "");
        }

        private static @Nullable Long tokens(@Nullable JsonNode count) {
            return count == null ? null : count.longValue();
        }
    }
}
