package dev.latencylens.provider;

import dev.latencylens.exchange.Prompt;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The families of models on Bedrock whose own requests are known, told by the beginning of the model's id.
enum InvokeFamily {
    CLAUDE("anthropic.") {
        @Override
        ObjectNode body(String text, int maxTokens) {
            ObjectNode body = JSON.createObjectNode();
            body.put("anthropic_version", "bedrock-2023-05-31");
            body.put("max_tokens", maxTokens == 0 ? CLAUDE_DEFAULT_TOKENS : maxTokens);
            ObjectNode message = body.putArray("messages").addObject().put("role", "user");
            message.putArray("content").addObject().put("type", "text").put("text", text);
            return body;
        }
    },
    NOVA("amazon.nova") {
        @Override
        ObjectNode body(String text, int maxTokens) {
            ObjectNode body = JSON.createObjectNode().put("schemaVersion", "messages-v1");
            body.setAll(converse(text, maxTokens));
            return body;
        }
    },
    TITAN("amazon.titan") {
        @Override
        ObjectNode body(String text, int maxTokens) {
            ObjectNode body = JSON.createObjectNode().put("inputText", text);
            if (maxTokens > 0) {
                body.putObject("textGenerationConfig").put("maxTokenCount", maxTokens);
            }
            return body;
        }
    },
    /// The text is sent as it is, without the marks of a conversation.
    LLAMA("meta.llama") {
        @Override
        ObjectNode body(String text, int maxTokens) {
            ObjectNode body = JSON.createObjectNode().put("prompt", text);
            if (maxTokens > 0) {
                body.put("max_gen_len", maxTokens);
            }
            return body;
        }
    };

    private static final JsonMapper JSON = JsonMapper.shared();

    /// What is asked of Claude, which must be told a limit, when the prompt sets none.
    private static final int CLAUDE_DEFAULT_TOKENS = 4_096;

    private final String idStart;

    InvokeFamily(String idStart) {
        this.idStart = idStart;
    }

    abstract ObjectNode body(String text, int maxTokens);

    final ObjectNode body(Prompt prompt) {
        return body(prompt.text(), prompt.maxOutputTokens());
    }

    /// @param model an id, behind a region (`us.`, `eu.`, `apac.`, `global.`) or an ARN's path or neither
    static InvokeFamily of(String model) {
        String id = model.substring(model.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(family -> id.startsWith(family.idStart) || id.startsWith(family.idStart, id.indexOf('.') + 1))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("requests to model '" + model
                        + "' by bedrock-invoke are not known, only those to "
                        + Arrays.stream(values()).map(family -> family.idStart).collect(Collectors.joining(", "))
                        + "; use bedrock-converse"));
    }

    /// @throws IllegalArgumentException where a request to this family, or of Converse where it is null, cannot
    /// carry the mark
    static void refuse(@Nullable PromptCache cache, @Nullable InvokeFamily family) {
        if (cache == PromptCache.HOUR && family == null) {
            throw new IllegalArgumentException(
                    "--cache-control 1h is not known in dialect bedrock-converse; give 5m, or use bedrock-invoke");
        }
        if (cache != null && family != null && family != CLAUDE) {
            throw new IllegalArgumentException("--cache-control is not known in requests to " + family.idStart
                    + " models by bedrock-invoke; leave it out, or use bedrock-converse");
        }
    }

    /// Marks the prompt to be kept in the provider's cache.
    static void mark(ObjectNode body, PromptCache cache, @Nullable InvokeFamily family) {
        if (body.at("/messages/0/content") instanceof ArrayNode content && !content.isEmpty()) {
            if (family == null) {
                content.addObject().putObject("cachePoint").put("type", "default");
            } else if (content.get(0) instanceof ObjectNode text) {
                cache.mark(text);
            }
        }
    }

    /// The body of a Converse request.
    static ObjectNode converse(String text, int maxTokens) {
        ObjectNode body = JSON.createObjectNode();
        ObjectNode message = body.putArray("messages").addObject().put("role", "user");
        message.putArray("content").addObject().put("text", text);
        if (maxTokens > 0) {
            body.putObject("inferenceConfig").put("maxTokens", maxTokens);
        }
        return body;
    }
}
