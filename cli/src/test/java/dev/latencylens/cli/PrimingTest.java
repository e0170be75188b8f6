package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.Transport;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
