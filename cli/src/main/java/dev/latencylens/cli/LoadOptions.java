package dev.latencylens.cli;

import static dev.latencylens.cli.Flags.named;

import dev.latencylens.cli.RunCommand.DurationConverter;
import dev.latencylens.load.ArrivalSchedule;
import dev.latencylens.load.Gaps;
import dev.latencylens.load.Load;
import dev.latencylens.load.RateCourse;
import dev.latencylens.load.ThinkTime;
import dev.latencylens.load.Warmup;
import dev.latencylens.stats.Percentile;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// The flags of a run's load: who sends when, how much, and for how long.
final class LoadOptions {
    /// Requests unless asked otherwise: the fewest for which a p90 may be told.
    private static final long DEFAULT_REQUESTS = Percentile.P90.floor();

    /// The demonstration: enough requests for a p95, in about two seconds.
    private static final long EMBEDDED_REQUESTS = Percentile.P95.floor();

    private static final int EMBEDDED_CONCURRENCY = 16;

    /// Servers compile kernels and fill their batches in seconds; whoever pays for the answers wants an end.
    private static final Duration MOST_WARMUP = Duration.ofSeconds(60);

    private static final String RATE = "\\d{1,9}(?:\\.\\d{1,9})?";
    private static final Pattern STAGE =
            Pattern.compile("(?:(linear|exponential):)?([^@:]+)@(" + RATE + ")(?:\\.\\.(" + RATE + "))?");
    private static final Pattern BURSTS = Pattern.compile("(\\d{1,9})@(.+)");

    private List<Integer> concurrencies = List.of();
    private List<Double> requestRates = List.of();
    private @Nullable ArrivalPattern arrivalPattern;
    private @Nullable Double burstiness;
    private @Nullable String ramp;
    private List<String> stages = List.of();
    private @Nullable String bursts;
    private @Nullable Path trace;
    private @Nullable Double traceScale;
    private @Nullable String thinkTime;
    private @Nullable Double turnDelayMean;
    private @Nullable Double turnDelayDeviation;
    private @Nullable Long conversations;
    private @Nullable Long requests;
    private @Nullable Duration duration;
    private Warmup warmup = new Warmup.Requests(0);
    private @Nullable Trace read;

