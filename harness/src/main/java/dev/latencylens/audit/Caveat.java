package dev.latencylens.audit;

import dev.latencylens.stats.Metric;
import dev.latencylens.stats.SteadyState;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// A doubt about a measurement: what was seen, what it may mean, what to do about it.
public sealed interface Caveat {
    /// What was seen, with its figures; what it may mean; what to do.
    String text();

    /// The name in files, for example `flight_log_full`.
    default String code() {
        return getClass().getSimpleName().replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }

    /// Nobody can say who answered.
    record CertificateChecksOff() implements Caveat {
        @Override
        public String text() {
            return "Certificates were not checked (--insecure), so anyone on the way could have answered and read the"
                    + " key; give --ca-file instead.";
        }
    }

    /// The interpreter could not keep up.
    record FlightLogFull(long times, long waitedNs) implements Caveat {
        @Override
        public String text() {
            return "An I/O thread found its flight log full " + count(times, "time") + " and waited "
                    + millis(waitedNs) + " in all; stamps taken right after are late. Lower the load, or give the"
                    + " process another CPU.";
        }
    }

    /// Requests were not made in time.
    record FeederStarved(long times) implements Caveat {
        @Override
        public String text() {
            return "A request was due " + count(times, "time") + " before it had been encoded, so it went out late;"
                    + " see send_lag. Lower the load, shorten the prompts, or give the process another CPU.";
        }
    }

    /// Somebody set the wall clock, which the kernel's stamps are taken from.
    record WallClockSet(int times, long largestStepNs) implements Caveat {
        @Override
        public String text() {
            return "The wall clock was set " + count(times, "time") + " during the run, by up to "
                    + millis(largestStepNs) + "; the kernel's stamps come from it, and those of the millisecond before"
                    + " it was noticed may be off by as much. Measure again, or give --stamps user.";
        }
    }

    /// The kernel's stamps were asked for, and some reads had none.
    record ReadsUnstamped(long unstamped, long reads) implements Caveat {
        @Override
        public String text() {
            return unstamped + " of " + count(reads, "read") + " came without the kernel's stamp, and the instant"
                    + " after the read call counts for them; it may be late. See userAtNs in exchanges.jsonl.";
        }
    }

    /// The network lost segments or brought them in another order, so that their stamps are earlier than what
    /// could be read.
    record SegmentsOutOfOrder(long outOfOrder, long reads) implements Caveat {
        @Override
        public String text() {
            return outOfOrder + " of " + count(reads, "read")
                    + " brought what had come out of order, because the network"
                    + " lost or overtook segments; the instant after the read call counts for them, and not the"
                    + " kernel's stamp. See userAtNs in exchanges.jsonl.";
        }
    }

    /// There was to be a recording.
    record NotRecorded(String reason) implements Caveat {
        @Override
        public String text() {
            return "There is no recording.jfr (" + reason + "), so lens audit cannot tell the virtual machine's"
                    + " pauses. Give --jfr off if it is not wanted.";
        }
    }

    /// The client's code was to be run in until it is compiled.
    record CompilationUnsettled(Duration after) implements Caveat {
        @Override
        public String text() {
            return "After " + after.toSeconds() + " s of running its own code in, this client was still being compiled;"
                    + " see read_lag. Give it a CPU that others leave alone, or a longer --prime TIME.";
        }
    }

    /// I/O threads have no CPU to themselves, though there should be at least that.
    record CpusShared(int cpus) implements Caveat {
        @Override
        public String text() {
            return "The I/O threads, the interpreter, the compilers and the collector share the " + count(cpus, "CPU")
                    + " that this process may use, so requests leave late and reads wait (queue, read_lag). Give it"
                    + " one CPU more than --io-cpus names, at least two.";
        }
    }

    /// The system keeps to itself what may have held this client up.
    record HostUntold(List<String> what) implements Caveat {
        public HostUntold {
            what = List.copyOf(what);
        }

        @Override
        public String text() {
            return "The system does not tell " + String.join(", ", what) + ", so a pause cannot be put down to them;"
                    + " the pauses themselves are measured all the same. Containers often hide them: run on the host,"
                    + " or with /proc as it is there.";
        }
    }

