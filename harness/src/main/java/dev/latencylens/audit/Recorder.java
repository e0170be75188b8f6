package dev.latencylens.audit;

import dev.latencylens.clock.Clock;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Chunks;
import dev.latencylens.exchange.ConnectionFacts;
import dev.latencylens.exchange.ExchangeResult;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Timeline;
import dev.latencylens.load.LoadRun;
import dev.latencylens.load.LoopLag;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.Objects;
import java.util.OptionalLong;
import javax.management.JMException;
import javax.management.ObjectName;
import jdk.jfr.Configuration;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import org.jspecify.annotations.Nullable;

/// Writes `recording.jfr`: what the run saw, token by token, beside what the virtual machine did meanwhile.
///
/// Its events are written on the interpreter's thread, when an exchange has ended, and never on an I/O thread;
/// their instants are therefore fields, on CLOCK_MONOTONIC, and not the events' own times. What ties the two is
/// `lens.Clock`.
public final class Recorder implements AutoCloseable {
    /// The virtual machine's events that the audit reads, and no stack of any event.
    private static final String PROFILE = "lens.jfc";
    /// More than a run writes in its window.
    private static final String CHUNK_SIZE = "4g";
    /// Why nothing can be recorded or read by a Java without the module `jdk.jfr`, or with it switched off.
    public static final String NO_FLIGHT_RECORDER = "this Java has no Flight Recorder";
    /// Readings of both clocks at either end of a recording; the closest pair counts.
    private static final int CLOCK_READINGS = 32;

    private static final Phase[] PHASES = {
        new Phase("domain lookup", Moment.DOMAIN_LOOKUP_START, Moment.DOMAIN_LOOKUP_END),
        new Phase("connect", Moment.CONNECT_START, Moment.CONNECT_END),
        new Phase("TLS handshake", Moment.SECURE_CONNECTION_START, Moment.SECURE_CONNECTION_END),
        new Phase("request", Moment.REQUEST_START, Moment.REQUEST_END),
        new Phase("wait", Moment.REQUEST_END, Moment.RESPONSE_START),
        new Phase("response", Moment.RESPONSE_START, Moment.RESPONSE_END)
    };

    private final Clock clock;
    private final Recording recording;
    private long tokens;

    private record Phase(String name, Moment start, Moment end) {}

    private Recorder(Clock clock, Recording recording) {
        this.clock = clock;
        this.recording = recording;
    }

    /// Why nothing can be recorded by this virtual machine, or null if something can.
    public static @Nullable String unavailable() {
        return FlightRecorder.isAvailable() ? null : NO_FLIGHT_RECORDER;
    }

    /// Starts to record.
    ///
    /// @param file receives the recording when it is closed, and when the process ends before
    public static Recorder start(Clock clock, Path file) throws IOException {
        oneChunk();
        Recording recording;
        try (Reader profile = new InputStreamReader(
                Objects.requireNonNull(Recorder.class.getResourceAsStream(PROFILE), PROFILE), StandardCharsets.UTF_8)) {
            recording = new Recording(Configuration.create(profile));
        } catch (ParseException e) {
            throw new IllegalStateException(PROFILE + " cannot be read", e);
        }
        recording.setName("lens run");
        recording.setToDisk(true);
        recording.setDumpOnExit(true);
        recording.setDestination(file);
        recording.start();
        var recorder = new Recorder(clock, recording);
        recorder.clocks();
        return recorder;
    }

