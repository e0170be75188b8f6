package dev.latencylens.sdk;

import dev.latencylens.simulated.Behaviour;
import dev.latencylens.simulated.ServerOptions;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;

/// Simulated providers for SDKs to ask, and the words that these say.
final class Simulation {
    /// What is asked: three words, which the simulated provider counts as three tokens.
    static final String PROMPT = "one two three";

    static final String MODEL = "simulated";

    /// What a simulated model says, or thinks, in sixteen tokens.
    static final String SIXTEEN_TOKENS = "The quick naïve 日本 fox sees 🚀 over café and waits for a token — calmly";

    static final String FOUR_TOKENS = "The quick naïve 日本";

    /// The arguments of a simulated tool call of six tokens: the brackets are two of them.
    static final String SIX_TOKENS_OF_ARGUMENTS = "{\"text\":\"" + FOUR_TOKENS + "\"}";

    private Simulation() {}

    /// Starts a provider that answers without delay; `behaviour` may be empty.
    static SimulatedProvider started(String behaviour) throws IOException {
        return SimulatedProvider.start(
                ServerOptions.defaults(),
                Behaviour.defaults().with("ttft=constant:1ms; gap=constant:0ms; " + behaviour));
    }

    /// Such as `http://127.0.0.1:8080`, for SDKs that add the whole path.
    static String origin(SimulatedProvider provider) {
        return "http://127.0.0.1:" + provider.port();
    }
}
