package dev.latencylens.cli;

import dev.latencylens.audit.Evidence;
import dev.latencylens.stats.Distribution;
import dev.latencylens.transport.HttpVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A run's tokens laid over what the machine did meanwhile.
///
/// A token is touched by what overlaps the time from its arrival to its read; where the arrival is the read
/// itself, by what began before it and had ended no longer before than it took, for so long may a thread work off
/// what has queued up. How much of a latency is the machine's is bounded from above: all of the time from the
/// start of a request to its first byte over a connection that stood, and, where arrivals are this client's own
/// readings, all of the time since the beginning of the pause that touched one or the read before. What held up
/// one I/O thread counts for that thread's exchanges only.
final class Audit {
    /// How long after a pause a thread still works off what has queued up, at the least.
    static final long SETTLING_NS = 200_000;
    /// What the names of I/O threads begin with; their number follows.
    private static final String IO_THREAD = "io-";

    final JsonNode run;
    final long startNs;
    private final SteadyPart.Cut cut;
    final boolean kernelStamps;
    /// Whether the run's loop told of its pauses: at the end of a run, so not in one that broke off. Without them
    /// nobody can say how much of a latency is this machine's.
    final boolean pausesKnown;

    private final boolean windowKnown;
    final Evidence evidence;
    final List<Evidence.Stall> pauses;
    final Map<Evidence.Kind, Touched> byKind = new EnumMap<>(Evidence.Kind.class);
    final Budget ttft = new Budget();
    final Budget icl = new Budget();
    long tokens;
    long touchedTokens;
    long unreadLines;
    /// As the kernel knew it when each exchange ended.
    final Distribution rtt = new Distribution();
    /// On all connections together.
    long retransmits;

    private final Map<String, Long> retransmitsOf = new HashMap<>();
    /// By I/O thread.
    private final List<Spans> standing;
    private final Map<Evidence.Kind, List<Spans>> spans = new EnumMap<>(Evidence.Kind.class);
    private final IdentityHashMap<Evidence.Stall, long[]> touchedBy = new IdentityHashMap<>();
    private final IdentityHashMap<Evidence.Stall, long[]> heldUpBy = new IdentityHashMap<>();

    /// A pause, how many tokens it touched, and between the start and the first byte of how many requests it fell.
    record Pause(Evidence.Stall stall, long tokens, long requests) {}

    /// What one kind of stall came to.
    static final class Touched {
        long count;
        long totalNs;
        long longestNs;
        long tokens;
    }

    /// One metric: as measured, without the samples that something touched, and without the machine's part.
    static final class Budget {
        final Distribution measured = new Distribution();
        final Distribution untouched = new Distribution();
        final Distribution withoutMachine = new Distribution();

        /// A gap that is in no figure because this client was late.
        private void lose() {
            withoutMachine.record(0);
        }

        private void record(long valueNs, long machineNs, boolean touched) {
            measured.record(valueNs);
            withoutMachine.record(valueNs - Math.min(machineNs, Math.max(valueNs, 0)));
            if (!touched) {
                untouched.record(valueNs);
            }
        }
    }

    private Audit(JsonNode run, boolean kernelStamps, Evidence evidence) {
        this.run = run;
        this.kernelStamps = kernelStamps;
        this.evidence = evidence;
        cut = new SteadyPart.Cut(SteadyPart.cutAtNs(run));
        startNs = run.at("/clock/monotonicStartNs").asLong();
        pausesKnown = run.at("/summary/client").has("loopLag");
        windowKnown = run.at("/summary").has("windowNs");
        int ioThreads = Math.max(1, run.at("/plan/network/ioThreads").asInt(1));
        long windowStartNs = startNs + run.at("/summary/windowStartAtNs").asLong();
        long windowEndNs = windowStartNs + run.at("/summary/windowNs").asLong();
        var inWindow = new ArrayList<Evidence.Stall>();
        for (Evidence.Stall stall : withOwnPauses()) {
            if (stall.endAtNs() - windowStartNs >= 0 && stall.startAtNs() - windowEndNs <= 0) {
                inWindow.add(stall);
            }
        }
        for (Evidence.Kind kind : Evidence.Kind.values()) {
            var ofKind = inWindow.stream().filter(stall -> stall.kind() == kind).toList();
            var touched = new Touched();
            for (Evidence.Stall stall : ofKind) {
                touched.count++;
                touched.totalNs += stall.tookNs();
                touched.longestNs = Math.max(touched.longestNs, stall.tookNs());
            }
            byKind.put(kind, touched);
            spans.put(kind, Spans.ofEachThread(ofKind, ioThreads));
        }
        pauses = inWindow.stream()
                .filter(stall -> stall.kind().standsStill() || stall.kind() == Evidence.Kind.LOOP_PAUSE)
                .toList();
        standing = Spans.ofEachThread(pauses, ioThreads);
    }

