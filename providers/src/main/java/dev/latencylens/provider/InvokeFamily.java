package dev.latencylens.provider;

import dev.latencylens.exchange.Message;
import dev.latencylens.exchange.Prompt;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The families of models on Bedrock whose own requests are known, told by the beginning of the model's id.
enum InvokeFamily {
    CLAUDE("anthropic.") {
        @Override
        ObjectNode body(Prompt prompt) {
            int maxTokens = prompt.maxOutputTokens();
            ObjectNode body = JSON.createObjectNode();
            body.put("anthropic_version", "bedrock-2023-05-31");
            body.put("max_tokens", maxTokens == 0 ? CLAUDE_DEFAULT_TOKENS : maxTokens);
            ArrayNode messages = body.putArray("messages");
            for (Message message : prompt.history()) {
                switch (message.role()) {
                    case SYSTEM -> body.put("system", sendable(message.text()));
                    case USER -> block(messages, "user").put("type", "text").put("text", sendable(message.text()));
                    case ASSISTANT ->
                        block(messages, "assistant").put("type", "text").put("text", sendable(message.text()));
                }
            }
            block(messages, "user").put("type", "text").put("text", sendable(prompt.text()));
            return body;
        }
    },
    NOVA("amazon.nova") {
        @Override
        ObjectNode body(Prompt prompt) {
            ObjectNode body = JSON.createObjectNode().put("schemaVersion", "messages-v1");
            body.setAll(converse(prompt));
            return body;
        }
    },
    TITAN("amazon.titan") {
        @Override
        ObjectNode body(Prompt prompt) {
            ObjectNode body = JSON.createObjectNode().put("inputText", alone(prompt));
            if (prompt.maxOutputTokens() > 0) {
                body.putObject("textGenerationConfig").put("maxTokenCount", prompt.maxOutputTokens());
            }
            return body;
        }
    },
    /// The text is sent as it is, without the marks of a conversation.
    LLAMA("meta.llama") {
        @Override
        ObjectNode body(Prompt prompt) {
            ObjectNode body = JSON.createObjectNode().put("prompt", alone(prompt));
            if (prompt.maxOutputTokens() > 0) {
                body.put("max_gen_len", prompt.maxOutputTokens());
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

    /// @throws IllegalArgumentException where the family has no form for what was said before
    abstract ObjectNode body(Prompt prompt);

    final String alone(Prompt prompt) {
        if (!prompt.history().isEmpty()) {
            throw new IllegalArgumentException("requests to " + idStart + " models by bedrock-invoke are one text,"
                    + " without the messages of a conversation; use bedrock-converse");
        }
        return sendable(prompt.text());
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

    /// Marks the prompt to be kept in the provider's cache, with all that was said before it.
    static void mark(ObjectNode body, PromptCache cache, @Nullable InvokeFamily family) {
        JsonNode messages = body.path("messages");
        if (messages.path(messages.size() - 1).path("content") instanceof ArrayNode content && !content.isEmpty()) {
            if (family == null) {
                content.addObject().putObject("cachePoint").put("type", "default");
            } else if (content.get(0) instanceof ObjectNode text) {
                cache.mark(text);
            }
        }
    }

    /// The body of a Converse request.
    static ObjectNode converse(Prompt prompt) {
        ObjectNode body = JSON.createObjectNode();
        ArrayNode messages = JSON.createArrayNode();
        for (Message message : prompt.history()) {
            switch (message.role()) {
                case SYSTEM -> body.putArray("system").addObject().put("text", sendable(message.text()));
                case USER -> block(messages, "user").put("text", sendable(message.text()));
                case ASSISTANT -> block(messages, "assistant").put("text", sendable(message.text()));
            }
        }
        block(messages, "user").put("text", sendable(prompt.text()));
        body.set("messages", messages);
        if (prompt.maxOutputTokens() > 0) {
            body.putObject("inferenceConfig").put("maxTokens", prompt.maxOutputTokens());
        }
        return body;
    }

    /// Adds a message, and returns its only block.
    private static ObjectNode block(ArrayNode messages, String role) {
        return messages.addObject().put("role", role).putArray("content").addObject();
    }

    /// Half a surrogate pair, which UTF-8 cannot carry, becomes a question mark.
    private static String sendable(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }
}
