package dev.latencylens.provider;

import dev.latencylens.exchange.Usage;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Counts of tokens by the names that Bedrock and its families of models give them.
///
/// The count of input leaves out what was read from or written to a cache.
final class BedrockUsage {
    private BedrockUsage() {}

    static Usage of(JsonNode raw) {
        Long input = first(raw, "inputTokens", "inputTokenCount", "inputTextTokenCount", "prompt_token_count");
        Long output = first(
                raw,
                "outputTokens",
                "outputTokenCount",
                "totalOutputTextTokenCount",
                "tokenCount",
                "generation_token_count");
        Long read = first(raw, "cacheReadInputTokens", "cacheReadInputTokenCount");
        Long written = first(raw, "cacheWriteInputTokens", "cacheWriteInputTokenCount");
        return new Usage(
                JsonAnswer.sum(input, read, written),
                read,
                written,
                writtenForAnHour(raw),
                output,
                null,
                new Usage.Reported(input, output, read, written, null),
                raw.toString());
    }

    private static @Nullable Long first(JsonNode raw, String... names) {
        for (String name : names) {
            Long count = JsonAnswer.count(raw.path(name));
            if (count != null) {
                return count;
            }
        }
        return null;
    }

    private static @Nullable Long writtenForAnHour(JsonNode raw) {
        Long sum = null;
        for (JsonNode detail : raw.path("cacheDetails").values()) {
            if (detail.path("ttl").asString("").equals("1h")) {
                sum = JsonAnswer.sum(sum, JsonAnswer.count(detail.path("inputTokens")));
            }
        }
        return sum;
    }
}
