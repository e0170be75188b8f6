package dev.latencylens.provider;

import dev.latencylens.provider.DialectOptions.TokenLimit;
import tools.jackson.databind.node.ObjectNode;

/// Cohere's chat, version 2.
public final class Cohere extends JsonDialect {
    public Cohere(DialectOptions options) {
        super("cohere", options.target("/v2", "/chat"), options.bearerHeaders(), limited -> members(options, limited));
    }

    @Override
    Answer answer(ErrorReader errors) {
        return new CohereAnswer(errors);
    }

    private static ObjectNode members(DialectOptions options, boolean limited) {
        ObjectNode members = options.chatMembers(TokenLimit.MAX_TOKENS, limited);
        if (options.seed != null) {
            members.put("seed", options.seed);
        }
        DialectOptions.merge(members, options.extraBody);
        return members;
    }
}