    /// @param evidence of its recording, or what stands for one that there is not
    /// @throws IOException if the run's files cannot be read
    static Audit of(Path run, Path exchanges, Evidence evidence) throws IOException {
        JsonNode told = JsonMapper.shared().readTree(Files.readString(run));
        var audit = new Audit(told, areKernelStamps(told, exchanges), evidence);
        audit.unreadLines = RunSamples.lines(exchanges, audit::add);
        return audit;
    }

    /// A run that broke off does not tell which stamps its arrivals are; where they are not this client's own,
    /// some read came after the arrival of what it brought.
    private static boolean areKernelStamps(JsonNode run, Path exchanges) throws IOException {
        JsonNode arrival = run.at("/summary/client/stamps/arrival");
        if (arrival.isString()) {
            return arrival.asString().equals("kernel");
        }
        var differ = new AtomicBoolean();
        RunSamples.lines(exchanges, exchange -> {
            JsonNode chunks = exchange.path("chunks");
            if (!chunks.path("atNs").equals(chunks.path("userAtNs"))) {
                differ.set(true);
            }
        });
        return differ.get();
    }

    /// Whether stalls of this kind would be here if there had been some.
    boolean isKnown(Evidence.Kind kind) {
        boolean told = kind == Evidence.Kind.LOOP_PAUSE
                ? pausesKnown
                : evidence.tokens() > 0 || !evidence.stalls().isEmpty();
        return windowKnown && told;
    }

    /// The longest pauses, longest first.
    List<Pause> longest(int most) {
        return pauses.stream()
                .sorted((one, other) -> Long.compare(other.tookNs(), one.tookNs()))
                .limit(most)
                .map(stall -> new Pause(
                        stall,
                        touchedBy.getOrDefault(stall, new long[1])[0],
                        heldUpBy.getOrDefault(stall, new long[1])[0]))
                .toList();
    }

    /// The pauses that the run's own loop saw are in run.json too, for runs without a recording.
    private List<Evidence.Stall> withOwnPauses() {
        var all = new ArrayList<>(evidence.stalls());
        if (all.stream().noneMatch(stall -> stall.kind() == Evidence.Kind.LOOP_PAUSE)) {
            for (JsonNode pause : run.at("/summary/client/loopLag/longest")) {
                long endAtNs = startNs + pause.path("endAtNs").asLong();
                all.add(new Evidence.Stall(
                        Evidence.Kind.LOOP_PAUSE,
                        "",
                        IO_THREAD + pause.path("thread").asInt(),
                        endAtNs - pause.path("lagNs").asLong(),
                        endAtNs));
            }
        }
        return all;
    }

    /// Every I/O thread takes its residue class of the numbers; retries and later turns too.
    private int ioThread(JsonNode exchange) {
        return Math.floorMod(exchange.path("number").asLong(), standing.size());
    }

    private void add(JsonNode exchange) {
        path(exchange);
        int thread = ioThread(exchange);
        Spans held = standing.get(thread);
        JsonNode atNs = exchange.at("/chunks/atNs");
        JsonNode userAtNs = exchange.at("/chunks/userAtNs");
        JsonNode coalesced = exchange.at("/chunks/coalesced");
        int size = atNs.size();
        tokens += size;
        boolean counts = !cut.covers(exchange)
                && !exchange.path("warmup").asBoolean()
                && (exchange.path("outcome").asString("").equals("completed")
                        || exchange.path("outcome").asString("").equals("unterminated"));
        // A stamp of the kernel does not move, but what waits until this client reads may be merged, and then has
        // the stamp of the last: what came together may have come earlier, though not before what has another
        // stamp. Over HTTP/2 it may have come together with another answer's.
        JsonNode bytes = exchange.at("/chunks/bytes");
        long seenAtNs = startNs + exchange.path("requestEndAtNs").asLong(Long.MAX_VALUE - startNs);
        boolean shared = exchange.path("httpVersion").asString("").equals(HttpVersion.HTTP_2.label());
        long earlierStampNs = seenAtNs;
        long earlierMachineNs = 0;
        boolean earlierTouched = false;
        for (int i = 0; i < size; i++) {
            long arrivalNs = startNs + atNs.get(i).asLong();
            long readNs = startNs + userAtNs.get(i).asLong();
            boolean together = coalesced.get(i).asBoolean()
                    || (i + 1 < size && coalesced.get(i + 1).asBoolean());
            if (i > 0 && !coalesced.get(i).asBoolean()) {
                earlierStampNs = startNs + atNs.get(i - 1).asLong();
            }
            long mergedSinceNs = Math.min(arrivalNs, earlierStampNs);
            long fromNs = !kernelStamps ? held.waitedSinceNs(seenAtNs, readNs) : together ? mergedSinceNs : arrivalNs;
            boolean touched = touch(thread, fromNs, readNs);
            long machineNs = !kernelStamps
                    ? readNs - fromNs
                    : together || shared ? Math.max(held.overlapNs(mergedSinceNs, readNs), readNs - arrivalNs) : 0;
            seenAtNs = readNs;
            boolean isEvent = !bytes.path(i).isNumber() || bytes.path(i).asLong() > 0;
            if (counts && i == 0) {
                firstToken(exchange, machineNs, touched);
            } else if (counts && coalesced.get(i).asBoolean() && isEvent && machineNs > SETTLING_NS) {
                icl.lose();
            } else if (counts && !coalesced.get(i).asBoolean()) {
                icl.record(
                        atNs.get(i).asLong() - atNs.get(i - 1).asLong(),
                        machineNs + earlierMachineNs,
                        touched || earlierTouched);
            }
            earlierMachineNs = machineNs;
            earlierTouched = touched;
        }
    }

