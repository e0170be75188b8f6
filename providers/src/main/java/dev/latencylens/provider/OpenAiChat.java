package dev.latencylens.provider;

import dev.latencylens.provider.DialectOptions.TokenLimit;
import tools.jackson.databind.node.ObjectNode;

/// OpenAI's Chat Completions and what speaks like it: vLLM, llama.cpp, TGI, Ollama's `/v1`, OpenRouter, Groq,
/// DeepSeek, xAI and many more.
///
/// The base URL is the one that such servers document, for example `https://api.openai.com/v1`. Behind its path
/// comes
/// `/chat/completions`; behind an empty path `/v1/chat/completions`; nothing where the path ends in that already.
public final class OpenAiChat extends JsonDialect {
    static final String ENDPOINT = "/chat/completions";

    public OpenAiChat(DialectOptions options) {
        super(
                "openai-chat",
                options.target("/v1", ENDPOINT),
                options.bearerHeaders(),
                limited -> members(options, limitOf(options), limited));
    }

    @Override
    Answer answer(ErrorReader errors) {
        return new ChatAnswer(errors);
    }

    /// The body of OpenAI's own dialect.
    static ObjectNode members(DialectOptions options, TokenLimit limit, boolean limited) {
        ObjectNode members = options.chatMembers(limit, limited);
        if (options.stream && options.includeUsage) {
            members.putObject("stream_options").put("include_usage", true);
        }
        if (options.ignoreEos) {
            members.put("ignore_eos", true);
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
}
