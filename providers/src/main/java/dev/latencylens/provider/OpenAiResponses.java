package dev.latencylens.provider;

import dev.latencylens.exchange.Dialect;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.StreamDecoder;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// OpenAI's Responses, which vLLM, Bedrock and OpenRouter speak too.
///
/// It has no field for a seed or for several answers. Usage comes without being asked for.
public final class OpenAiResponses implements Dialect {
    private static final JsonMapper JSON = JsonMapper.shared();

    private final String target;
    private final List<Header> headers;
    private final ErrorReader errors;
    private final BodyTemplate body;

    public OpenAiResponses(DialectOptions options) {
        target = options.target("/v1", "/responses");
        headers = options.headersWith(options.usualHeaders("authorization", "Bearer "));
        errors = DialectOptions.errorsWithout(headers);
        body = new BodyTemplate(limited -> members(options, limited));
    }

    @Override
    public String name() {
        return "openai-responses";
    }

    @Override
    public Request request(Prompt prompt) {
        return new Request("POST", target, headers, body.body(prompt));
    }

    @Override
    public StreamDecoder decoder(ResponseHead head) {
        if (!head.isSuccess()) {
            return WholeBodyDecoder.ofError(errors);
        }
        Answer answer = new ResponsesAnswer(errors);
        return head.isJson() ? WholeBodyDecoder.ofAnswer(answer) : new SseDecoder(answer);
    }

    private static ObjectNode members(DialectOptions options, boolean limited) {
        ObjectNode members = JSON.createObjectNode();
        members.put("model", options.model);
        members.putArray("input").addObject().put("role", "user").put("content", BodyTemplate.PROMPT);
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
