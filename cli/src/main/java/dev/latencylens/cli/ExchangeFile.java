package dev.latencylens.cli;

import dev.latencylens.clock.ClockAnchor;
import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Chunks;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.Retry;
import dev.latencylens.exchange.TcpPath;
import dev.latencylens.exchange.Timeline;
import dev.latencylens.exchange.Turn;
import dev.latencylens.exchange.Usage;
import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// `exchanges.jsonl`: a line for each exchange as it ends, documented in docs/schema/exchange.schema.json.
///
/// Lines are written on the interpreter's thread into a buffer that is reused, and leave it together, so that a
/// process that dies loses what came after the last [#flush], and no more; of the last line a part may be left.
/// While the process lives it holds a lock on the file, by which others know that. Instants count from the
/// clock's `monotonicStartNs`.
final class ExchangeFile implements AutoCloseable {
    /// A buffer of this size goes to the file at once; less waits for [#flush].
    private static final int FULL_BYTES = 1 << 16;

    /// Response fields that are kept: what tells of limits, of the server's own timing and of its own name for the
    /// request.
    private static final Set<String> KEPT_FIELDS = Set.of(
            "retry-after",
            "retry-after-ms",
            "x-should-retry",
            "x-request-id",
            "request-id",
            "apim-request-id",
            "x-amzn-requestid",
            "x-debug-trace-id",
            "mistral-correlation-id",
            "server-timing",
            "openai-processing-ms",
            "x-envoy-upstream-service-time",
            "cmp-upstream-response-duration",
            "ms-azureml-model-time",
            "x-kong-upstream-latency",
            "x-kong-proxy-latency",
            "x-compute-time",
            "x-total-time",
            "x-queue-time",
            "x-inference-time",
            "x-time-per-token");

    /// The beginnings of more such names.
    private static final List<String> KEPT_FAMILIES =
            List.of("x-ratelimit-", "anthropic-ratelimit-", "x-amzn-bedrock-");

    /// Who counted the tokens of chunks, where it was not the provider.
    static final String TOKENIZER = "tokenizer";

    /// A longer usage object is not kept as it came.
    private static final int MOST_USAGE_CHARACTERS = 4096;

    private static final Moment[] MOMENTS = Moment.values();
    private static final String[] MOMENT_NAMES =
            Arrays.stream(MOMENTS).map(moment -> moment.label() + "AtNs").toArray(String[]::new);
    private static final String[] KIND_NAMES =
            Arrays.stream(ChunkKind.values()).map(ChunkKind::label).toArray(String[]::new);

    private final String file;
    private final long startNs;
    private final Secrets secrets;
    private final OutputStream out;
    /// Null where there is no file to lock and to cut.
    private final @Nullable FileChannel channel;
    /// What is in the file, all of it whole lines.
    private long flushedBytes;
    /// Why nothing more can be written; what was lost then is not tried again, or half of it would be there twice.
    private @Nullable UncheckedIOException failure;

    private final ByteArrayOutputStream buffer = new ByteArrayOutputStream(2 * FULL_BYTES);
    private final JsonGenerator json;

    ExchangeFile(Path file, ClockAnchor clock, Secrets secrets) throws IOException {
        this(file.toString(), new FileOutputStream(file.toFile()), clock, secrets);
    }

    private ExchangeFile(String file, FileOutputStream out, ClockAnchor clock, Secrets secrets) throws IOException {
        this(file, out, out.getChannel(), clock, secrets);
        out.getChannel().tryLock();
    }

    /// @param file what messages call the stream
    ExchangeFile(String file, OutputStream out, ClockAnchor clock, Secrets secrets) {
        this(file, out, null, clock, secrets);
    }

    private ExchangeFile(
            String file, OutputStream out, @Nullable FileChannel channel, ClockAnchor clock, Secrets secrets) {
        this.channel = channel;
        this.file = file;
        this.startNs = clock.monotonicStartNs();
        this.secrets = secrets;
        this.out = out;
        this.json = JsonFactory.builder()
                .rootValueSeparator("")
                .build()
                .createGenerator(ObjectWriteContext.empty(), buffer);
    }

