package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.lens;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The runs that there are, as their folders tell.
class HistoryTest {
    @TempDir
    Path runs;

    @Test
    void theNewestRunComesFirstAndThoseOfPlansAreAmongThem() throws IOException {
        run("a", "2026-01-01T00:00:00Z", "finished", "VALID");
        run("plan/01-x", "2026-01-03T00:00:00Z", "running", "");
        Files.writeString(runs.resolve("plan").resolve(PlanExecution.SETTINGS), "{}");
        run("b", "2026-01-02T00:00:00Z", "finished", "INVALID");
        Files.createDirectories(runs.resolve("empty"));
        Files.writeString(Files.createDirectories(runs.resolve("broken")).resolve(RunDirectory.RUN), "{");

        var history = lens("history", "--runs-dir", runs.toString());

        assertThat(history.err()).isEmpty();
        assertThat(history.out().lines().map(line -> line.strip().split(" +")[0]))
                .containsExactly("run", "plan/01-x", "b", "a");
        assertThat(history.out()).contains("INVALID", "running", "7/8", "12.50");
        assertThat(lens("history", "--last", "1", "--runs-dir", runs.toString()).out())
                .hasLineCount(2);
    }

    @Test
    void theFoldersAreTheTruthAndTheIndexOnlyRemembersThem() throws Exception {
        run("a", "2026-01-01T00:00:00Z", "running", "");
        run("b", "2026-01-02T00:00:00Z", "finished", "VALID");
        lens("history", "--runs-dir", runs.toString());

        run("a", "2026-01-01T00:00:00Z", "recovered", "INCONCLUSIVE");
        Files.delete(runs.resolve("b").resolve(RunDirectory.RUN));

        assertThat(lens("history", "--runs-dir", runs.toString()).out())
                .contains("recovered")
                .doesNotContain("VALID")
                .hasLineCount(2);
        try (var index = DriverManager.getConnection("jdbc:sqlite:" + runs.resolve(HistoryIndex.FILE));
                var row = index.createStatement().executeQuery("SELECT folder, state, ttft_p50_ns FROM run")) {
            assertThat(row.next()).isTrue();
            assertThat(List.of(row.getString(1), row.getString(2), row.getLong(3)))
                    .isEqualTo(List.of("a", "recovered", 12_500_000L));
            assertThat(row.next()).isFalse();
        }
    }

    @Test
    void anIndexThatIsNoneIsToldAndTheRunsAreListedAllTheSame() throws IOException {
        run("a", "2026-01-01T00:00:00Z", "finished", "VALID");
        Files.writeString(
                runs.resolve(HistoryIndex.FILE), "no database at all, but long enough to be looked at".repeat(9));

        var history = lens("history", "--runs-dir", runs.toString());

        assertThat(history.exitCode()).isZero();
        assertThat(history.err()).contains("every run.json was read").hasLineCount(1);
        assertThat(history.out()).contains("VALID");
    }

    @Test
    void aBaselineIsAFinishedRunThatMayBeBelieved() throws IOException {
        run("a", "2026-01-01T00:00:00Z", "finished", "VALID");
        run("b", "2026-01-02T00:00:00Z", "finished", "INVALID");
        run("c", "2026-01-03T00:00:00Z", "recovered", "INCONCLUSIVE");

        assertThat(baseline("b").err()).contains("is INVALID, so nothing can be held against it");
        assertThat(baseline("c").err()).contains("is recovered, and only one that has finished");
        assertThat(baseline("d").err()).contains("cannot read '");

        assertThat(baseline("a").out()).isEqualTo("baseline: a\n");
        assertThat(lens("baseline", "show", "--runs-dir", runs.toString()).out())
                .isEqualTo(runs.resolve("a") + "\n");
        assertThat(lens("history", "--runs-dir", runs.toString()).out()).contains("\n* a ");
    }

    @Test
    void aRunOfANewerFormatIsLeftOutAndToldOfEachTime() throws IOException {
        run("a", "2026-01-01T00:00:00Z", "finished", "VALID");
        run("b", "2026-01-02T00:00:00Z", "finished", "VALID");
        Path newer = runs.resolve("b").resolve(RunDirectory.RUN);
        Files.writeString(newer, Files.readString(newer).replaceFirst("\\{", "{\"formatVersion\": 2, "));

        for (int time = 1; time <= 2; time++) {
            var history = lens("history", "--runs-dir", runs.toString());

            assertThat(history.exitCode()).isZero();
            assertThat(history.out().lines().map(line -> line.strip().split(" +")[0]))
                    .containsExactly("run", "a");
            assertThat(history.err()).isEqualTo("lens: 1 run is left out, for a newer lens wrote it: b\n");
        }
    }

    @Test
    void whatIsNoTextOrNoRunHidesNoOther() throws IOException {
        run("a", "2026-01-01T00:00:00Z", "finished", "VALID");
        Path binary = Files.createDirectories(runs.resolve("binary")).resolve(RunDirectory.RUN);
        Files.write(binary, "{\"model\":\"\u00ff\u00fe\"}".getBytes(StandardCharsets.ISO_8859_1));
        Files.createDirectories(runs.resolve("folder").resolve(RunDirectory.RUN));
        for (String other : List.of("{\"hello\":1}", "[]", "7", "null", "", "{\"state\":\"\"}", "{\"state\":[1]}")) {
            Files.writeString(Files.createTempDirectory(runs, "other").resolve(RunDirectory.RUN), other);
        }

        var history = lens("history", "--runs-dir", runs.toString());

        assertThat(history.exitCode()).as(history.err()).isZero();
        assertThat(history.err()).isEmpty();
        assertThat(history.out().lines().map(line -> line.strip().split(" +")[0]))
                .containsExactly("run", "a");
        assertThat(baseline("binary").err())
                .contains("run.json' is empty or damaged")
                .hasLineCount(1);
    }

    private LensRun baseline(String run) {
        return lens("baseline", "set", run, "--runs-dir", runs.toString());
    }

    private void run(String folder, String startedAt, String state, String verdict) throws IOException {
        Files.writeString(Files.createDirectories(runs.resolve(folder)).resolve(RunDirectory.RUN), """
                {"state": "%s", "clock": {"wallStart": "%s"}, "verdict": {"state": "%s"},
                 "plan": {"model": "m", "provider": null, "load": {"arrivals": "closed-loop", "concurrency": 3}},
                 "summary": {"measured": 8, "answered": 7, "metrics": {"ttft": {"percentiles": {"p50": 12500000}}}}}
                """.formatted(
                        state, startedAt, verdict));
    }
}