    /// A connection's count only grows, and its exchanges end one after the other or, in HTTP/2, in any order.
    /// Each I/O thread numbers its own connections.
    private void path(JsonNode exchange) {
        JsonNode tcp = exchange.path("tcp");
        if (!tcp.isMissingNode()) {
            rtt.record(tcp.path("rttNs").asLong());
            long sofar = tcp.path("retransmits").asLong();
            String connection =
                    ioThread(exchange) + " " + exchange.path("remoteAddress").asString("") + " "
                            + exchange.path("connectionNumber").asLong();
            long before = retransmitsOf.getOrDefault(connection, 0L);
            if (sofar > before) {
                retransmitsOf.put(connection, sofar);
                retransmits += sofar - before;
            }
        }
    }

    private void firstToken(JsonNode exchange, long arrivalMachineNs, boolean arrivalTouched) {
        if (!exchange.has("firstTokenAtNs") || !exchange.has("startedAtNs") || !exchange.has("requestEndAtNs")) {
            return;
        }
        long startedAtNs = exchange.path("startedAtNs").asLong();
        long sentAtNs = exchange.path("requestEndAtNs").asLong();
        Spans held = standing.get(ioThread(exchange));
        boolean heldUp = heldUpNs(held, startedAtNs, sentAtNs) > 0;
        if (heldUp) {
            held.touching(startNs + startedAtNs, startNs + sentAtNs)
                    .forEach(stall -> heldUpBy.computeIfAbsent(stall, _ -> new long[1])[0]++);
        }
        long sendingNs = exchange.path("connection").asString("").equals("reused")
                ? sentAtNs - startedAtNs
                : sendingNs(exchange, held, startedAtNs, sentAtNs);
        ttft.record(
                exchange.path("firstTokenAtNs").asLong() - startedAtNs,
                Math.max(0, sendingNs) + arrivalMachineNs,
                arrivalTouched || heldUp);
    }

    /// This client's part of the time until a request had left over a new connection: what is not a look-up, an
    /// address that did not connect or a handshake, how late it noticed that the connection stood, and where it
    /// stood still meanwhile. Where a SYN was lost nobody knows how late that was.
    private long sendingNs(JsonNode exchange, Spans held, long startedAtNs, long sentAtNs) {
        if (!exchange.has("connectStartAtNs") || !exchange.has("connectEndAtNs")) {
            return heldUpNs(held, startedAtNs, sentAtNs);
        }
        long sumNs = sentAtNs - startedAtNs;
        for (String phase : List.of("domainLookup", "secureConnection")) {
            if (exchange.has(phase + "StartAtNs") && exchange.has(phase + "EndAtNs")) {
                long fromNs = exchange.path(phase + "StartAtNs").asLong();
                long untilNs = exchange.path(phase + "EndAtNs").asLong();
                sumNs -= untilNs - fromNs - heldUpNs(held, fromNs, untilNs);
            }
        }
        long connectStartAtNs = exchange.path("connectStartAtNs").asLong();
        long lastTryAtNs =
                connectStartAtNs + exchange.at("/tcp/earlierAttemptsNs").asLong(0);
        sumNs -= lastTryAtNs - connectStartAtNs - heldUpNs(held, connectStartAtNs, lastTryAtNs);
        long connectNs = exchange.path("connectEndAtNs").asLong() - lastTryAtNs;
        JsonNode tcp = exchange.path("tcp");
        if (tcp.isObject() && !tcp.has("handshakeRttNs")) {
            return sumNs - connectNs + heldUpNs(held, lastTryAtNs, lastTryAtNs + connectNs);
        }
        return sumNs - Math.min(tcp.path("handshakeRttNs").asLong(0), connectNs);
    }

