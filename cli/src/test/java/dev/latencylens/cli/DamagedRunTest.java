package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.lens;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Folders of runs whose files were cut, emptied or changed: one line names the file, and no figure is made of it.
class DamagedRunTest {
    @TempDir
    static Path whole;

    @TempDir
    Path folder;

    @BeforeAll
    static void run() {
        lens("run", "--num-prompts", "3", "--osl", "4", "--output-dir", whole.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", " ", "{}", "[]", "null", "7", "{\"state\":", "{\"state\":\"\",\"clock\":{}}", "\u0000\u0001"
            })
    void aRunFileThatIsEmptyOrCutIsReadByNoCommand(String text) throws IOException {
        has(RunDirectory.RUN, text);

        for (String command : List.of("truth", "audit", "compare")) {
            assertRefused("run.json' is empty or damaged", command);
        }
    }

    @Test
    void aRunFileThatDoesNotTellWhenTheRunBeganIsDamaged() throws IOException {
        has(RunDirectory.RUN, "{\"state\":\"finished\",\"clock\":{\"monotonicStartNs\":\"soon\"}}");

        assertRefused("run.json' is empty or damaged", "truth");
        assertRefused("run.json' is empty or damaged", "audit");
    }

    @Test
    void aRunOfANewerFormatIsRefusedAndBothVersionsAreNamed() throws IOException {
        String text = Files.readString(whole.resolve(RunDirectory.RUN));
        assertThat(text).contains("\"formatVersion\" : 1,");
        has(RunDirectory.RUN, text.replace("\"formatVersion\" : 1,", "\"formatVersion\" : 999,"));

        for (String command : List.of("truth", "audit", "compare", "baseline")) {
            assertRefused("run.json', in format 999; lens 0.1.0-SNAPSHOT reads format 1", command);
        }
        assertThat(folder.resolve(BaselineCommand.FILE)).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"99999999999999999999", "1.5", "\"1\"", "0", "null"})
    void aFormatThatIsNoNumberOfAKnownOneIsRefused(String version) throws IOException {
        has(
                RunDirectory.RUN,
                Files.readString(whole.resolve(RunDirectory.RUN))
                        .replace("\"formatVersion\" : 1,", "\"formatVersion\" : " + version + ","));

        for (String command : List.of("truth", "audit", "compare", "baseline")) {
            assertRefused("in format " + version + "; lens", command);
        }
    }

    @Test
    void aRunOfANewerFormatThatDidNotEndIsLeftAsItIs() throws IOException {
        String newer = Files.readString(whole.resolve(RunDirectory.RUN))
                .replace("\"formatVersion\" : 1,", "\"formatVersion\" : 2,")
                .replace("\"state\" : \"finished\"", "\"state\" : \"running\"");
        has(RunDirectory.RUN, newer);

        assertRefused("a newer lens wrote '" + folder.resolve(RunDirectory.RUN) + "', in format 2", "recover");

        assertThat(folder.resolve(RunDirectory.RUN)).hasContent(newer);
        assertThat(folder.resolve(RunDirectory.EXCHANGES))
                .hasSameBinaryContentAs(whole.resolve(RunDirectory.EXCHANGES));
        assertThat(folder.resolve(RunDirectory.HISTOGRAMS)).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{\n",
                "{}",
                "null",
                "[]",
                "{\"id\":\"a\",\"writes\":{\"atNs\":[1]},\"chunks\":{\"write\":[1],\"kind\":[\"TEXT\"]}}",
                "\u00e9"
            })
    void aLineThatIsNoRecordIsToldWithItsFile(String line) throws IOException {
        String record = Files.readString(whole.resolve(RunDirectory.SIMULATOR));
        has(RunDirectory.SIMULATOR, record + line);

        if (line.isEmpty()) {
            assertThat(lens("truth", folder.toString()).exitCode()).isZero();
        } else {
            assertRefused(
                    "line 4 of '" + folder.resolve(RunDirectory.SIMULATOR)
                            + "' is cut or damaged; give the file that lens simulate --record wrote",
                    "truth");
        }
    }

