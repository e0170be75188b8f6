package dev.latencylens.cli;

import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.Capacity;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import dev.latencylens.simulated.TlsIdentity;
import dev.latencylens.transport.Cpus;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `lens simulate`: runs the simulated provider until it is told to end, or its lifetime is over.
///
/// Prints one line, the base URL, when the server is ready. Every setting of [Behaviour] is a flag
/// of the same name.
@Command(
        name = "simulate",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Serves simulated answers in every dialect, and records when each byte truly left.",
        footerHeading = "%nThe path of a request tells its dialect:%n",
        footer = {
            "  openai-chat       /v1/chat/completions (--dialect serves another there)",
            "  openai-responses  /v1/responses",
            "  anthropic         /v1/messages",
            "  gemini            /v1beta/models/MODEL:streamGenerateContent?alt=sse",
            "                    /v1beta/models/MODEL:streamGenerateContent (an array)",
            "                    /v1beta/models/MODEL:generateContent",
            "                    and the same below /v1/projects/",
            "  bedrock-converse  /model/MODEL/converse-stream, .../converse",
            "  bedrock-invoke    /model/MODEL/invoke-with-response-stream, .../invoke",
            "  azure-openai      /openai/deployments/NAME/chat/completions",
            "                    /openai/v1/chat/completions",
            "  cohere            /v2/chat",
            "  mistral           /mistral/v1/chat/completions",
            "  meta-llama        /llama/v1/chat/completions",
            "  ollama            /api/chat"
        })
public final class SimulateCommand implements Callable<Integer> {
    private static final int USAGE_ERROR = 2;
    private static final int CANNOT_SERVE = 5;
    private static final Pattern LIFETIME = Pattern.compile("([1-9][0-9]{0,8})(ms|s|m|h)");

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--host", description = "address to listen on; by default 127.0.0.1 and ::1")
    private @Nullable String host;

    @Option(names = "--port", defaultValue = "0", description = "port; 0 (the default) takes a free one")
    private int port;

    @Option(names = "--tls", description = "serve TLS with a certificate generated at start, or with --cert and --key")
    private boolean tls;

    @Option(
            names = "--certificate",
            paramLabel = "KIND",
            description = "generated certificate: valid, expired, wrong-host")
    private @Nullable String certificate;

    @Option(names = "--cert-out", paramLabel = "FILE", description = "write the certificate to trust as PEM")
    private @Nullable Path certOut;

    @Option(names = "--cert", paramLabel = "FILE", description = "certificate chain as PEM, with --key; implies --tls")
    private @Nullable Path cert;

    @Option(names = "--key", paramLabel = "FILE", description = "private key as PKCS#8 PEM, with --cert")
    private @Nullable Path key;

    @Option(names = "--record", paramLabel = "FILE", description = "write the record of truth, a JSON line per request")
    private @Nullable Path record;

    /// How long the server's code may be compiled at full speed. Later a compiler on the sending thread's CPU
    /// would come between the instant that is recorded and its write.
    private static final Duration COMPILING = Duration.ofSeconds(5);

    @Option(
            names = "--cpus",
            paramLabel = "N[,N]",
            split = ",",
            description =
                    "run on these CPUs alone; before something is to be sent, wake and send to itself, for a warm way")
    private Set<Integer> cpus = new TreeSet<>();

    @Option(names = "--spin", description = "poll without sleeping: precise, and takes a whole core")
    private boolean spin;

    @Option(
            names = "--max-num-seqs",
            paramLabel = "N",
            description =
                    "requests answered at the same time; more wait in line, first come, first served (default: any"
                            + " number, none waits)")
    private @Nullable Integer maxNumSeqs;

    @Option(
            names = "--max-waiting-queue-length",
            paramLabel = "N",
            description = "requests that may wait for --max-num-seqs; more are refused (default: any number)")
    private @Nullable Integer maxWaiting;

    @Option(
            names = "--queue-full",
            paramLabel = "STATUS",
            description = "what is said to who is refused: 429, 503 or 529 (default 429)")
    private int queueFull = 429;

    @Option(
            names = "--tokens-per-second",
            paramLabel = "N",
            description =
                    "output tokens of all answers together; with more answers at a time than that allows, the gaps of"
                            + " all grow (default: any number)")
    private @Nullable Double tokensPerSecond;

    @Option(names = "--api-key", paramLabel = "KEY", description = "answer 401 to every other key")
    private @Nullable String apiKey;

    @Option(names = "--models", paramLabel = "A[,B]", split = ",", description = "answer 404 to every other model")
    private List<String> models = List.of();

    @Option(
            names = "--replay",
            paramLabel = "PATH",
            description = "file to answer with, byte for byte, or folder for replay=name in X-Simulate")
    private @Nullable Path replay;

    @Option(names = "--lifetime", defaultValue = "1h", description = "end by itself after this time (default 1h)")
    private String lifetime = "1h";

    @Option(
            names = "--end-with-input",
            description = "end when standard input ends, as it does with the process that holds its other end")
    private boolean endWithInput;

