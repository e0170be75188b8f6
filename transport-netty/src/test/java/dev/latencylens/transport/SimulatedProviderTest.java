package dev.latencylens.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Exchange;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Moment;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.TransportEnd.Kind;
import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import dev.latencylens.simulated.TlsIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// The transport against a peer that shares none of its code.
class SimulatedProviderTest {
    @TempDir
    Path folder;

    private static Request chat(String simulate, int tokens) {
        String body = "{\"model\":\"m\",\"stream\":true,\"max_tokens\":" + tokens
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
        return new Request(
                "POST",
                "/v1/chat/completions",
                List.of(Header.of("content-type", "application/json"), Header.of("X-Simulate", simulate)),
                body.getBytes(UTF_8));
    }

    private static Client.Plan to(SimulatedProvider provider) {
        return Client.to(Endpoint.parse(provider.baseUrl().toString()));
    }

    private static int count(String body, String word) {
        return body.split(java.util.regex.Pattern.quote(word), -1).length - 1;
    }

    @ParameterizedTest
    @CsvSource({"HTTP_1_1, false", "HTTP_2, false", "HTTP_1_1, true", "HTTP_2, true", "NEGOTIATED, true"})
    void everyStreamComesWholeOverEveryVersionAndTls(HttpVersion http, boolean tls) throws IOException {
        TlsIdentity identity = TlsIdentity.generate(TlsIdentity.Flaw.VALID);
        Path trust = Files.writeString(folder.resolve("ca.pem"), identity.trustPem());
        ServerOptions options = tls ? ServerOptions.defaults().withTls(identity) : ServerOptions.defaults();
        try (SimulatedProvider provider = SimulatedProvider.start(
                        options, Behaviour.defaults().with("gap", "exponential:1ms"));
                Client client = to(provider)
                        .http(http)
                        .tls(new TlsSettings(tls ? trust : null, null, null, false))
                        .open()) {
            List<Exchange> all = new ArrayList<>();
            IntStream.range(0, 40).forEach(i -> all.add(client.start(i, chat("comments=1", 20))));
            for (Exchange exchange : all) {
                Recorded.Flown flown = client.await(exchange);
                assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.COMPLETE);
                assertThat(flown.body()).endsWith("data: [DONE]\n\n");
                assertThat(count(flown.body(), "\"content\":\"")).isGreaterThanOrEqualTo(20);
                assertThat(flown.isInOrder()).as(flown.toString()).isTrue();
                assertThat(flown.connection().httpVersion()).isEqualTo(http == HttpVersion.HTTP_1_1 ? "1.1" : "2");
            }
            assertThat(provider.connectionsAccepted()).isEqualTo(http == HttpVersion.HTTP_1_1 ? 40 : 1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "reset, HTTP_1_1, RESET",
        "close, HTTP_1_1, CUT",
        "accept-close, HTTP_1_1, CUT",
        "garbage, HTTP_1_1, MALFORMED",
        "http-429, HTTP_1_1, COMPLETE",
        "empty, HTTP_1_1, COMPLETE",
        "slow-headers, HTTP_1_1, COMPLETE",
        "rst-stream, HTTP_2, RESET",
        "goaway-refuse, HTTP_2, RESET",
        "goaway, HTTP_2, COMPLETE",
        "close, HTTP_2, CUT",
        "http-503, HTTP_2, COMPLETE"
    })
    void everyFaultEndsAsItsOwnKind(String fault, HttpVersion http, Kind end) throws IOException {
        try (SimulatedProvider provider = SimulatedProvider.start(ServerOptions.defaults(), Behaviour.defaults());
                Client client = to(provider).http(http).open()) {
            Recorded.Flown flown = client.await(client.start(0, chat("fault=" + fault, 8)));

            assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(end);
            assertThat(flown.has(Moment.REQUEST_START)).isTrue();
            assertThat(flown.isInOrder()).as(flown.toString()).isTrue();
            // The next exchange is none the worse for it.
            assertThat(client.await(client.start(0, chat("tokens=2", 8))).end().kind())
                    .isEqualTo(Kind.COMPLETE);
        }
    }

    @ParameterizedTest
    @EnumSource(Reuse.class)
    void aServerThatClosesAfterEachStreamCostsNoFailure(Reuse reuse) throws IOException {
        try (SimulatedProvider provider = SimulatedProvider.start(ServerOptions.defaults(), Behaviour.defaults());
                Client client = to(provider).reuse(reuse).open()) {
            for (int i = 0; i < 8; i++) {
                Recorded.Flown flown = client.await(client.start(0, chat("fault=close-after", 3)));
                assertThat(flown.end().kind()).as(flown.toString()).isEqualTo(Kind.COMPLETE);
                assertThat(flown.connectionKind()).isEqualTo("new");
            }
        }
    }

    @Test
    void aStallIsASilenceTimeout() throws IOException {
        try (SimulatedProvider provider = SimulatedProvider.start(ServerOptions.defaults(), Behaviour.defaults());
                Client client = to(provider)
                        .timeouts(Client.timeouts(9000, 9000, 80, 9000))
                        .open()) {
            Recorded.Flown flown = client.await(client.start(0, chat("fault=stall", 20)));

            assertThat(flown.end().kind()).isEqualTo(Kind.TIMEOUT);
            assertThat(flown.end().detail()).startsWith("silence: ");
            assertThat(flown.body()).contains("data: ");
        }
    }
}
