package dev.latencylens.cli;

import dev.latencylens.audit.Caveat;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Tokenizer;
import dev.latencylens.load.Load;
import dev.latencylens.load.RateLimits;
import dev.latencylens.load.RetryPolicy;
import dev.latencylens.provider.PromptCache;
import dev.latencylens.stats.Metric;
import dev.latencylens.stats.Percentile;
import dev.latencylens.transport.Cpus;
import dev.latencylens.transport.NetworkSettings;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a run is going to do, all of it decided. Written to `run.json` before the first request.
///
/// @param id names the run and begins every `X-Request-Id`
/// @param url as it may be shown: keys in its query are not
/// @param embedded whether the provider is the simulated one in this process
/// @param apiVersion the version of the API that was asked for, null for the dialect's own choice
/// @param keyVariable the environment variable that the key is looked for in first, null where there is none
/// @param keySource where the key came from, for example `OPENAI_API_KEY`; null without a key
/// @param headers the user's own; secret values are never shown
/// @param retries when a request that failed is tried again
/// @param limits of what is started in a minute
/// @param stopAfterFailures how many failed requests in a row end it
/// @param ioCpus the CPUs of the I/O threads, null for wherever the system puts them
/// @param ioRealTime whether they go before all other threads on their CPUs
/// @param priming how long the client's own code is run before it counts
/// @param metrics what the report's table shows
/// @param percentiles what it tells of each
/// @param percentilesAsked whether these were asked for by name, so that one without enough samples is a failure
/// @param recording whether the run is recorded by the Flight Recorder
/// @param lean whether memory is to be saved; the launcher has acted on it already
/// @param lenient whether the verdict leaves the exit code alone
/// @param calibrating whether the figures get an error bar
/// @param provider by name, whose prices are asked; null where only a URL was given
/// @param tokenizer counts the tokens of chunks where the provider does not say, null for nobody
/// @param confidence of the intervals of percentiles, a share
/// @param objectives what a request must meet to be good
/// @param steadyOnly whether what came before the steady state is in no figure
record Plan(
        String id,
        URI url,
        boolean embedded,
        String dialect,
        @Nullable String apiVersion,
        String model,
        @Nullable String keyVariable,
        @Nullable String keySource,
        List<Header> headers,
        Prompts prompts,
        boolean stream,
        boolean includeUsage,
        boolean ignoreEos,
        @Nullable String extraBody,
        @Nullable PromptCache promptCache,
        Load load,
        RetryPolicy retries,
        RateLimits limits,
        CircuitBreak.Limit stopAfterFailures,
        NetworkSettings network,
        int ioThreads,
        @Nullable Cpus ioCpus,
        boolean ioRealTime,
        Priming priming,
        Map<String, String> labels,
        List<Metric> metrics,
        List<Percentile> percentiles,
        boolean percentilesAsked,
        boolean recording,
        boolean lean,
        boolean lenient,
        boolean calibrating,
        @Nullable String provider,
        Pricing pricing,
        @Nullable Tokenizer tokenizer,
        double confidence,
        Objectives objectives,
        boolean steadyOnly) {

    /// The doubts that it gives reason to before anything is measured.
    List<Caveat> caveats() {
        var caveats = new ArrayList<Caveat>();
        if (embedded) {
            caveats.add(new Caveat.EmbeddedProvider());
        }
        if (network.tls().insecure() && network.endpoint().tls()) {
            caveats.add(new Caveat.CertificateChecksOff());
        }
        if (!stream) {
            caveats.add(new Caveat.NotStreamed());
        }
        if (keyInCleartext()) {
            caveats.add(new Caveat.KeyInCleartext(network.endpoint().host()));
        }
        return caveats;
    }

    /// Whether a key crosses a network that anyone on it can read.
    boolean keyInCleartext() {
        String host = network.endpoint().host();
        boolean loopback = host.equals("localhost") || host.startsWith("127.") || host.equals("::1");
        return keySource != null && !network.endpoint().tls() && !loopback;
    }
}
