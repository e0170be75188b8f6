package dev.latencylens.provider;

import dev.latencylens.provider.DialectOptions.TokenLimit;
import tools.jackson.databind.node.ObjectNode;

/// The chat of Meta's Llama API.
public final class MetaLlama extends JsonDialect {
    public MetaLlama(DialectOptions options) {
        super(
                "meta-llama",
                options.target("/v1", OpenAiChat.ENDPOINT),
                options.bearerHeaders(),
                limited -> members(options, limited));
    }

    @Override
    Answer answer(ErrorReader errors) {
        return new MetaLlamaAnswer(errors);
    }

    private static ObjectNode members(DialectOptions options, boolean limited) {
        ObjectNode members = options.chatMembers(TokenLimit.MAX_COMPLETION_TOKENS, limited);
        DialectOptions.merge(members, options.extraBody);
        return members;
    }
}
