package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class SimulateCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        CommandLine command = SimulateCommand.commandLine();
        command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return command.execute(arguments);
    }

    @Test
    void readyServerPrintsItsBaseUrlAndEndsByItself(@TempDir Path folder) throws Exception {
        Path record = folder.resolve("truth.jsonl");
        Path authority = folder.resolve("ca.pem");
        int code = run(
                "--lifetime",
                "10ms",
                "--tls",
                "--record",
                record.toString(),
                "--cert-out",
                authority.toString(),
                "--ttft",
                "5ms",
                "--fault-rate",
                "0.5");

        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString()).matches("https://127\\.0\\.0\\.1:[0-9]+/v1\\R");
        assertThat(record).isEmptyFile();
        assertThat(Files.readString(authority)).startsWith("-----BEGIN CERTIFICATE-----");
    }

    @Test
    void aPortThatIsTakenAndACertificateThatIsNotThereNameTheCure() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThat(run("--host", "127.0.0.1", "--port", "" + taken.getLocalPort()))
                    .isEqualTo(5);
        }
        assertThat(run("--cert", "no.pem", "--key", "no.key")).isEqualTo(2);
        assertThat(run("--record", "/dev/null/record", "--lifetime", "1ms")).isEqualTo(5);

        assertThat(err.toString().lines().toList())
                .hasSize(3)
                .satisfiesExactly(
                        line -> assertThat(line).contains("cannot listen on ", "; give another --port"),
                        line -> assertThat(line).contains("cannot read --cert 'no.pem'; give a certificate chain"),
                        line -> assertThat(line).contains("record: cannot write", "; give a file in a folder"));
    }

    @Test
    void aRecordThatCanNoLongerBeWrittenIsToldAtOnceAndAtTheEnd() throws Exception {
        var code = new AtomicInteger(-1);
        Thread simulator = Thread.ofPlatform().start(() -> code.set(run("--record", "/dev/full", "--lifetime", "4s")));
        while (!out.toString().endsWith("\n") && simulator.isAlive()) {
            Thread.sleep(10);
        }
        try (var client = HttpClient.newHttpClient()) {
            var models = URI.create(out.toString().strip() + "/models");
            client.send(HttpRequest.newBuilder(models).build(), HttpResponse.BodyHandlers.discarding());
        }
        while (err.toString().isEmpty() && simulator.isAlive()) {
            Thread.sleep(10);
        }
        assertThat(simulator.isAlive()).isTrue();
        assertThat(err.toString())
                .isEqualToIgnoringNewLines("lens simulate: record '/dev/full' is cut: No space left on device");
        simulator.join();

        assertThat(code).hasValue(5);
        assertThat(err.toString().lines().toList())
                .hasSize(2)
                .last()
                .isEqualTo("lens simulate: record '/dev/full' is cut: No space left on device;"
                        + " free space there, or give another file");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--ttft | soon | --ttft: expected a duration such as 200ms",
                "--fault | fire | --fault: expected one of none",
                "--lifetime | ever | --lifetime: expected a time such as 90s, 10m or 1h, was 'ever'",
                "--certificate | old | --certificate: expected valid, expired or wrong-host, was 'old'",
                "--cert | some.pem | --cert and --key belong together, only one was given",
                "--replay | no/such | cannot read --replay 'no/such'; give a file to answer with, or a folder of such files",
                "--port | 70000 | port: expected 0 to 65535, was '70000'",
                "--max-num-seqs | 0 | --max-num-seqs takes a number from 1 on, was 0",
                "--max-waiting-queue-length | 3 | nothing waits without max-num-seqs; give that too",
                "--tokens-per-second | -2 | --tokens-per-second takes a rate above 0, was -2",
                "--queue-full | 500 | --queue-full: expected 429, 503 or 529, was 500",
                "--cpus | 1000 | cpus: the kernel refused to pin to CPUs [1000]",
            })
    void wrongValueIsOneLineThatNamesItAndTheCure(String flag, String value, String message) {
        assertThat(run(flag, value)).isEqualTo(2);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString().lines()).singleElement().asString().contains(message);
    }
}
