package dev.latencylens.cli;

import dev.latencylens.simulated.TruthRecord;
import dev.latencylens.transport.Cpus;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A simulated provider in a Java of its own, whose record of truth comes through a pipe.
///
/// A process of its own, because a safepoint of this one must not stop the writes that this one is measured by. It
/// leaves no file behind, and ends when this process does, however that ends: the input that it waits for is a
/// pipe from here.
final class ProviderProcess implements AutoCloseable {
    /// A JVM starts in less than a second; on a machine that is so busy that it takes longer, there is little to
    /// learn.
    private static final long LONGEST_START_MS = 20_000;
    /// The record is flushed every 200 ms.
    private static final long LONGEST_WAIT_MS = 2_000;

    private static final long LONGEST_END_MS = 3_000;
    /// In case the pipe is held open by another process that this one has started.
    private static final String LIFETIME = "10m";

    /// What the child's environment keeps: no key is for it, and this process's Java options come as arguments.
    private static final Set<String> KEPT_VARIABLES = Set.of("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL");

    /// Standard output as a file, which Linux, macOS and the BSDs have.
    private static final String OUTPUT = "/dev/stdout";

    private static final String ENDED = "";

    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final URI baseUrl;

    /// @param ioCpus the CPUs of the I/O threads, from which it keeps away where there are others; null for
    /// wherever the system puts both
    ProviderProcess(boolean tls, @Nullable Cpus ioCpus) throws IOException, InterruptedException {
        List<String> command = Fork.command(List.of(
                "simulate", "--end-with-input", "--lifetime", LIFETIME, "--record", OUTPUT, "--host", "127.0.0.1"));
        if (tls) {
            command.add("--tls");
        }
        int apart = apartFrom(ioCpus);
        if (apart >= 0) {
            command.addAll(List.of("--cpus", Integer.toString(apart)));
        }
        var builder = new ProcessBuilder(command);
        builder.environment().keySet().retainAll(KEPT_VARIABLES);
        process = builder.start();
        Thread.ofPlatform().name("truth").daemon().start(this::read);
        try {
            String url = lines.poll(LONGEST_START_MS, TimeUnit.MILLISECONDS);
            if (url == null || url.equals(ENDED)) {
                throw new IOException("the simulated provider did not start: " + complaint(url == null));
            }
            baseUrl = URI.create(url);
        } catch (IOException | InterruptedException | RuntimeException e) {
            close();
            throw e;
        }
    }

    URI baseUrl() {
        return baseUrl;
    }

    long pid() {
        return process.pid();
    }

    /// What it tells of these requests, or of as many as it tells of in time. Takes the ids out of the set.
    List<TruthRecord> truths(Set<String> ids) throws InterruptedException {
        var truths = new ArrayList<TruthRecord>();
        while (!ids.isEmpty()) {
            String line = lines.poll(LONGEST_WAIT_MS, TimeUnit.MILLISECONDS);
            if (line == null || line.equals(ENDED)) {
                break;
            }
            TruthRecord truth = TruthRecord.parse(line);
            if (ids.remove(truth.id())) {
                truths.add(truth);
            }
        }
        return truths;
    }

    /// Returns when the process is gone.
    @Override
    public void close() {
        boolean interrupted = false;
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            // It is gone already.
        }
        try {
            if (!process.waitFor(LONGEST_END_MS, TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor(LONGEST_END_MS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void read() {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
            }
        } catch (IOException e) {
            // The process was ended by force.
        } finally {
            lines.add(ENDED);
        }
    }

    private String complaint(boolean late) throws IOException {
        if (late) {
            return "it said nothing for " + LONGEST_START_MS / 1_000 + " s";
        }
        try (BufferedReader errors = process.errorReader(StandardCharsets.UTF_8)) {
            String line = errors.readLine();
            return line == null ? "it ended at once" : line;
        }
    }

    /// A CPU that this process may use and its I/O threads do not, or -1.
    private static int apartFrom(@Nullable Cpus ioCpus) {
        if (ioCpus == null) {
            return -1;
        }
        var others = new TreeSet<>(Cpus.allowed().numbers());
        others.removeAll(ioCpus.numbers());
        return others.isEmpty() ? -1 : others.last();
    }
}