    /// What a run wrote could not all be read back.
    ///
    /// @param tornBytes of a last line that was never finished
    /// @param unreadable whole lines that are none of `exchanges.jsonl`
    /// @param repeated lines of exchanges that had been read already
    record LinesDropped(long tornBytes, long unreadable, long repeated) implements Caveat {
        @Override
        public String text() {
            return "Of exchanges.jsonl, " + count(tornBytes, "byte") + " of a torn last line, "
                    + count(unreadable, "line") + " that cannot be read and " + count(repeated, "line")
                    + " of exchanges that were there already were left out, so nothing is counted twice; what they"
                    + " held is in no figure.";
        }
    }

    record Unterminated(long answers, long of) implements Caveat {
        @Override
        public String text() {
            return answers + " of " + count(of, "answer") + " lacked the stream's terminator, though the model had"
                    + " finished; they count. The server or a proxy closes early.";
        }
    }

    /// @param mostFrequent kind and detail of the most frequent failure
    record Failures(long failed, long of, String mostFrequent) implements Caveat {
        @Override
        public String text() {
            return failed + " of " + count(of, "request") + " failed and are in no latency figure, which may look"
                    + " better for it; most often: " + mostFrequent + ".";
        }
    }

    /// The code that stamps reads changed its speed meanwhile.
    record HotPathChanged(long compilations, long deoptimisations) implements Caveat {
        public static HotPathChanged of(List<Evidence.Stall> changes) {
            long compilations = changes.stream()
                    .filter(change -> change.kind() == Evidence.Kind.COMPILATION)
                    .count();
            return new HotPathChanged(compilations, changes.size() - compilations);
        }

        @Override
        public String text() {
            return "The code on a token's way was compiled " + count(compilations, "time") + " and given up "
                    + count(deoptimisations, "time") + " while it measured, so a part of the run was slower to send"
                    + " and to read than the rest (send_lag, read_lag). Prime for longer (--prime 10s), or add"
                    + " --warmup.";
        }
    }

    /// Reads brought several chunks at once.
    record ChunksCoalesced(long coalesced, long chunks) implements Caveat {
        /// Share of chunks from which on gaps say little of the model's own rhythm.
        static final double MUCH = 0.05;

        @Override
        public String text() {
            return percent(coalesced, chunks) + " of the chunks came in one read with the chunk before them and have"
                    + " no gap of their own; icl leaves them out and shows the others' gaps. The server or a proxy"
                    + " sends in bursts, or this client was late.";
        }
    }

    /// Answers whose time per token nobody knows.
    record AnswersInOneRead(long answers, long of) implements Caveat {
        /// Share of answers from which on the others' tpot is no longer that of all.
        static final double MUCH = 0.01;

        @Override
        public String text() {
            return answers + " of " + count(of, "answer") + " came in one read, all chunks together, so their time per"
                    + " token is not known; tpot is that of the others, which are the slower ones. Ask for longer"
                    + " answers, or go by e2e.";
        }
    }

    /// First chunks that may have held more than the one token that they are taken for.
    ///
    /// @param share of itself by which these answers' time per token would be larger on average
    record FirstChunksUntold(long answers, long of, double share) implements Caveat {
        /// From which share on it matters to the tpot of all answers.
        static final double MUCH = 0.01;

        @Override
        public String text() {
            return "Nothing tells how many tokens the first chunk of an answer held, and " + answers + " of "
                    + count(of, "answer")
                    + " had more tokens than chunks; it is taken for one token. If it held as many"
                    + " as the others, their tpot was " + figures(100 * share) + " % longer. Give --tokenizer, or ask"
                    + " for longer answers.";
        }
    }

    record TokensCountedAsChunks(long answers, long of) implements Caveat {
        @Override
        public String text() {
            return answers + " of " + count(of, "answer") + " came without usage, so each of their chunks counts as"
                    + " one token; tpot and tokens/s are off where chunks hold more or fewer. Leave --no-usage out,"
                    + " ask the server to report usage, or give --tokenizer.";
        }
    }

    /// Two counts of the same output, hidden reasoning left out.
    record TokenizerDisagrees(long byTokenizer, long byUsage) implements Caveat {
        /// How far the tokenizer may be off: 10 %, for usage also counts what ends an answer and frames a tool
        /// call.
        static final double TOLERANCE = 0.1;