    void declare(Flags flags) {
        flags.addList(
                named("--concurrency", "--max-concurrency")
                        .paramLabel("N[,N]")
                        .splitRegex(",")
                        .description(
                                "users that each wait for their answer (default 1); in an open loop the most requests in"
                                        + " flight (default no limit), where one held back shows as queue; several make a run of each"),
                Integer.class,
                value -> concurrencies = value);
        flags.addList(
                named("--request-rate")
                        .paramLabel("PER_SECOND[,PER_SECOND]")
                        .splitRegex(",")
                        .converters(new RateConverter())
                        .description(
                                "open loop: send so many requests per second whatever the answers do; inf (the default) is a"
                                        + " closed loop, where users send as they get free; several make a run of each"),
                Double.class,
                value -> requestRates = value);
        flags.add(
                named("--arrival-pattern")
                        .paramLabel("constant|poisson|gamma")
                        .description(
                                "gaps of an open loop: all alike (default), of a Poisson process, or gamma with --burstiness;"
                                        + " drawn by --seed and never rescaled to come out even"),
                ArrivalPattern.class,
                value -> arrivalPattern = value);
        flags.add(
                named("--burstiness")
                        .paramLabel("SHAPE")
                        .description(
                                "shape of the gamma distribution of gaps, as in vLLM: 1 (default) is Poisson, less comes in"
                                        + " bursts, more is more even; implies --arrival-pattern gamma"),
                Double.class,
                value -> burstiness = value);
        flags.add(
                named("--ramp")
                        .paramLabel("[exponential:]TIME@FROM..TO")
                        .description(
                                "open loop whose rate goes from FROM to TO requests per second in TIME, linearly unless said"
                                        + " otherwise, such as 60s@1..100; ends with it, or stays at TO until --duration"),
                String.class,
                value -> ramp = value);
        flags.addList(
                named("--stages")
                        .paramLabel("TIME@RATE[..RATE]")
                        .splitRegex(",")
                        .description(
                                "open loop in stages, each TIME long at RATE requests per second, or from one rate to the"
                                        + " other, such as 60s@10,30s@10..50,60s@50; ends with the last"),
                String.class,
                value -> stages = value);
        flags.add(
                named("--bursts")
                        .paramLabel("N@TIME")
                        .description("open loop of N requests at once, again every TIME, such as 50@10s"),
                String.class,
                value -> bursts = value);
        flags.add(
                named("--trace")
                        .paramLabel("FILE")
                        .description(
                                "open loop that replays a trace, with its times and its lengths of prompts and answers: CSV of"
                                        + " BurstGPT or Azure, JSON lines of Mooncake"),
                Path.class,
                value -> trace = value);
        flags.add(
                named("--trace-scale")
                        .paramLabel("X")
                        .description("multiply the trace's times: 0.5 replays it twice as fast (default 1)"),
                Double.class,
                value -> traceScale = value);
        flags.add(
                named("--think-time")
                        .paramLabel("TIME|FORM")
                        .description(
                                "closed loop and --turns: how long each user waits after an answer before it asks again, such"
                                        + " as 200ms, uniform:100ms:300ms, normal:2s:500ms, exponential:200ms (the mean) or"
                                        + " lognormal:200ms:0.3 (median, sigma); not before a new conversation (default none)"),
                String.class,
                value -> thinkTime = value);
        flags.add(
                named("--turn-delay-mean", "--conversation-turn-delay-mean", "--session-turn-delay-mean")
                        .paramLabel("MS")
                        .description("mean of --think-time in milliseconds, as AIPerf has it (default none)"),
                Double.class,
                value -> turnDelayMean = value);
        flags.add(
                named("--turn-delay-stddev", "--conversation-turn-delay-stddev", "--session-turn-delay-stddev")
                        .paramLabel("MS")
                        .description("its standard deviation in milliseconds, for a normal distribution (default 0)"),
                Double.class,
                value -> turnDelayDeviation = value);
        flags.add(
                named("--num-conversations", "--conversation-num", "--num-sessions")
                        .paramLabel("N")
                        .description(
                                "conversations to begin with --turns, those for warm-up included (default as many as come to"
                                        + " about 64 measured requests where nothing else ends the load)"),
                Long.class,
                value -> conversations = value);
        flags.add(
                named("-n", "--num-prompts", "--request-count")
                        .paramLabel("N")
                        .description(
                                "requests to measure, each turn of a conversation being one (default 64 where nothing else ends"
                                        + " the load)"),
                Long.class,
                value -> requests = value);
        flags.add(
                named("--duration")
                        .paramLabel("TIME")
                        .converters(new DurationConverter())
                        .description(
                                "how long to go on starting requests, such as 30s or 5m (default until --num-prompts)"),
                Duration.class,
                value -> duration = value);
        flags.add(
                named("--warmup", "--num-warmups", "--warmup-request-count")
                        .paramLabel("N|TIME|auto")
                        .converters(new WarmupConverter())
                        .description(
                                "requests to send first and leave out of the figures, as a number or as the time such as 30s"
                                        + " in which they are due (default 0); auto ends it when ttft keeps its level, after 60s at most,"
                                        + " or auto:TIME; the load goes on over its end"),
                Warmup.class,
                value -> warmup = value);
    }