    /// Beginning another chunk of the file is a safepoint, and by default comes every 12 MB. The recorder's own
    /// interface does not offer the size; the virtual machine's commands do, before it is used for the first time.
    private static void oneChunk() throws IOException {
        try {
            ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            ObjectName.getInstance("com.sun.management:type=DiagnosticCommand"),
                            "jfrConfigure",
                            new Object[] {new String[] {"maxchunksize=" + CHUNK_SIZE}},
                            new String[] {String[].class.getName()});
        } catch (JMException e) {
            throw new IOException("the Flight Recorder's chunks cannot be made larger: " + e.getMessage(), e);
        }
    }

    /// An exchange has ended.
    public void add(ExchangeResult result) {
        long number = result.exchange().number();
        int attempt = result.exchange().attempt();
        Timeline timeline = result.timeline();
        Chunks chunks = timeline.chunks();
        for (int i = 0; i < chunks.size(); i++) {
            token(number, attempt, i, chunks);
        }
        for (Phase phase : PHASES) {
            phase(number, attempt, phase, timeline);
        }
        schedule(number, attempt, timeline);
        exchange(result, timeline, chunks);
    }

    /// How many tokens' events have been written.
    public long tokens() {
        return tokens;
    }

    /// What the load's machinery told once it had ended.
    public void ended(LoadRun.Backlog backlog) {
        for (LoopLag.Pause pause : backlog.lag().shown()) {
            var event = new Events.Pause();
            event.ioThread = pause.thread();
            event.endAtNs = pause.endAtNs();
            event.lag = pause.lagNs();
            event.commit();
        }
        var event = new Events.BackPressure();
        event.times = backlog.logFullCount();
        event.waited = backlog.logFullNs();
        event.commit();
    }

    public void judged(Verdict verdict) {
        var event = new Events.Judged();
        event.state = verdict.state().label();
        event.reasons =
                String.join("; ", verdict.reasons().stream().map(Reason::text).toList());
        event.atNs = clock.nowNs();
        event.commit();
    }

    /// Ends the recording and writes its file.
    @Override
    public void close() {
        clocks();
        recording.stop();
        recording.close();
    }

    private void clocks() {
        for (int i = 0; i < CLOCK_READINGS; i++) {
            var event = new Events.Clocks();
            event.atNs = clock.nowNs();
            event.commit();
        }
    }

    private void token(long number, int attempt, int index, Chunks chunks) {
        tokens++;
        var event = new Events.Token();
        if (event.shouldCommit()) {
            event.exchange = number;
            event.attempt = attempt;
            event.index = index;
            event.arrivedAtNs = chunks.atNs(index);
            event.readLag = chunks.userAtNs(index) - chunks.atNs(index);
            event.kind = chunks.kind(index).label();
            int count = chunks.tokens(index);
            event.tokens = count == ChunkSink.UNKNOWN_TOKENS ? -1 : count;
            event.size = chunks.bytes(index);
            event.coalesced = chunks.isCoalesced(index);
            event.commit();
        }
    }

    private static void phase(long number, int attempt, Phase phase, Timeline timeline) {
        OptionalLong tookNs = timeline.betweenNs(phase.start, phase.end);
        if (tookNs.isPresent()) {
            var event = new Events.ConnectionPhase();
            event.exchange = number;
            event.attempt = attempt;
            event.phase = phase.name;
            event.startAtNs = timeline.atNs(phase.start).orElseThrow();
            event.took = tookNs.getAsLong();
            event.commit();
        }
    }

    private static void schedule(long number, int attempt, Timeline timeline) {
        OptionalLong queueNs = timeline.betweenNs(Moment.INTENDED, Moment.STARTED);
        if (queueNs.isPresent()) {
            var event = new Events.Scheduled();
            event.exchange = number;
            event.attempt = attempt;
            event.intendedAtNs = timeline.atNs(Moment.INTENDED).orElseThrow();
            event.queue = queueNs.getAsLong();
            event.sendLag =
                    timeline.betweenNs(Moment.INTENDED, Moment.REQUEST_START).orElse(-1);
            event.commit();
        }
    }

    private static void exchange(ExchangeResult result, Timeline timeline, Chunks chunks) {
        var event = new Events.ExchangeEnded();
        event.exchange = result.exchange().number();
        event.attempt = result.exchange().attempt();
        event.warmup = result.exchange().isWarmup();
        event.outcome = result.outcome().kind().label();
        ConnectionFacts connection = result.connection();
        event.connection = connection == null ? "" : connection.kind().label();
        event.startedAtNs = timeline.atNs(Moment.STARTED).orElse(0);
        event.timeToFirstToken =
                timeline.betweenNs(Moment.STARTED, Moment.FIRST_TOKEN).orElse(-1);
        event.wholeLatency =
                timeline.betweenNs(Moment.STARTED, Moment.RESPONSE_END).orElse(-1);
        event.chunks = chunks.size();
        event.size = result.bodyBytes();
        event.commit();
    }
}