        @Override
        public String text() {
            return "The tokenizer finds " + byTokenizer + " tokens where usage says " + byUsage + ", so it may not be"
                    + " the model's own, and the tokens of single chunks (itl, and what tpot leaves out) are off as"
                    + " well. Name the right one with --tokenizer, or give --tokenizer none.";
        }
    }

    /// Connections of several kinds in one figure.
    record MixedConnections(long fresh, long resumed, long reused) implements Caveat {
        @Override
        public String text() {
            return "Answers over new (" + fresh + "), resumed (" + resumed + ") and reused (" + reused
                    + ") connections are together in the table; the phases tell them apart. For one kind only give"
                    + " --warmup, or --connection-reuse never.";
        }
    }

    /// Connections stood before this client saw it.
    record HandshakesNoticedLate(long tcpP50Ns, long kernelP50Ns) implements Caveat {
        /// Difference worth a word: 1 ms.
        static final long LIMIT_NS = 1_000_000;

        @Override
        public String text() {
            return "tcp was " + millis(tcpP50Ns) + " at p50, and the handshakes took " + millis(kernelP50Ns)
                    + " by the kernel's own timing (tcp_rtt): by the rest this client noticed them late, and that is in"
                    + " ttfb and ttft of new connections too. Where many are opened at once, --warmup leaves them out;"
                    + " else give --io-cpus, or --io-wait spin.";
        }
    }

    record CachedPrompts(long answers, long of) implements Caveat {
        @Override
        public String text() {
            return "The provider read part of the prompt from its cache in " + answers + " of " + count(of, "answer")
                    + ", and cache hits start sooner; they are together in the table and apart below it. Prompts that"
                    + " begin unlike any other (--salt, --shared-prefix 0) have no hits.";
        }
    }

    record EmbeddedProvider() implements Caveat {
        @Override
        public String text() {
            return "The provider was the simulated one inside this same process, so its work and the client's share"
                    + " CPUs and collector pauses; this shows the tool, not a model. Give --url to measure a server.";
        }
    }

    /// There was no stream to time.
    record NotStreamed() implements Caveat {
        @Override
        public String text() {
            return "Whole answers were asked for (--no-stream), so all of an answer's output arrives with its end: ttft and"
                    + " ttfo are e2e, the time until everything was there, and there are no gaps. Compare e2e only, or"
                    + " leave --no-stream out.";
        }
    }

    /// The steady state alone was to be measured, and too few answers tell where it begins.
    record SteadyNotJudged(long answers) implements Caveat {
        @Override
        public String text() {
            return "Where the run became steady (--steady) could not be judged by " + count(answers, "answer")
                    + "; it needs " + SteadyState.LEAST_REQUESTS
                    + ". Nothing was cut: the figures are of the whole run."
                    + " Give more requests, or a longer --duration.";
        }
    }

    /// A closed loop did not keep as many requests in flight as it has users.
    record ConcurrencyNotKept(int asked, double mean, int most) implements Caveat {
        /// How far the mean may be off: 5 %. A user who is free sends within microseconds, of which short answers
        /// have many.
        static final double TOLERANCE = 0.05;

