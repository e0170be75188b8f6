package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.Transport;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PrimingTest {
    private static final Duration LENGTH = Duration.ofMillis(50);

    /// What is begun before the arguments are read is a guess.
    @ParameterizedTest
    @CsvSource({"http, false", "http, true", "https, true", "https, false"})
    void exchangesAreAnsweredWhetherOrNotTheRightProviderWasBegun(String scheme, boolean tls) throws Exception {
        Plan plan = plan(scheme + "://127.0.0.1:9/v1");
        var answered = new AtomicInteger();
        Priming.begin(tls);

        Priming.Done done = new Priming(LENGTH, false).run(plan, counting(answered));

        assertThat(answered).hasPositiveValue();
        assertThat(done.took()).isGreaterThanOrEqualTo(LENGTH);
    }

    @ParameterizedTest
    @CsvSource({"http", "https"})
    void itBeginsTheProviderItselfWhereNobodyHas(String scheme) throws Exception {
        Plan plan = plan(scheme + "://127.0.0.1:9/v1");
        var answered = new AtomicInteger();

        new Priming(LENGTH, false).run(plan, counting(answered));

        assertThat(answered).hasPositiveValue();
    }

    /// Java's own classes: that which keeps the table of a curve's points, that which reads the authorities, and
    /// that which checks a chain of certificates.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theRunsFirstHandshakeMeetsNothingNewWhetherOrNotAnythingWasBegun(boolean begun) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xlog:class+init=info:stdout",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Primed.class.getName(),
                        Boolean.toString(begun))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).isZero();
        assertThat(said.substring(0, said.indexOf(Primed.DONE)))
                .contains(
                        "'sun/security/ec/ECOperations$Secp256R1GeneratorMontgomeryMultiplier'",
                        "'sun/security/ssl/TrustStoreManager'",
                        "'sun/security/provider/certpath/PKIXCertPathValidator'");
    }

    /// A run up to the end of its priming.
    static final class Primed {
        static final String DONE = "the priming is over";

        public static void main(String[] begun) throws Exception {
            if (Boolean.parseBoolean(begun[0])) {
                Priming.begin(true);
            }
            new Priming(LENGTH, false).run(plan("https://127.0.0.1:9/v1"), UnaryOperator.identity());
            System.out.println(DONE);
        }
    }

    private static UnaryOperator<Transport.Opener> counting(AtomicInteger answered) {
        return opener -> (log, listener) -> opener.open(log, new Transport.Listener() {
            @Override
            public void ended(Exchange exchange) {
                listener.ended(exchange);
            }

            @Override
            public void answering(Exchange exchange) {
                answered.incrementAndGet();
                listener.answering(exchange);
            }
        });
    }

    static Plan plan(String url) throws Exception {
        var nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        var run = new RunCommand(
                new Console(InputStream.nullInputStream(), nowhere, nowhere, Map.of(), false, 80), new Secrets());
        RunCommand.line(run).parseArgs("--url", url, "--model", "m", "-n", "1");
        return run.check();
    }
}