    private final Map<String, String> settings = new TreeMap<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);

    /// The command with a flag for each setting of [Behaviour].
    public static CommandLine commandLine() {
        SimulateCommand command = new SimulateCommand();
        CommandSpec spec = CommandSpec.forAnnotatedObject(command);
        for (Behaviour.Key setting : Behaviour.Key.values()) {
            if (setting != Behaviour.Key.REPLAY) {
                spec.addOption(command.flag(setting));
            }
        }
        return new CommandLine(spec).setCaseInsensitiveEnumValuesAllowed(true);
    }

    private OptionSpec flag(Behaviour.Key setting) {
        return OptionSpec.builder("--" + setting.label())
                .paramLabel("VALUE")
                .type(String.class)
                .description(setting.meaning())
                .setter(new CommandLine.Model.ISetter() {
                    @Override
                    public <T> T set(T value) {
                        if (value instanceof String text) {
                            settings.put(setting.label(), text);
                        }
                        return value;
                    }
                })
                .build();
    }

    @Override
    public Integer call() {
        CommandSpec command = spec;
        if (command == null) {
            throw new IllegalStateException("the command was not parsed by picocli");
        }
        PrintWriter out = command.commandLine().getOut();
        PrintWriter err = command.commandLine().getErr();
        try {
            return serve(out, err);
        } catch (IllegalArgumentException e) {
            err.println("lens simulate: " + e.getMessage());
            err.flush();
            return USAGE_ERROR;
        } catch (IOException e) {
            err.println("lens simulate: " + e.getMessage() + cure(e));
            err.flush();
            return CANNOT_SERVE;
        }
    }

    private int serve(PrintWriter out, PrintWriter err) throws IOException {
        Duration life = lifetime();
        Behaviour behaviour = behaviour();
        readable("--replay", replay, "a file to answer with, or a folder of such files");
        TlsIdentity identity = identity();
        ServerOptions options =
                new ServerOptions(host, port, identity, record, replay, cpus, spin, apiKey, models, capacity());
        Thread hook = new Thread(this::endAndWait, "simulate-shutdown");
        try (SimulatedProvider provider = SimulatedProvider.start(options, behaviour)) {
            Runtime.getRuntime().addShutdownHook(hook);
            var _ = provider.recordCut().thenAccept(cut -> {
                err.println("lens simulate: " + cut.getMessage());
                err.flush();
            });
            if (!cpus.isEmpty()) {
                new Cpus(new TreeSet<>(cpus)).bindProcess();
            }
            out.println(provider.baseUrl());
            out.flush();
            if (endWithInput) {
                Thread.ofPlatform().name("simulate-input").daemon().start(this::endWithInput);
            }
            if (cpus.isEmpty() || life.compareTo(COMPILING) <= 0) {
                ended.await(life.toNanos(), TimeUnit.NANOSECONDS);
            } else if (!ended.await(COMPILING.toNanos(), TimeUnit.NANOSECONDS)) {
                Cpus.makeCompilersGiveWay();
                ended.await(life.minus(COMPILING).toNanos(), TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closed.countDown();
        }
        return 0;
    }

    private void endWithInput() {
        try {
            System.in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            // An input that cannot be read has ended as well.
        } finally {
            ended.countDown();
        }
    }

    /// On SIGTERM and SIGINT: lets [#serve] close the provider, and holds the JVM until it has.
    private void endAndWait() {
        ended.countDown();
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void readable(String option, @Nullable Path file, String wanted) {
        if (file != null && !Files.isReadable(file)) {
            throw new IllegalArgumentException("cannot read " + option + " '" + file + "'; give " + wanted);
        }
    }

    private static String cure(IOException failure) {
        String message = String.valueOf(failure.getMessage());
        if (message.startsWith("cannot listen")) {
            return "; give another --port (0 takes a free one), or an address of this machine for --host";
        }
        if (message.startsWith("record '")) {
            return "; free space there, or give another file";
        }
        return message.startsWith("record:") ? "; give a file in a folder that can be written to" : "";
    }

    private Duration lifetime() {
        var matcher = LIFETIME.matcher(lifetime);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "--lifetime: expected a time such as 90s, 10m or 1h, was '" + lifetime + "'");
        }
        long count = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            default -> Duration.ofHours(count);
        };
    }

    private Capacity capacity() {
        atLeast("--max-num-seqs", maxNumSeqs, 1);
        atLeast("--max-waiting-queue-length", maxWaiting, 0);
        if (tokensPerSecond != null && !(tokensPerSecond > 0)) {
            throw new IllegalArgumentException("--tokens-per-second takes a rate above 0, was " + tokensPerSecond);
        }
        try {
            return new Capacity(
                    maxNumSeqs == null ? 0 : maxNumSeqs,
                    maxWaiting == null ? -1 : maxWaiting,
                    tokensPerSecond == null ? 0 : tokensPerSecond,
                    queueFull);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--" + e.getMessage(), e);
        }
    }

    private static void atLeast(String option, @Nullable Integer value, int least) {
        if (value != null && value < least) {
            throw new IllegalArgumentException(option + " takes a number from " + least + " on, was " + value);
        }
    }

    private Behaviour behaviour() {
        Behaviour behaviour = Behaviour.defaults();
        for (Map.Entry<String, String> setting : settings.entrySet()) {
            try {
                behaviour = behaviour.with(setting.getKey(), setting.getValue());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("--" + e.getMessage(), e);
            }
        }
        return behaviour;
    }

    private @Nullable TlsIdentity identity() throws IOException {
        if (cert != null && key != null) {
            readable("--cert", cert, "a certificate chain in PEM");
            readable("--key", key, "a private key in PEM (PKCS#8)");
            return TlsIdentity.read(cert, key);
        }
        if (cert != null || key != null) {
            throw new IllegalArgumentException("--cert and --key belong together, only one was given");
        }
        if (!tls && certificate == null && certOut == null) {
            return null;
        }
        TlsIdentity identity = TlsIdentity.generate(certificate == null ? TlsIdentity.Flaw.VALID : flaw(certificate));
        if (certOut != null) {
            Files.writeString(certOut, identity.trustPem(), StandardCharsets.US_ASCII);
        }
        return identity;
    }

    private static TlsIdentity.Flaw flaw(String text) {
        try {
            return TlsIdentity.Flaw.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--" + e.getMessage(), e);
        }
    }
}