    /// @param cost in US dollars, absent where it is not known
    synchronized void write(ExchangeResult result, Optional<BigDecimal> cost) {
        json.writeStartObject();
        json.writeStringProperty("id", result.exchange().id());
        json.writeNumberProperty("number", result.exchange().number());
        json.writeBooleanProperty("warmup", result.exchange().isWarmup());
        turn(result.exchange().turn());
        attempt(result.exchange());
        json.writeStringProperty("outcome", result.outcome().kind().label());
        if (!result.outcome().detail().isEmpty()) {
            json.writeStringProperty(
                    "outcomeDetail", secrets.redact(result.outcome().detail()));
        }
        if (!result.outcome().code().isEmpty()) {
            json.writeStringProperty(
                    "errorCode", secrets.redact(result.outcome().code()));
        }
        if (result.exchange().throttleNs() != Exchange.NOT_LIMITED) {
            json.writeNumberProperty("throttleNs", result.exchange().throttleNs());
        }
        instants(result.timeline());
        connection(result.connection());
        path(result.path());
        head(result.head());
        completion(result);
        cost.ifPresent(this::cost);
        chunks(result.timeline().chunks());
        json.writeEndObject();
        json.writeRaw('\n');
        json.flush();
        if (failure != null || buffer.size() >= FULL_BYTES) {
            flush();
        }
    }

    /// Hands every line written so far to the operating system.
    ///
    /// @throws UncheckedIOException if they could not be written, now or before
    synchronized void flush() {
        if (failure != null) {
            throw failure;
        }
        if (buffer.size() == 0) {
            return;
        }
        try {
            buffer.writeTo(out);
        } catch (IOException e) {
            cutTornLine();
            failure = new UncheckedIOException("cannot write '" + file + "': " + e.getMessage(), e);
            throw failure;
        }
        flushedBytes += buffer.size();
        buffer.reset();
    }

    private void cutTornLine() {
        try {
            if (channel != null) {
                byte[] lines = buffer.toByteArray();
                int whole = Math.clamp(channel.position() - flushedBytes, 0, lines.length);
                while (whole > 0 && lines[whole - 1] != '\n') {
                    whole--;
                }
                channel.truncate(flushedBytes + whole);
            }
        } catch (IOException e) {
            // Whoever reads the file drops a torn last line; the write's own failure is what matters.
            return;
        }
    }

    @Override
    public synchronized void close() throws IOException {
        try (out) {
            if (failure == null) {
                flush();
            }
        }
    }

    private void turn(@Nullable Turn turn) {
        if (turn != null) {
            json.writeNumberProperty("conversation", turn.conversation());
            json.writeNumberProperty("turn", turn.number());
            json.writeNumberProperty("turns", turn.of());
        }
    }

    private void attempt(Exchange exchange) {
        json.writeNumberProperty("attempt", exchange.attempt());
        Retry retry = exchange.retry();
        if (retry != null) {
            json.writeStringProperty("retryOf", retry.of());
            json.writeNumberProperty("retryDueAtNs", retry.dueAtNs() - startNs);
            json.writeNumberProperty("retryWaitNs", retry.waitNs());
            json.writeStringProperty("retryWaitBy", retry.waitBy());
        }
    }

    private void instants(Timeline timeline) {
        for (int i = 0; i < MOMENTS.length; i++) {
            if (timeline.has(MOMENTS[i])) {
                json.writeNumberProperty(
                        MOMENT_NAMES[i], timeline.atNs(MOMENTS[i]).getAsLong() - startNs);
            }
        }
    }

    private void connection(@Nullable ConnectionFacts connection) {
        if (connection == null) {
            return;
        }
        json.writeStringProperty("connection", connection.kind().label());
        json.writeNumberProperty("connectionNumber", connection.number());
        json.writeStringProperty("remoteAddress", connection.remoteAddress());
        json.writeStringProperty("httpVersion", connection.httpVersion());
        ConnectionFacts.Tls tls = connection.tls();
        if (tls != null) {
            json.writeObjectPropertyStart("tls");
            json.writeStringProperty("version", tls.version());
            json.writeStringProperty("cipher", tls.cipher());
            json.writeStringProperty("alpn", tls.alpn());
            json.writeBooleanProperty("resumed", tls.resumed());
            json.writeStringProperty("implementation", tls.implementation());
            json.writeBooleanProperty("verified", tls.verified());
            json.writeEndObject();
        }
    }

    private void path(@Nullable TcpPath path) {
        if (path != null) {
            json.writeObjectPropertyStart("tcp");
            if (path.earlierAttemptsNs() > 0) {
                json.writeNumberProperty("earlierAttemptsNs", path.earlierAttemptsNs());
            }
            if (path.knowsHandshake()) {
                json.writeNumberProperty("handshakeRttNs", path.handshakeRttNs());
            }
            json.writeNumberProperty("rttNs", path.rttNs());
            json.writeNumberProperty("retransmits", path.retransmits());
            json.writeEndObject();
        }
    }

