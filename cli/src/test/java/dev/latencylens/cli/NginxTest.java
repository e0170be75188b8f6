package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.exchanges;
import static dev.latencylens.cli.LensRun.lens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import dev.latencylens.simulated.TlsIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// The client against a real nginx: TLS and HTTP/2 in front of the simulated provider, with response buffering off
/// and on. Skipped, saying so, where nginx is missing; `.ci/run` installs it.
class NginxTest {
    private static final int REQUESTS = 40;
    private static final int TOKENS = 12;

    @TempDir
    Path folder;

    @ParameterizedTest(name = "HTTP/{0}, buffering {1}")
    @CsvSource({"1.1, off", "1.1, on", "2, off", "2, on"})
    void everyRequestThroughNginxIsAnsweredWithAllItsTokens(String http, String buffering) throws Exception {
        Path record = folder.resolve("simulator.jsonl");
        var identity = TlsIdentity.generate(TlsIdentity.Flaw.VALID);
        try (var provider = SimulatedProvider.start(
                        ServerOptions.defaults().withRecord(record),
                        Behaviour.defaults().with("ttft=20ms; gap=4ms"));
                var nginx = Nginx.start(folder, identity, provider.port(), buffering)) {
            Path out = folder.resolve("run");

            var run = lens(
                    "run",
                    "--url",
                    "https://localhost:" + nginx.port + "/v1",
                    "--ca-file",
                    nginx.trusted.toString(),
                    "--model",
                    "m",
                    "--http",
                    http,
                    "--concurrency",
                    "8",
                    "--num-prompts",
                    Integer.toString(REQUESTS),
                    "--osl",
                    Integer.toString(TOKENS),
                    "--output-dir",
                    out.toString());

            assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
            List<JsonNode> exchanges = exchanges(out);
            assertThat(exchanges).hasSize(REQUESTS).allSatisfy(exchange -> {
                assertThat(exchange.get("outcome").asString()).isEqualTo("completed");
                assertThat(exchange.get("httpVersion").asString()).isEqualTo(http);
                assertThat(exchange.at("/chunks/atNs").size()).isEqualTo(TOKENS);
                assertThat(exchange.at("/usage/output_total").asInt()).isEqualTo(TOKENS);
            });
            assertThat(exchanges.stream().filter(exchange -> exchange.has("secureConnectionStartAtNs")))
                    .as("connections were set up with TLS, and reused")
                    .hasSizeBetween(1, 8);
            assertThat(exchanges.stream().filter(exchange -> exchange.has("domainLookupStartAtNs")))
                    .as("the name was looked up")
                    .isNotEmpty();
            // nginx passes X-Request-Id on, so the run can be held against the server's own record.
            assertThat(lens("truth", out.toString(), record.toString()).exitCode())
                    .isZero();
        }
    }

    /// A real nginx on loopback that ends with its test.
    private static final class Nginx implements AutoCloseable {
        private final Process process;
        private final int port;
        private final Path trusted;

        private Nginx(Process process, int port, Path trusted) {
            this.process = process;
            this.port = port;
            this.trusted = trusted;
        }

        static Nginx start(Path folder, TlsIdentity identity, int upstream, String buffering) throws Exception {
            Optional<String> binary = Stream.of("/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx")
                    .filter(path -> Files.isExecutable(Path.of(path)))
                    .findFirst();
            assumeTrue(binary.isPresent(), "skipped: needs nginx (Debian: apt-get install nginx)");
            int port = freePort();
            Files.writeString(folder.resolve("chain.pem"), identity.chainPem());
            Files.writeString(folder.resolve("key.pem"), identity.keyPem());
            Path trusted = Files.writeString(folder.resolve("trusted.pem"), identity.trustPem());
            Path configuration =
                    Files.writeString(folder.resolve("nginx.conf"), """
                    worker_processes 1; daemon off; pid nginx.pid; error_log error.log;
                    events { worker_connections 512; }
                    http {
                      access_log off;
                      client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
                      uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                      upstream simulated { server 127.0.0.1:%d; keepalive 16; }
                      server {
                        listen 127.0.0.1:%d ssl http2;
                        ssl_certificate chain.pem; ssl_certificate_key key.pem;
                        location / {
                          proxy_pass http://simulated;
                          proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering %s;
                        }
                      }
                    }
                    """.formatted(upstream, port, buffering));
            Process process = new ProcessBuilder(binary.get(), "-p", folder.toString(), "-c", configuration.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("nginx.out").toFile())
                    .start();
            var nginx = new Nginx(process, port, trusted);
            nginx.awaitListening(folder);
            return nginx;
        }

        private void awaitListening(Path folder) throws IOException {
            while (process.isAlive()) {
                try (var socket = new Socket()) {
                    socket.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), 1000);
                    return;
                } catch (IOException e) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
                }
            }
            throw new IOException("nginx did not start: " + Files.readString(folder.resolve("nginx.out")));
        }

        private static int freePort() throws IOException {
            try (var socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
                return socket.getLocalPort();
            }
        }

        @Override
        public void close() {
            process.destroy();
            if (!process.onExit()
                    .completeOnTimeout(process, 5, TimeUnit.SECONDS)
                    .join()
                    .isAlive()) {
                return;
            }
            process.destroyForcibly();
        }
    }
}