    @Test
    void aLastLineOfTheRecordThatIsCutIsLeftOutAndTold() throws IOException {
        String record = Files.readString(whole.resolve(RunDirectory.SIMULATOR));
        has(RunDirectory.SIMULATOR, record + record.substring(0, record.indexOf("\"chunks\"") + 30));

        var truth = lens("truth", folder.toString());
        assertThat(truth.exitCode()).as(truth.err()).isZero();
        assertThat(truth.out()).contains("3 requests matched", "line 4, the last of the record, is cut, and left out");
        assertThat(lens("truth", folder.toString(), "--json").out()).contains("\"cutLines\":1");
        assertThat(lens("truth", whole.toString(), "--json").out()).contains("\"cutLines\":0");

        has(RunDirectory.SIMULATOR, record.substring(0, record.length() - 20));
        assertThat(lens("truth", folder.toString()).out()).contains("2 requests matched", "line 3, the last");

        int end = record.indexOf('\n');
        has(RunDirectory.SIMULATOR, record.substring(0, end - 20) + record.substring(end));
        assertRefused("line 1 of '" + folder.resolve(RunDirectory.SIMULATOR) + "' is cut or damaged", "truth");
    }

    @Test
    void aLineThatIsNoExchangeIsToldWithItsFile() throws IOException {
        String exchanges = Files.readString(whole.resolve(RunDirectory.EXCHANGES));
        for (String damaged : List.of(
                exchanges.substring(0, exchanges.length() - 20),
                exchanges.replace("\"userAtNs\":[", "\"userAtNs\":[],\"unknown\":["),
                exchanges.replaceFirst("\"id\"", "\"name\""))) {
            has(RunDirectory.EXCHANGES, damaged);

            assertRefused("of '" + folder.resolve(RunDirectory.EXCHANGES) + "' is cut or damaged", "truth");
        }
    }

    @Test
    void whatIsNoTextIsToldWithItsFile() throws IOException {
        has(RunDirectory.SIMULATOR, "");
        Files.write(folder.resolve(RunDirectory.SIMULATOR), new byte[] {(byte) 0xff, (byte) 0xfe, 10});

        assertRefused("simulator.jsonl' is no text", "truth");
    }

    /// Read whatever stands in a line: it is left out, and counted.
    @Test
    void aLineThatIsNoTextIsLeftOutByAuditAndCompare() throws IOException {
        has(RunDirectory.RUN, Files.readString(whole.resolve(RunDirectory.RUN)));
        Path exchanges = folder.resolve(RunDirectory.EXCHANGES);
        byte[] bytes = Files.readAllBytes(exchanges);
        bytes[20] = (byte) 0xff;
        Files.write(exchanges, bytes);

        var audit = lens("audit", folder.toString());
        assertThat(audit.exitCode()).as(audit.err()).isZero();
        assertThat(audit.out()).contains("1 line of exchanges.jsonl could not be read, and left out");
        var compare = lens("compare", whole.toString(), folder.toString(), "--lenient");
        assertThat(compare.err()).doesNotContain("Input length");
        assertThat(compare.out()).contains("1 line");
    }

    @Test
    void exchangesThatAreAFolderAreToldInOneLine() throws IOException {
        has(RunDirectory.RUN, Files.readString(whole.resolve(RunDirectory.RUN)));
        Files.delete(folder.resolve(RunDirectory.EXCHANGES));
        Files.createDirectory(folder.resolve(RunDirectory.EXCHANGES));

        assertRefused(
                "cannot read '" + folder.resolve(RunDirectory.EXCHANGES) + "'; give the folder of a run", "audit");
    }

    private void has(String file, String text) throws IOException {
        for (String name : List.of(RunDirectory.RUN, RunDirectory.EXCHANGES, RunDirectory.SIMULATOR)) {
            Files.writeString(folder.resolve(name), name.equals(file) ? text : Files.readString(whole.resolve(name)));
        }
    }

    private void assertRefused(String saying, String command) {
        var refused = switch (command) {
            case "compare" -> lens("compare", whole.toString(), folder.toString(), "--lenient");
            case "baseline" -> lens("baseline", "set", folder.toString(), "--runs-dir", folder.toString());
            default -> lens(command, folder.toString());
        };

        assertThat(refused.exitCode()).as(refused.out()).isEqualTo(ExitCode.USAGE);
        assertThat(refused.out()).isEmpty();
        assertThat(refused.err()).hasLineCount(1).contains(saying).doesNotContain("Exception", "token", "column");
    }
}
