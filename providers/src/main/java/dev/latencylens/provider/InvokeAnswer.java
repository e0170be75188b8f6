package dev.latencylens.provider;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.Usage;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// An answer of Bedrock's InvokeModel and InvokeModelWithResponseStream: documents of the model's own family, in a
/// stream wrapped as `{"bytes":"<Base64>"}`.
///
/// The family is told by the shape of its documents, because the id of an inference profile or of an imported
/// model does not tell it: Anthropic's Claude, and Amazon's Nova and Titan, and Meta's Llama. Others are skipped.
final class InvokeAnswer extends JsonAnswer {
    private static final double NS_PER_MS = 1e6;

    private final AnthropicEvents claude = new AnthropicEvents(this);
    private final ConverseEvents nova = new ConverseEvents(this);

    InvokeAnswer(ErrorReader errors) {
        super(errors);
    }

    @Override
    void document(String type, JsonNode json) {
        JsonNode wrapped = json.path("bytes");
        if (!wrapped.isString()) {
            model(json, true);
            return;
        }
        JsonNode inner = unwrap(wrapped.stringValue());
        if (inner != null) {
            model(inner, false);
            metrics(inner.path("amazon-bedrock-invocationMetrics"));
        }
    }

    private @Nullable JsonNode unwrap(String base64) {
        try {
            return JSON.readTree(Base64.getDecoder().decode(base64));
        } catch (IllegalArgumentException notBase64) {
            misunderstand("chunk is no Base64: " + notBase64.getMessage());
        } catch (JacksonException notJson) {
            misunderstand("chunk is no JSON: " + notJson.getOriginalMessage());
        }
        return null;
    }

    private void model(JsonNode json, boolean whole) {
        if (json.has("type")) {
            claude.document(json);
        } else if (json.has("output")) {
            nova.whole(json);
        } else if (json.has("results")) {
            keepCounts(json, "inputTextTokenCount");
            for (JsonNode result : json.path("results").values()) {
                titan(result, whole);
            }
        } else if (json.has("outputText")) {
            titan(json, whole);
        } else if (json.has("generation")) {
            llama(json, whole);
        } else {
            json.forEachEntry(nova::event);
        }
    }

    private void titan(JsonNode json, boolean whole) {
        output(ChunkKind.TEXT, 0, json.path("outputText"));
        keepCounts(json, "inputTextTokenCount", "totalOutputTextTokenCount", "tokenCount");
        stop(json.path("completionReason"), whole);
    }

    private void llama(JsonNode json, boolean whole) {
        output(ChunkKind.TEXT, 0, json.path("generation"));
        keepCounts(json, "prompt_token_count", "generation_token_count");
        stop(json.path("stop_reason"), whole);
    }

    private void stop(JsonNode reason, boolean whole) {
        finish(0, reason);
        if (whole) {
            terminate();
        } else if (reason.isString()) {
            end();
        }
    }

    /// Counts that stand beside the text, and not in an object of their own; a later one takes an earlier one's
    /// place.
    private void keepCounts(JsonNode json, String... names) {
        ObjectNode counts = keptUsage() instanceof ObjectNode before ? before : JSON.createObjectNode();
        for (String name : names) {
            if (count(json.path(name)) != null) {
                counts.set(name, json.path(name));
            }
        }
        if (!counts.isEmpty()) {
            keepUsage(counts);
        }
    }

    /// What Bedrock adds to the last document: its own times, and counts for families that give none.
    private void metrics(JsonNode metrics) {
        if (metrics.isObject()) {
            timing("invocationLatency", metrics.path("invocationLatency"), NS_PER_MS);
            timing("firstByteLatency", metrics.path("firstByteLatency"), NS_PER_MS);
            if (keptUsage() == null) {
                keepUsage(metrics);
            }
            end();
        }
    }

    @Override
    Usage usage(JsonNode raw) {
        return raw.has("input_tokens") || raw.has("output_tokens") ? AnthropicEvents.usage(raw) : BedrockUsage.of(raw);
    }
}
