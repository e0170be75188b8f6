package dev.latencylens.audit;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;

/// What a `recording.jfr` proves about its run.
///
/// @param stalls what the virtual machine did, in the order of its beginning, on CLOCK_MONOTONIC
/// @param tokens how many tokens' events there are
/// @param lostBytes what the Flight Recorder says that it lost
/// @param unread why the rest of the recording could not be read, such as `it is damaged`, empty where all of it
/// could; of a part, the stalls are without the pauses of the I/O threads, which `run.json` has whole
public record Evidence(List<Stall> stalls, long tokens, long lostBytes, String unread) {
    private static final String DAMAGED = "it is damaged";
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    /// What the names of I/O threads begin with.
    private static final String IO_THREAD = "io-";

    /// What took time, and may have taken it from the client.
    public enum Kind {
        /// A pause of the garbage collector.
        COLLECTION,
        /// An operation for which all of Java's threads stood still; collections are among them.
        SAFEPOINT,
        /// The compiler at work on a CPU, beside Java's threads.
        COMPILATION,
        /// A compiled method was given up; its thread went on in the interpreter.
        DEOPTIMISATION,
        /// An I/O thread came round late, whatever the cause.
        LOOP_PAUSE;

        /// Whether no Java thread ran meanwhile.
        public boolean standsStill() {
            return this == COLLECTION || this == SAFEPOINT;
        }
    }

    /// @param what for example the collector's phase or the compiled method
    /// @param thread whose it was, empty where it was everybody's
    public record Stall(Kind kind, String what, String thread, long startAtNs, long endAtNs) {
        public long tookNs() {
            return endAtNs - startAtNs;
        }

        /// Whether it may have kept that thread from its work, and not only another: another I/O thread's pause
        /// does not, nor does code that any other thread gave up.
        public boolean mayHoldUp(String ioThread) {
            return thread.startsWith(IO_THREAD) ? thread.equals(ioThread) : kind != Kind.DEOPTIMISATION;
        }
    }

    public Evidence {
        stalls = List.copyOf(stalls);
    }

    /// New code for the hot path, and code of it that was given up on an I/O thread, from when on it counted.
    public List<Stall> changesOfHotPath(long fromNs, long untilNs) {
        return stalls.stream()
                .filter(stall -> stall.kind == Kind.COMPILATION
                        || (stall.kind == Kind.DEOPTIMISATION && stall.thread.startsWith(IO_THREAD)))
                .filter(stall -> HotPath.holds(stall.what))
                .filter(stall -> stall.endAtNs - fromNs >= 0 && stall.endAtNs - untilNs <= 0)
                .toList();
    }

    /// Reads a recording as far as it can be read.
    public static Evidence read(Path recording) {
        var reading = new Reading();
        String unread = "";
        try (var file = new RecordingFile(recording)) {
            while (file.hasMoreEvents()) {
                reading.add(file.readEvent());
            }
        } catch (NoClassDefFoundError e) {
            unread = Recorder.NO_FLIGHT_RECORDER;
        } catch (IOException | RuntimeException e) {
            // The virtual machine's own parser fails at damaged bytes as it happens to.
            unread = DAMAGED;
        }
        return reading.evidence(unread);
    }

    /// The events in the Flight Recorder's own time, until the readings of both clocks tell what that is.
    private static final class Reading {
        private final List<Stall> virtualMachines = new ArrayList<>();
        private final List<Stall> own = new ArrayList<>();
        private final List<long[]> clocks = new ArrayList<>();
        private long tokens;
        private long lostBytes;

        void add(RecordedEvent event) {
            switch (event.getEventType().getName()) {
                case Events.TOKEN -> tokens++;
                case Events.CLOCK -> clocks.add(new long[] {nanos(event.getStartTime()), event.getLong("atNs")});
                case "lens.Pause" -> {
                    long endAtNs = event.getLong("endAtNs");
                    own.add(new Stall(
                            Kind.LOOP_PAUSE,
                            "",
                            IO_THREAD + event.getInt("ioThread"),
                            endAtNs - event.getLong("lag"),
                            endAtNs));
                }
                case "jdk.GCPhasePause" -> keep(event, Kind.COLLECTION, event.getString("name"), "");
                case "jdk.ExecuteVMOperation" -> {
                    if (event.getBoolean("safepoint")) {
                        keep(event, Kind.SAFEPOINT, event.getString("operation"), "");
                    }
                }
                case "jdk.Compilation" -> keep(event, Kind.COMPILATION, method(event), thread(event));
                case "jdk.Deoptimization" ->
                    keep(event, Kind.DEOPTIMISATION, method(event) + ": " + event.getString("reason"), thread(event));
                case "jdk.DataLoss" -> lostBytes += event.getLong("amount");
                default -> {
                    // Others are for people with JDK Mission Control.
                }
            }
        }

        Evidence evidence(String unread) {
            String untied = clocks.isEmpty() && unread.isEmpty() ? "no reading of the clocks is in it" : unread;
            var stalls = unread.isEmpty() ? new ArrayList<>(own) : new ArrayList<Stall>();
            if (!clocks.isEmpty()) {
                var first = closest(clocks.subList(0, Math.ceilDiv(clocks.size(), 2)));
                var last = closest(clocks.subList(clocks.size() / 2, clocks.size()));
                virtualMachines.forEach(stall -> stalls.add(new Stall(
                        stall.kind,
                        stall.what,
                        stall.thread,
                        monotonic(stall.startAtNs, first, last),
                        monotonic(stall.endAtNs, first, last))));
            }
            stalls.sort((one, other) -> Long.signum(one.startAtNs - other.startAtNs));
            return new Evidence(stalls, tokens, lostBytes, untied);
        }

        private void keep(RecordedEvent event, Kind kind, String what, String thread) {
            virtualMachines.add(new Stall(kind, what, thread, nanos(event.getStartTime()), nanos(event.getEndTime())));
        }

        private static String method(RecordedEvent event) {
            RecordedMethod method = event.getValue("method");
            return method == null ? "?" : method.getType().getName() + "." + method.getName();
        }

        private static String thread(RecordedEvent event) {
            RecordedThread thread = event.getThread();
            return thread == null || thread.getOSName() == null ? "" : thread.getOSName();
        }

        /// An event is stamped after its field was read, so the pair that is least apart is the truest.
        private static long[] closest(List<long[]> readings) {
            long[] best = readings.getFirst();
            for (long[] reading : readings) {
                if (reading[0] - reading[1] < best[0] - best[1]) {
                    best = reading;
                }
            }
            return best;
        }

        private static long monotonic(long eventNs, long[] first, long[] last) {
            double share = last[0] == first[0] ? 0 : (double) (eventNs - first[0]) / (last[0] - first[0]);
            long startOffsetNs = first[0] - first[1];
            long endOffsetNs = last[0] - last[1];
            return eventNs - startOffsetNs - Math.round(share * (endOffsetNs - startOffsetNs));
        }

        private static long nanos(Instant instant) {
            return instant.getEpochSecond() * NANOS_PER_SECOND + instant.getNano();
        }
    }
}
