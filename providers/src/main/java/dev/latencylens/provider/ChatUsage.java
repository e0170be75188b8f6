package dev.latencylens.provider;

import dev.latencylens.exchange.Usage;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Brings the chat dialect's usage to the meaning of [Usage].
///
/// `prompt_tokens` includes cached tokens and `completion_tokens` includes reasoning, except at xAI, whose total
/// gives it away: there prompt, completion and reasoning add up to `total_tokens`, and the answer is the sum of
/// the last two.
final class ChatUsage {
    private static final JsonMapper JSON = JsonMapper.shared();

    private ChatUsage() {}

    /// Reads a usage object that is known to be well-formed JSON.
    static Usage read(byte[] bytes, int length) {
        String raw = new String(bytes, 0, length, StandardCharsets.UTF_8);
        JsonNode usage = JSON.readTree(raw);
        JsonNode promptDetails = usage.path("prompt_tokens_details");
        Long input = count(usage.path("prompt_tokens"));
        Long output = count(usage.path("completion_tokens"));
        Long reasoning = first(
                count(usage.path("completion_tokens_details").path("reasoning_tokens")),
                count(usage.path("reasoning_tokens")));
        Long total = count(usage.path("total_tokens"));
        Long cachedRead = first(
                first(
                        count(promptDetails.path("cached_tokens")),
                        count(usage.path("prompt_token_details").path("cached_tokens"))),
                first(
                        first(count(usage.path("prompt_cache_hit_tokens")), count(usage.path("num_cached_tokens"))),
                        count(usage.path("cached_tokens"))));
        Long cacheWrite = first(
                count(promptDetails.path("cache_write_tokens")), count(usage.path("cache_creation_input_tokens")));
        var reported = new Usage.Reported(input, output, cachedRead, cacheWrite, reasoning);
        if (input != null
                && output != null
                && reasoning != null
                && total != null
                && reasoning > 0
                && total == input + output + reasoning) {
            output += reasoning;
        }
        return new Usage(input, cachedRead, cacheWrite, null, output, reasoning, reported, raw);
    }

    /// Adds the members of this well-formed object whose names say that they are times.
    static void addTimings(byte[] bytes, int length, String suffix, double nsPerUnit, Map<String, Long> timings) {
        String raw = new String(bytes, 0, length, StandardCharsets.UTF_8);
        if (!raw.contains(suffix + "\"")) {
            return;
        }
        JSON.readTree(raw).forEachEntry((name, value) -> {
            boolean isTime = name.endsWith(suffix) && !name.contains("_per_token");
            if (isTime && value.isNumber() && !value.isBigInteger()) {
                timings.put(name, Math.round(value.doubleValue() * nsPerUnit));
            }
        });
    }

    private static @Nullable Long count(JsonNode node) {
        return node.isIntegralNumber() ? JsonAnswer.count(node) : null;
    }

    private static @Nullable Long first(@Nullable Long one, @Nullable Long other) {
        return one != null ? one : other;
    }
}
