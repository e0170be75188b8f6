package dev.latencylens.simulated;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/// The headers by which providers tell of their own times and of their limits.
///
/// The limits are made up; the times are true.
final class ProviderHeaders {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private ProviderHeaders() {}

    /// The headers of an answer that begins `elapsedNs` after its request was read, behind those of `first`.
    static String[] of(Dialect dialect, Answer answer, String id, long elapsedNs, String... first) {
        List<String> headers = new ArrayList<>(List.of(first));
        String ms = Long.toString(elapsedNs / NANOS_PER_MILLI);
        switch (dialect) {
            case OPENAI_CHAT, OPENAI_RESPONSES ->
                add(headers, "openai-processing-ms", ms, "openai-version", "2020-10-01", UPSTREAM, ms);
            case ANTHROPIC ->
                add(headers, "request-id", id, "server-timing", "x-originResponse;dur=" + ms, UPSTREAM, ms);
            case GEMINI -> add(headers, "server-timing", "gfet4t7; dur=" + ms);
            case BEDROCK_CONVERSE, BEDROCK_INVOKE -> bedrock(headers, answer, id, ms);
            case AZURE_OPENAI -> {
                add(headers, "apim-request-id", id, "x-ms-region", "Simulated");
                if (!answer.isStreamed()) {
                    add(headers, "cmp-upstream-response-duration", ms, "ms-azureml-model-time", ms);
                }
            }
            case COHERE -> add(headers, "x-debug-trace-id", id, UPSTREAM, ms);
            case MISTRAL ->
                add(
                        headers,
                        "mistral-correlation-id",
                        id,
                        "x-kong-upstream-latency",
                        ms,
                        "x-kong-proxy-latency",
                        "0",
                        UPSTREAM,
                        ms);
            case META_LLAMA, OLLAMA -> {}
        }
        add(headers, limits(dialect, 1));
        return headers.toArray(new String[0]);
    }

    private static final String UPSTREAM = "x-envoy-upstream-service-time";

    private static void add(List<String> headers, String... more) {
        headers.addAll(List.of(more));
    }

    private static void bedrock(List<String> headers, Answer answer, String id, String ms) {
        add(headers, "x-amzn-requestid", id);
        if (answer.isStreamed()) {
            add(headers, "x-amzn-bedrock-content-type", "application/json");
        } else {
            add(headers, "x-amzn-bedrock-invocation-latency", ms);
            add(headers, "x-amzn-bedrock-input-token-count", Integer.toString(answer.promptTokens()));
            add(headers, "x-amzn-bedrock-output-token-count", Integer.toString(answer.completionTokens()));
        }
    }

    /// What is left of the limits: `remaining` requests, until a second from now.
    static String[] limits(Dialect dialect, int remaining) {
        String left = Integer.toString(remaining);
        return switch (dialect) {
            case OPENAI_CHAT, OPENAI_RESPONSES -> limits(left, "1s", "6m0s");
            case AZURE_OPENAI -> limits(left, "1", "7");
            case ANTHROPIC -> anthropicLimits(left);
            case MISTRAL ->
                new String[] {
                    "x-ratelimit-limit-req-10-second", "60",
                    "x-ratelimit-remaining-req-10-second", left,
                    "x-ratelimit-limit-tokens-minute", "500000",
                    "x-ratelimit-remaining-tokens-minute", "499000"
                };
            case COHERE -> new String[] {"x-trial-endpoint-call-limit", "20", "x-trial-endpoint-call-remaining", left};
            case GEMINI, BEDROCK_CONVERSE, BEDROCK_INVOKE, META_LLAMA, OLLAMA -> Reply.NO_HEADERS;
        };
    }

    private static String[] limits(String left, String requestsReset, String tokensReset) {
        return new String[] {
            "x-ratelimit-limit-requests",
            "500",
            "x-ratelimit-remaining-requests",
            left,
            "x-ratelimit-reset-requests",
            requestsReset,
            "x-ratelimit-limit-tokens",
            "30000",
            "x-ratelimit-remaining-tokens",
            "29000",
            "x-ratelimit-reset-tokens",
            tokensReset
        };
    }

    private static String[] anthropicLimits(String left) {
        String reset =
                Instant.now().plusSeconds(1).truncatedTo(ChronoUnit.SECONDS).toString();
        return new String[] {
            "anthropic-ratelimit-requests-limit", "50",
            "anthropic-ratelimit-requests-remaining", left,
            "anthropic-ratelimit-requests-reset", reset,
            "anthropic-ratelimit-tokens-limit", "40000",
            "anthropic-ratelimit-tokens-remaining", "39000",
            "anthropic-ratelimit-tokens-reset", reset,
            "anthropic-ratelimit-input-tokens-limit", "30000",
            "anthropic-ratelimit-input-tokens-remaining", "29000",
            "anthropic-ratelimit-input-tokens-reset", reset,
            "anthropic-ratelimit-output-tokens-limit", "10000",
            "anthropic-ratelimit-output-tokens-remaining", "10000",
            "anthropic-ratelimit-output-tokens-reset", reset
        };
    }
}
