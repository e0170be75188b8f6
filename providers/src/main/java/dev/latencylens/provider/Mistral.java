package dev.latencylens.provider;

import dev.latencylens.provider.DialectOptions.TokenLimit;
import tools.jackson.databind.node.ObjectNode;

/// Mistral's chat: OpenAI's, but usage comes unasked, the seed has another name, and content may be a list of
/// parts.
public final class Mistral extends JsonDialect {
    public Mistral(DialectOptions options) {
        super(
                "mistral",
                options.target("/v1", OpenAiChat.ENDPOINT),
                options.bearerHeaders(),
                limited -> members(options, limited));
    }

    @Override
    Answer answer(ErrorReader errors) {
        return new ChatAnswer(errors);
    }

    private static ObjectNode members(DialectOptions options, boolean limited) {
        ObjectNode members = options.chatMembers(TokenLimit.MAX_TOKENS, limited);
        if (options.seed != null) {
            members.put("random_seed", options.seed);
        }
        if (options.choices != null) {
            members.put("n", options.choices);
        }
        DialectOptions.merge(members, options.extraBody);
        return members;
    }
}
