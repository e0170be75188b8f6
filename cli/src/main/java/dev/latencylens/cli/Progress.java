package dev.latencylens.cli;

import dev.latencylens.clock.Clock;
import dev.latencylens.load.Load;
import dev.latencylens.load.LoadRun;
import dev.latencylens.load.Warmup;
import dev.latencylens.stats.Summary;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.OptionalLong;

/// One line on the terminal that tells how a run is going, redrawn four times a second and gone at its end.
final class Progress implements AutoCloseable {
    private static final long REDRAW_MS = 250;
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final PrintStream err;
    private final int columns;
    private final Clock clock;
    private final Load load;
    private final LoadRun run;
    private final Summary summary;
    private final long startedAtNs;
    private final Thread thread;

    private Progress(Console console, Clock clock, Load load, LoadRun run, Summary summary) {
        this.err = console.err();
        this.columns = console.columns();
        this.clock = clock;
        this.load = load;
        this.run = run;
        this.summary = summary;
        this.startedAtNs = clock.nowNs();
        this.thread = Thread.ofPlatform().name("progress").daemon().unstarted(this::draw);
    }

    /// Starts drawing where there is a terminal; elsewhere nothing is written.
    static Progress show(Console console, Clock clock, Load load, LoadRun run, Summary summary) {
        var progress = new Progress(console, clock, load, run, summary);
        if (console.terminal()) {
            progress.thread.start();
        }
        return progress;
    }

    @Override
    public void close() {
        if (!thread.isAlive()) {
            return;
        }
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        err.print(CLEAR_LINE);
        err.flush();
    }

    /// Shows one line on the terminal for as long as something lasts; elsewhere nothing is written.
    static Line say(Console console, String text) {
        PrintStream err = console.terminal() ? console.err() : new PrintStream(OutputStream.nullOutputStream());
        err.print(text.substring(0, Math.min(text.length(), console.columns() - 1)));
        err.flush();
        return () -> {
            err.print(CLEAR_LINE);
            err.flush();
        };
    }

    /// A line that goes when it is closed.
    @FunctionalInterface
    interface Line extends AutoCloseable {
        @Override
        void close();
    }

    private void draw() {
        while (!Thread.currentThread().isInterrupted()) {
            String line = line(load, summary.progress(), run.inFlight(), clock.nowNs() - startedAtNs);
            err.print(CLEAR_LINE + line.substring(0, Math.min(line.length(), columns - 1)));
            err.flush();
            try {
                Thread.sleep(REDRAW_MS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /// @param elapsedNs since the display began
    static String line(Load load, Summary.Progress progress, int inFlight, long elapsedNs) {
        var line = new StringBuilder();
        Warmup warmup = load.warmup();
        if (progress.ended() == 0 && progress.warmups() < warmup.requests()) {
            line.append("warm-up ").append(progress.warmups()).append('/').append(warmup.requests());
        } else if (progress.ended() == 0 && elapsedNs < warmup.mostTime().toNanos()) {
            line.append("warm-up ").append(progress.warmups());
        } else {
            line.append(progress.ended());
            if (load.requests() > 0) {
                line.append('/').append(load.requests());
            }
        }
        line.append("  in flight ").append(inFlight);
        double seconds = progress.windowNs() / 1e9;
        if (seconds > 0) {
            line.append("  ")
                    .append(Figures.rate(progress.answered() / seconds))
                    .append("/s");
        }
        if (progress.ttftP50Ns().isPresent()) {
            line.append("  ttft p50 ")
                    .append(Figures.millis(progress.ttftP50Ns().getAsLong()))
                    .append(" ms");
        }
        if (seconds > 0) {
            line.append("  ")
                    .append(Figures.rate(progress.outputTokens() / seconds))
                    .append(" tokens/s");
        }
        if (progress.failed() > 0) {
            line.append("  failed ").append(progress.failed());
        }
        OptionalLong leftNs = leftNs(load, progress, elapsedNs);
        if (leftNs.isPresent()) {
            line.append("  eta ")
                    .append(Math.ceilDiv(leftNs.getAsLong(), 1_000_000_000))
                    .append(" s");
        }
        return line.toString();
    }

    /// What is left by the count or by the clock, whichever ends first.
    private static OptionalLong leftNs(Load load, Summary.Progress progress, long elapsedNs) {
        long leftNs = Long.MAX_VALUE;
        if (load.requests() > 0 && progress.ended() > 0) {
            leftNs = Math.round((double) progress.windowNs() / progress.ended() * (load.requests() - progress.ended()));
        }
        Duration duration = load.duration();
        if (duration != null) {
            long measuredNs = load.warmup() instanceof Warmup.Requests ? elapsedNs : progress.windowNs();
            leftNs = Math.min(leftNs, Math.max(0, duration.toNanos() - measuredNs));
        }
        return leftNs == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(leftNs);
    }
}
