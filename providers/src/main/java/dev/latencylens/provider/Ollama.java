package dev.latencylens.provider;

import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.StreamDecoder;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Ollama's own chat, `/api/chat`, whose stream is one JSON document a line.
public final class Ollama extends JsonDialect {
    public Ollama(DialectOptions options) {
        super("ollama", target(options), headers(options), limited -> members(options, limited));
    }

    @Override
    Answer answer(ErrorReader errors) {
        return new OllamaAnswer(errors);
    }

    @Override
    StreamDecoder stream(Answer answer) {
        return new LineDecoder(answer);
    }

    /// The documented base URL has been given with `/api` and without.
    private static String target(DialectOptions options) {
        String path = options.basePath();
        boolean below = path.endsWith("/api") || path.endsWith("/api/chat");
        return options.target("", below ? "/chat" : "/api/chat");
    }

    private static List<Header> headers(DialectOptions options) {
        List<Header> fields = options.usualHeaders("authorization", "Bearer ");
        fields.replaceAll(field ->
                field.name().equals("accept") && options.stream ? Header.of("accept", "application/x-ndjson") : field);
        return options.headersWith(fields);
    }

    private static ObjectNode members(DialectOptions options, boolean limited) {
        ObjectNode members = options.promptMembers();
        ObjectNode sampling = members.objectNode();
        if (limited) {
            sampling.put("num_predict", BodyTemplate.LIMIT);
        }
        if (options.temperature != null) {
            sampling.put("temperature", options.temperature);
        }
        if (options.seed != null) {
            sampling.put("seed", options.seed);
        }
        if (!sampling.isEmpty()) {
            members.set("options", sampling);
        }
        DialectOptions.merge(members, options.extraBody);
        return members;
    }
}