    private long heldUpNs(Spans held, long fromNs, long untilNs) {
        return held.overlapNs(startNs + fromNs, startNs + untilNs);
    }

    private boolean touch(int thread, long fromNs, long untilNs) {
        Spans held = standing.get(thread);
        boolean touched = held.touches(fromNs, untilNs);
        if (touched) {
            touchedTokens++;
            for (Evidence.Stall stall : held.touching(fromNs, untilNs)) {
                touchedBy.computeIfAbsent(stall, _ -> new long[1])[0]++;
            }
        }
        spans.forEach((kind, ofKind) -> {
            if (ofKind.get(thread).touches(fromNs, untilNs)) {
                Objects.requireNonNull(byKind.get(kind)).tokens++;
            }
        });
        return touched;
    }

    /// Stalls in the order of their beginning, to be asked which of them overlap a time.
    private static final class Spans {
        private final List<Evidence.Stall> stalls;
        /// The latest end among the stalls up to each.
        private final long[] latestEndAtNs;

        Spans(List<Evidence.Stall> ofRun) {
            stalls = ofRun.stream()
                    .sorted((one, other) -> Long.signum(one.startAtNs() - other.startAtNs()))
                    .toList();
            latestEndAtNs = new long[stalls.size()];
            for (int i = 0; i < latestEndAtNs.length; i++) {
                long endAtNs = stalls.get(i).endAtNs();
                latestEndAtNs[i] = i > 0 && latestEndAtNs[i - 1] - endAtNs > 0 ? latestEndAtNs[i - 1] : endAtNs;
            }
        }

        /// For each I/O thread, without what held up another thread only.
        static List<Spans> ofEachThread(List<Evidence.Stall> stalls, int ioThreads) {
            return IntStream.range(0, ioThreads)
                    .mapToObj(thread -> new Spans(stalls.stream()
                            .filter(stall -> stall.mayHoldUp(IO_THREAD + thread))
                            .toList()))
                    .toList();
        }

        boolean touches(long fromNs, long untilNs) {
            int last = lastBeginningUntil(untilNs);
            return last >= 0 && latestEndAtNs[last] - fromNs >= 0;
        }

        List<Evidence.Stall> touching(long fromNs, long untilNs) {
            var found = new ArrayList<Evidence.Stall>();
            for (int i = lastBeginningUntil(untilNs); i >= 0 && latestEndAtNs[i] - fromNs >= 0; i--) {
                if (stalls.get(i).endAtNs() - fromNs >= 0) {
                    found.add(stalls.get(i));
                }
            }
            return found;
        }

        /// Since when this thread may have kept waiting what it read then and not before: the instant itself where
        /// nothing held it up.
        long waitedSinceNs(long beforeNs, long readNs) {
            long sinceNs = readNs;
            for (Evidence.Stall stall : touching(beforeNs, readNs)) {
                if (readNs - stall.endAtNs() <= Math.max(SETTLING_NS, stall.tookNs())) {
                    long fromNs = stall.startAtNs() - beforeNs > 0 ? stall.startAtNs() : beforeNs;
                    sinceNs = fromNs - sinceNs < 0 ? fromNs : sinceNs;
                }
            }
            return sinceNs;
        }

        long overlapNs(long fromNs, long untilNs) {
            long sumNs = 0;
            long coveredUntilNs = fromNs;
            List<Evidence.Stall> touching = touching(fromNs, untilNs).reversed();
            for (Evidence.Stall stall : touching) {
                long startAtNs = stall.startAtNs() - coveredUntilNs > 0 ? stall.startAtNs() : coveredUntilNs;
                long endAtNs = stall.endAtNs() - untilNs > 0 ? untilNs : stall.endAtNs();
                if (endAtNs - startAtNs > 0) {
                    sumNs += endAtNs - startAtNs;
                    coveredUntilNs = endAtNs;
                }
            }
            return sumNs;
        }

        private int lastBeginningUntil(long untilNs) {
            int low = 0;
            int high = stalls.size();
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (stalls.get(middle).startAtNs() - untilNs <= 0) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low - 1;
        }
    }
}