    /// Reads a number, and `inf` as vLLM writes it.
    static final class RateConverter implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            if (text.strip().equals("inf")) {
                return Double.POSITIVE_INFINITY;
            }
            double rate;
            try {
                rate = Double.parseDouble(text.strip());
            } catch (NumberFormatException e) {
                throw new TypeConversionException("'" + text + "' is no rate such as 10 or 0.5 per second, or inf");
            }
            if (rate > RateCourse.MOST_PER_SECOND) {
                throw new TypeConversionException(
                        "'" + text + "' is too high a rate; give at most 1e9 per second, or inf for a closed loop");
            }
            return rate;
        }
    }

    /// Reads `16`, `30s`, `auto` and `auto:2m`.
    static final class WarmupConverter implements ITypeConverter<Warmup> {
        @Override
        public Warmup convert(String text) {
            String form = text.strip();
            if (form.equals("auto")) {
                return new Warmup.UntilSteady(MOST_WARMUP);
            }
            if (form.matches("-?\\d+")) {
                try {
                    return new Warmup.Requests(Long.parseLong(form));
                } catch (IllegalArgumentException wrong) {
                    throw none(text);
                }
            }
            boolean auto = form.startsWith("auto:");
            String time = auto ? form.substring("auto:".length()) : form;
            if (!DurationConverter.FORM.matcher(time).matches()) {
                throw none(text);
            }
            if (Character.isDigit(time.charAt(time.length() - 1))) {
                throw new TypeConversionException(
                        "'" + text + "' has a time without a unit; give " + form + "s for seconds");
            }
            Duration length = new DurationConverter().convert(time);
            return auto ? new Warmup.UntilSteady(length) : new Warmup.Time(length);
        }

        private static TypeConversionException none(String text) {
            return new TypeConversionException("'" + text + "' is no warm-up such as 16 (requests), 30s (a time),"
                    + " auto or auto:2m (until steady, in this time at most)");
        }
    }

    /// How gaps between requests spread.
    enum ArrivalPattern {
        CONSTANT,
        POISSON,
        GAMMA
    }

    /// @param drain how long requests in flight may take when nothing more is started
    /// @param prompts whose seed is asked for where something is drawn at random
    Load load(boolean embedded, Duration drain, PromptOptions prompts) {
        check();
        LongSupplier seed = prompts::seed;
        boolean talks = prompts.talks();
        if (conversations != null && !talks) {
            throw CommandFailure.usage("--num-conversations needs conversations; give --turns with it");
        }
        Integer concurrency = concurrencies.isEmpty() ? null : concurrencies.getFirst();
        ArrivalSchedule arrivals = arrivals(seed);
        int users = concurrency != null ? concurrency : arrivals != null ? 0 : embedded ? EMBEDDED_CONCURRENCY : 1;
        Duration length = duration != null ? duration : length(arrivals);
        if (warmup instanceof Warmup.Time(Duration time)
                && duration == null
                && length != null
                && time.compareTo(length) >= 0) {
            throw CommandFailure.usage("--warmup " + Figures.seconds(time.toNanos()) + "s leaves nothing of "
                    + openLoops().getFirst() + " to measure, which lasts " + Figures.seconds(length.toNanos())
                    + " s; give a shorter one");
        }
        boolean ends = length != null || arrivals instanceof ArrivalSchedule.Replayed;
        long usual = embedded ? EMBEDDED_REQUESTS : DEFAULT_REQUESTS;
        if (arrivals instanceof ArrivalSchedule.Bursts(int size, var _)) {
            usual = Math.ceilDiv(usual, size) * size; // whole bursts
        }
        ends |= conversations != null;
        if (talks) {
            long most = conversations != null
                    ? conversations
                    : ends || requests != null
                            ? 0
                            : Math.ceilDiv(usual + warmup.requests(), (long) Math.ceil(prompts.meanTurns()));
            return new Load(
                    arrivals,
                    users,
                    thinkTime(arrivals, true, seed),
                    requests == null ? 0 : requests,
                    warmup,
                    length,
                    drain,
                    new Load.Conversations(most));
        }
        long count = requests != null ? requests : ends ? 0 : usual;
        return new Load(arrivals, users, thinkTime(arrivals, false, seed), count, warmup, length, drain);
    }

    /// Every load that was asked for: each concurrency with each rate.
    List<RunGrid.Cell> cells() {
        check();
        var cells = new ArrayList<RunGrid.Cell>();
        for (Integer concurrency : orNone(concurrencies)) {
            for (Double rate : orNone(requestRates)) {
                var names = new ArrayList<String>();
                var flags = new ArrayList<String>();
                if (concurrency != null) {
                    flags.add("--concurrency=" + concurrency);
                    names.add(concurrencies.size() > 1 ? "concurrency " + concurrency : "");
                }
                if (rate != null) {
                    flags.add("--request-rate=" + rate);
                    names.add(requestRates.size() > 1 ? "rate " + rate : "");
                }
                names.removeIf(String::isEmpty);
                cells.add(new RunGrid.Cell(String.join(" ", names), flags));
            }
        }
        return cells;
    }

    /// The values, or one that is null where there are none.
    private static <T> List<@Nullable T> orNone(List<T> values) {
        return values.isEmpty() ? Collections.singletonList(null) : List.copyOf(values);
    }

    /// The trace to replay, null for none.
    @Nullable
    Trace trace() {
        if (trace != null && read == null) {
            read = Trace.read(trace);
        }
        return read;
    }

    private void check() {
        if (requests != null) {
            RunCommand.atLeast("--num-prompts", requests, 1);
        }
        if (conversations != null) {
            RunCommand.atLeast("--num-conversations", conversations, 1);
        }
        concurrencies.forEach(concurrency -> RunCommand.atLeast("--concurrency", concurrency, 1));
        for (double rate : requestRates) {
            if (!(rate > 0)) {
                throw CommandFailure.usage("--request-rate must be positive, was " + rate);
            }
        }
        List<String> loops = openLoops();
        if (loops.size() > 1) {
            throw CommandFailure.usage(String.join(" and ", loops)
                    + " exclude each other; give one of them, or --stages for several rates");
        }
        boolean drawn = arrivalPattern != null || burstiness != null;
        boolean paced = requestRateGiven() || ramp != null || !stages.isEmpty();
        if (drawn && !paced) {
            throw CommandFailure.usage((arrivalPattern == null ? "--burstiness" : "--arrival-pattern")
                    + " is for the gaps of an open loop; give --request-rate, --ramp or --stages with it");
        }
        if (traceScale != null && (trace == null || !(traceScale > 0 && traceScale < Double.POSITIVE_INFINITY))) {
            throw CommandFailure.usage(
                    trace == null
                            ? "--trace-scale needs a --trace"
                            : "--trace-scale must be positive, was " + traceScale);
        }
        if (burstiness != null && arrivalPattern != null && arrivalPattern != ArrivalPattern.GAMMA) {
            throw CommandFailure.usage("--burstiness belongs to --arrival-pattern gamma; leave one of them out");
        }
    }

    /// The flags that were given of those that make an open loop.
    private List<String> openLoops() {
        var given = new ArrayList<String>();
        if (requestRateGiven()) {
            given.add("--request-rate");
        }
        if (ramp != null) {
            given.add("--ramp");
        }
        if (!stages.isEmpty()) {
            given.add("--stages");
        }
        if (bursts != null) {
            given.add("--bursts");
        }
        if (trace != null) {
            given.add("--trace");
        }
        return given;
    }

    private boolean requestRateGiven() {
        return !requestRates.isEmpty() && requestRates.getFirst() < Double.POSITIVE_INFINITY;
    }

    private @Nullable ArrivalSchedule arrivals(LongSupplier seed) {
        if (bursts != null) {
            return bursts(bursts);
        }
        Trace recorded = trace();
        if (recorded != null) {
            return recorded.arrivals(traceScale == null ? 1 : traceScale);
        }
        RateCourse course = course();
        return course == null ? null : new ArrivalSchedule.Paced(course, gaps(seed));
    }

    private Gaps gaps(LongSupplier seed) {
        ArrivalPattern pattern = arrivalPattern != null
                ? arrivalPattern
                : burstiness == null ? ArrivalPattern.CONSTANT : ArrivalPattern.GAMMA;
        return switch (pattern) {
            case CONSTANT -> new Gaps.Equal();
            case POISSON -> new Gaps.Exponential(seed.getAsLong());
            case GAMMA -> new Gaps.Gamma(burstiness == null ? 1 : burstiness, seed.getAsLong());
        };
    }

    private @Nullable RateCourse course() {
        if (ramp != null) {
            RateCourse.Stage rise = stage("--ramp", ramp);
            double last = rise.toPerSecond();
            return last == 0
                    ? new RateCourse(List.of(rise))
                    : new RateCourse(List.of(rise, new RateCourse.Stage(last, last, null, RateCourse.Shape.LINEAR)));
        }
        if (!stages.isEmpty()) {
            return new RateCourse(
                    stages.stream().map(text -> stage("--stages", text)).toList());
        }
        return requestRateGiven() ? RateCourse.constant(requestRates.getFirst()) : null;
    }

    private static RateCourse.Stage stage(String option, String text) {
        var matcher = STAGE.matcher(text.strip());
        if (!matcher.matches() || (option.equals("--ramp") && matcher.group(4) == null)) {
            throw CommandFailure.usage(option + " takes "
                    + (option.equals("--ramp")
                            ? "TIME@FROM..TO such as 60s@1..100"
                            : "stages such as 60s@10,30s@10..50")
                    + ", was '" + text + "'");
        }
        double from = Double.parseDouble(matcher.group(3));
        double to = matcher.group(4) == null ? from : Double.parseDouble(matcher.group(4));
        var shape = matcher.group(1) == null
                ? RateCourse.Shape.LINEAR
                : RateCourse.Shape.valueOf(matcher.group(1).toUpperCase(Locale.ROOT));
        try {
            return new RateCourse.Stage(from, to, new DurationConverter().convert(matcher.group(2)), shape);
        } catch (RuntimeException wrong) {
            throw CommandFailure.usage(option + " '" + text + "': " + wrong.getMessage(), wrong);
        }
    }

    private static ArrivalSchedule.Bursts bursts(String text) {
        var matcher = BURSTS.matcher(text.strip());
        if (!matcher.matches()) {
            throw CommandFailure.usage("--bursts takes N@TIME such as 50@10s, was '" + text + "'");
        }
        try {
            return new ArrivalSchedule.Bursts(
                    Integer.parseInt(matcher.group(1)), new DurationConverter().convert(matcher.group(2)));
        } catch (RuntimeException wrong) {
            throw CommandFailure.usage("--bursts '" + text + "': " + wrong.getMessage(), wrong);
        }
    }

    private @Nullable ThinkTime thinkTime(@Nullable ArrivalSchedule arrivals, boolean talks, LongSupplier seed) {
        String asked = askedThinkTime();
        if (asked == null) {
            return null;
        }
        if (arrivals != null && !talks) {
            throw CommandFailure.usage("--think-time belongs to the users of a closed loop and to the turns of"
                    + " conversations; leave it out, or leave out "
                    + openLoops().getFirst() + ", or give --turns");
        }
        return thinkTime(asked, seed.getAsLong());
    }

    private @Nullable String askedThinkTime() {
        millis("--turn-delay-mean", turnDelayMean);
        millis("--turn-delay-stddev", turnDelayDeviation);
        if (turnDelayMean == null) {
            if (turnDelayDeviation != null) {
                throw CommandFailure.usage("--turn-delay-stddev needs --turn-delay-mean; give it in milliseconds");
            }
            return thinkTime == null ? null : thinkTime.strip();
        }
        if (thinkTime != null) {
            throw CommandFailure.usage("--think-time and --turn-delay-mean say the same; leave out one of them");
        }
        if (turnDelayMean == 0 && (turnDelayDeviation == null || turnDelayDeviation == 0)) {
            return null;
        }
        return turnDelayDeviation == null || turnDelayDeviation == 0
                ? millis(turnDelayMean)
                : "normal:" + millis(turnDelayMean) + ":" + millis(turnDelayDeviation);
    }

    private static void millis(String option, @Nullable Double value) {
        if (value != null && !(value >= 0 && value <= DurationConverter.LONGEST.toMillis())) {
            throw CommandFailure.usage(option + " must be from 0 to " + DurationConverter.LONGEST.toMillis()
                    + " milliseconds, was " + value);
        }
    }

    private static String millis(double value) {
        return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString() + "ms";
    }

    static ThinkTime thinkTime(String text, long seed) {
        try {
            return new ThinkTime(text, spread(text.split(":", -1)), seed);
        } catch (RuntimeException wrong) {
            throw CommandFailure.usage("--think-time '" + text + "': " + wrong.getMessage(), wrong);
        }
    }

    private static ThinkTime.Spread spread(String[] parts) {
        return switch (parts.length == 1 ? "" : parts[0] + "/" + (parts.length - 1)) {
            case "" -> new ThinkTime.Constant(ns(parts[0]));
            case "constant/1" -> new ThinkTime.Constant(ns(parts[1]));
            case "uniform/2" -> new ThinkTime.Uniform(ns(parts[1]), ns(parts[2]));
            case "normal/2" -> new ThinkTime.Normal(ns(parts[1]), ns(parts[2]));
            case "exponential/1" -> new ThinkTime.Exponential(ns(parts[1]));
            case "lognormal/2" -> new ThinkTime.Lognormal(ns(parts[1]), Double.parseDouble(parts[2]));
            default ->
                throw new IllegalArgumentException("expected a time such as 200ms, uniform:100ms:300ms,"
                        + " normal:2s:500ms, exponential:200ms or lognormal:200ms:0.3");
        };
    }

    private static long ns(String text) {
        return new DurationConverter().convert(text).toNanos();
    }

    /// How long a load lasts whose rate changes, or null where the rate says nothing of it.
    private static @Nullable Duration length(@Nullable ArrivalSchedule arrivals) {
        if (!(arrivals instanceof ArrivalSchedule.Paced(RateCourse course, var _))) {
            return null;
        }
        var length = Duration.ZERO;
        for (RateCourse.Stage stage : course.stages()) {
            Duration each = stage.length();
            length = each == null ? length : length.plus(each);
        }
        return length.isPositive() ? length : null;
    }
}
