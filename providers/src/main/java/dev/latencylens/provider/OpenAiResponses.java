package dev.latencylens.provider;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// OpenAI's Responses, which vLLM, Bedrock and OpenRouter speak too.
///
/// It has no field for a seed or for several answers. Usage comes without being asked for.
public final class OpenAiResponses extends JsonDialect {
    private static final JsonMapper JSON = JsonMapper.shared();

    public OpenAiResponses(DialectOptions options) {
        super(
                "openai-responses",
                options.target("/v1", "/responses"),
                options.bearerHeaders(),
                limited -> members(options, limited));
    }

    @Override
    Answer answer(ErrorReader errors) {
        return new ResponsesAnswer(errors);
    }

    private static ObjectNode members(DialectOptions options, boolean limited) {
        ObjectNode members = JSON.createObjectNode();
        members.put("model", options.model);
        members.putArray("input")
                .add(BodyTemplate.HISTORY)
                .addObject()
                .put("role", "user")
                .put("content", BodyTemplate.PROMPT);
        if (limited) {
            members.put("max_output_tokens", BodyTemplate.LIMIT);
        }
        members.put("stream", options.stream);
        if (options.temperature != null) {
            members.put("temperature", options.temperature);
        }
        DialectOptions.merge(members, options.extraBody);
        return members;
    }
}