    private void head(@Nullable ResponseHead head) {
        if (head == null) {
            return;
        }
        json.writeNumberProperty("status", head.status());
        json.writeObjectPropertyStart("headers");
        for (Header field : head.headers()) {
            if (isKept(field.name())) {
                json.writeStringProperty(field.name(), secrets.redact(field.value()));
            }
        }
        json.writeEndObject();
    }

    private static boolean isKept(String field) {
        return KEPT_FIELDS.contains(field) || KEPT_FAMILIES.stream().anyMatch(field::startsWith);
    }

    private void completion(ExchangeResult result) {
        if (result.completion().finishSeen()) {
            json.writeArrayPropertyStart("finishReasons");
            for (String reason : result.completion().finishReasons()) {
                json.writeString(secrets.redact(reason));
            }
            json.writeEndArray();
        }
        if (result.completion().toolCalls() > 0) {
            json.writeNumberProperty("toolCalls", result.completion().toolCalls());
        }
        Usage usage = result.completion().usage();
        if (usage != null) {
            json.writeObjectPropertyStart("usage");
            tokens("input_total", usage.inputTotal());
            tokens("cached_read", usage.cachedRead());
            tokens("cache_write", usage.cacheWrite());
            tokens("cache_write_hour", usage.cacheWriteHour());
            tokens("output_total", usage.outputTotal());
            tokens("reasoning", usage.reasoning());
            raw(usage.raw());
            json.writeEndObject();
        }
        serverTimings(result.completion().serverTimingsNs());
        json.writeNumberProperty("bodyBytes", result.bodyBytes());
    }

    /// The provider's own object, on this line: outside of its strings, JSON has line breaks as blanks only.
    private void raw(String usage) {
        if (!usage.isEmpty() && usage.length() <= MOST_USAGE_CHARACTERS) {
            json.writeName("raw");
            json.writeRawValue(secrets.redact(usage).replace('\n', ' ').replace('\r', ' '));
        }
    }

    private void serverTimings(Map<String, Long> timingsNs) {
        if (!timingsNs.isEmpty()) {
            json.writeObjectPropertyStart("serverTimingsNs");
            timingsNs.forEach((name, ns) -> json.writeNumberProperty(secrets.redact(name), ns.longValue()));
            json.writeEndObject();
        }
    }

    /// As text: no reader is to make a double of it.
    private void cost(BigDecimal cost) {
        json.writeStringProperty("cost", cost.stripTrailingZeros().toPlainString());
    }

    private void tokens(String name, @Nullable Long count) {
        if (count != null) {
            json.writeNumberProperty(name, count.longValue());
        }
    }

    private void chunks(Chunks chunks) {
        int size = chunks.size();
        json.writeObjectPropertyStart("chunks");
        json.writeArrayPropertyStart("atNs");
        for (int i = 0; i < size; i++) {
            json.writeNumber(chunks.atNs(i) - startNs);
        }
        json.writeEndArray();
        json.writeArrayPropertyStart("userAtNs");
        for (int i = 0; i < size; i++) {
            json.writeNumber(chunks.userAtNs(i) - startNs);
        }
        json.writeEndArray();
        json.writeArrayPropertyStart("kind");
        for (int i = 0; i < size; i++) {
            json.writeString(KIND_NAMES[chunks.kind(i).ordinal()]);
        }
        json.writeEndArray();
        json.writeArrayPropertyStart("tokens");
        for (int i = 0; i < size; i++) {
            if (chunks.tokens(i) == ChunkSink.UNKNOWN_TOKENS) {
                json.writeNull();
            } else {
                json.writeNumber(chunks.tokens(i));
            }
        }
        json.writeEndArray();
        json.writeArrayPropertyStart("bytes");
        for (int i = 0; i < size; i++) {
            json.writeNumber(chunks.bytes(i));
        }
        json.writeEndArray();
        json.writeArrayPropertyStart("coalesced");
        for (int i = 0; i < size; i++) {
            json.writeBoolean(chunks.isCoalesced(i));
        }
        json.writeEndArray();
        if (chunks.countedByTokenizer()) {
            json.writeStringProperty("tokensBy", TOKENIZER);
        }
        json.writeEndObject();
    }
}