        @Override
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "%d users were asked for, and %s requests were in flight on average, %d at most, so the load was"
                            + " another one. Users wait for this client where answers are short (send_lag) and at the"
                            + " start of a short run; give more requests, or fewer users.",
                    asked,
                    figures(mean),
                    most);
        }
    }

    /// An open loop's limits kept requests back until its time was over.
    record HeldBackToTheEnd(long requests) implements Caveat {
        @Override
        public String text() {
            return count(requests, "request") + " that fell due were never sent, because a limit (--concurrency,"
                    + " --max-requests-per-minute, --max-tokens-per-minute) held them back until the time was over;"
                    + " they are in no figure, and would have waited longer than those that are. Raise the limit, or"
                    + " lower --request-rate.";
        }
    }

    /// Limits per minute made another load of the one that was asked for.
    record HeldBackByLimits(long heldBack, long of, long heldBackNs) implements Caveat {
        @Override
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "Limits per minute held back %d of %s (%s), by %s s on average: as far as that, this is the load"
                            + " that the limits let through and not the one that was asked for. What they held back is in"
                            + " throttle, queue and *_from_intended, and in no latency from started. Raise"
                            + " --max-requests-per-minute or --max-tokens-per-minute, or ask for less.",
                    heldBack,
                    count(of, "request"),
                    percent(heldBack, of),
                    figures(heldBackNs / 1e9 / heldBack));
        }
    }

    /// A negative duration is a finding, kept as it is.
    record NegativeDuration(Metric metric, long leastNs) implements Caveat {
        @Override
        public String text() {
            String seen = metric.label() + " (" + metric.formula() + ") was negative, down to " + millis(leastNs);
            if (metric.group() == Metric.Group.GAP) {
                return seen + ": stamps ran backwards, which one connection's arrivals cannot. Where wall_clock_set or"
                        + " several clocks do not explain it, please report it.";
            }
            return seen
                    + ": the answer was there before this client had taken the later stamp of its request, because the"
                    + " server was quick or the client late; what is counted from that stamp is too short by as much.";
        }
    }

    /// A figure that the client's own error could be.
    ///
    /// @param errorNs the error of one value of the metric, as it stands beside it in the report
    record BelowClientNoise(Metric metric, long p50Ns, long errorNs) implements Caveat {
        @Override
        public String text() {
            return metric.label() + " is " + millis(p50Ns) + " at p50, less than this client's own error of "
                    + ErrorBar.millisUp(errorNs)
                    + " ms, so its figures say little of the server. Give --io-cpus and --io-wait spin,"
                    + " lower the load, or measure on a quieter machine.";
        }
    }

    /// There was to be an error bar.
    record NotCalibrated(String reason) implements Caveat {
        @Override
        public String text() {
            return "This client's own error could not be measured (" + reason + "), so no figure has an error bar;"
                    + " lens calibrate tells more, and --no-calibration does without.";
        }
    }

    record EndedEarly(String reason, long ended) implements Caveat {
        @Override
        public String text() {
            return "The run was ended early (" + reason + ") after " + count(ended, "request")
                    + "; what was in flight is cancelled.";
        }
    }

    /// The next request could have cost more than was left.
    ///
    /// @param limit what the run may cost, with its currency, as the other amounts
    /// @param spent what it did cost, as far as that is known
    /// @param reserved the most that one request was reckoned to cost
    /// @param unknown requests of unknown cost, each of which was counted as that much
    record MaxCost(String limit, String spent, String reserved, long unknown, long ended) implements Caveat {
        @Override
        public String text() {
            return "The run was ended early (max cost) after " + count(ended, "request") + " for "
                    + (unknown == 0 ? spent : "at least " + spent + " (" + unknown + " of unknown cost)")
                    + ": one more, which may cost up to " + reserved + ", could have passed " + limit + " with those in"
                    + " flight. Raise --max-cost, or lower --osl or --concurrency.";
        }
    }

    record WarmupFailed(long failed, long of) implements Caveat {
        @Override
        public String text() {
            return failed + " of " + count(of, "warm-up request") + " failed, so connections and caches may not have"
                    + " been warm.";
        }
    }

    /// Warm-up was to last until the target is steady, and ended by its longest time.
    ///
    /// @param answers that there were in it, failed ones included
    record WarmupNotSteady(Duration after, long answers) implements Caveat {
        @Override
        public String text() {
            return "In the " + after.toSeconds() + " s that warm-up may take at most, " + count(answers, "request")
                    + " did not show that ttft keeps a level, and measuring began all the same. Give it longer"
                    + " (--warmup auto:TIME), or see what drifts.";
        }
    }

    record KeyInCleartext(String host) implements Caveat {
        @Override
        public String text() {
            return "A key went to " + host + " without TLS, so anyone on the way could read it; use https, and change"
                    + " the key if the network is not yours.";
        }
    }

    private static String count(long number, String noun) {
        return number + " " + noun + (number == 1 ? "" : "s");
    }

    private static String millis(long ns) {
        return BigDecimal.valueOf(ns, 6).round(new MathContext(3)).toPlainString() + " ms";
    }

    private static String figures(double value) {
        return BigDecimal.valueOf(value).round(new MathContext(3)).toPlainString();
    }

    private static String percent(long part, long whole) {
        return (part == whole ? "100" : figures(100.0 * part / whole)) + " %";
    }
}
