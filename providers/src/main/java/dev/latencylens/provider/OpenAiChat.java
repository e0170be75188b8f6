package dev.latencylens.provider;

import dev.latencylens.exchange.Dialect;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.StreamDecoder;
import dev.latencylens.provider.DialectOptions.TokenLimit;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// OpenAI's Chat Completions and what speaks like it: vLLM, llama.cpp, TGI, Ollama's `/v1`, OpenRouter, Groq,
/// DeepSeek, xAI and many more.
///
/// The base URL is the one that such servers document, for example `https://api.openai.com/v1`. Behind its path
/// comes `/chat/completions`; behind an empty path `/v1/chat/completions`; nothing where the path ends in that
/// already.
public final class OpenAiChat implements Dialect {
    private static final JsonMapper JSON = JsonMapper.shared();

    private final String target;
    private final List<Header> headers;
    private final ErrorReader errors;
    private final BodyTemplate body;

    public OpenAiChat(DialectOptions options) {
        target = options.target("/v1", "/chat/completions");
        headers = options.headersWith(options.usualHeaders("authorization", "Bearer "));
        errors = DialectOptions.errorsWithout(headers);
        body = new BodyTemplate(limited -> members(options, limited));
    }

    @Override
    public String name() {
        return "openai-chat";
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
        Answer answer = new ChatAnswer(errors);
        return head.isJson() ? WholeBodyDecoder.ofAnswer(answer) : new SseDecoder(answer);
    }

    private static ObjectNode members(DialectOptions options, boolean limited) {
        ObjectNode members = JSON.createObjectNode();
        if (!options.extraBody.has("messages")) {
            members.putArray("messages").addObject().put("role", "user").put("content", BodyTemplate.PROMPT);
        }
        if (limited && Arrays.stream(TokenLimit.values()).map(OpenAiChat::field).noneMatch(options.extraBody::has)) {
            members.put(field(limitOf(options)), BodyTemplate.LIMIT);
        }
        members.put("model", options.model);
        members.put("stream", options.stream);
        if (options.stream && options.includeUsage) {
            members.putObject("stream_options").put("include_usage", true);
        }
        if (options.ignoreEos) {
            members.put("ignore_eos", true);
        }
        if (options.temperature != null) {
            members.put("temperature", options.temperature);
        }
        if (options.seed != null) {
            members.put("seed", options.seed);
        }
        if (options.choices != null) {
            members.put("n", options.choices);
        }
        DialectOptions.merge(members, options.extraBody);
        return members;
    }

    /// What a host understands: OpenAI's reasoning models refuse `max_tokens`, and many compatible servers ignore
    /// `max_completion_tokens`. So the latter goes to api.openai.com and the former to every other host.
    private static TokenLimit limitOf(DialectOptions options) {
        if (options.tokenLimit != null) {
            return options.tokenLimit;
        }
        return "api.openai.com".equalsIgnoreCase(options.baseUrl.getHost())
                ? TokenLimit.MAX_COMPLETION_TOKENS
                : TokenLimit.MAX_TOKENS;
    }

    private static String field(TokenLimit limit) {
        return limit.name().toLowerCase(Locale.ROOT);
    }
}
