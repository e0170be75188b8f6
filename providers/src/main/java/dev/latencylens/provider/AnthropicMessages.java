package dev.latencylens.provider;

import dev.latencylens.exchange.Header;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Anthropic's Messages.
///
/// The key goes out as `x-api-key` under the version of 2023 and as a bearer token under every later one, as
/// Anthropic's own clients send it.
public final class AnthropicMessages extends JsonDialect {
    static final String VERSION_2023 = "2023-06-01";
    static final String VERSION_2026 = "2026-10-21";

    private static final List<String> SAMPLING = List.of("temperature", "top_p", "top_k");

    /// The API demands a limit. Where none is asked for, this one is as good as none for what is measured.
    private static final int USUAL_LIMIT = 4096;

    private static final JsonMapper JSON = JsonMapper.shared();

    public AnthropicMessages(DialectOptions options) {
        super(
                "anthropic",
                options.target("/v1", "/messages"),
                headers(options),
                HistoryForm.ANTHROPIC,
                limited -> members(options, limited));
    }

    @Override
    Answer answer(ErrorReader errors) {
        return new AnthropicAnswer(errors);
    }

    private static List<Header> headers(DialectOptions options) {
        String version = version(options);
        boolean bearer = !version.equals(VERSION_2023);
        List<Header> own =
                new ArrayList<>(options.usualHeaders(bearer ? "authorization" : "x-api-key", bearer ? "Bearer " : ""));
        own.add(Header.of("anthropic-version", version));
        return options.headersWith(own);
    }

    /// The version of 2026 refuses what steers the sampling, so a request that has it speaks the older.
    private static String version(DialectOptions options) {
        if (options.apiVersion != null) {
            return options.apiVersion;
        }
        ObjectNode members = members(options, false);
        return SAMPLING.stream().anyMatch(members::has) ? VERSION_2023 : VERSION_2026;
    }

    private static ObjectNode members(DialectOptions options, boolean limited) {
        ObjectNode members = JSON.createObjectNode();
        members.put("model", options.model);
        members.put("max_tokens", limited ? BodyTemplate.LIMIT : USUAL_LIMIT);
        members.put("stream", options.stream);
        ObjectNode message = members.putArray("messages")
                .add(BodyTemplate.HISTORY)
                .addObject()
                .put("role", "user");
        if (options.promptCache == null) {
            message.put("content", BodyTemplate.PROMPT);
        } else {
            options.promptCache.mark(
                    message.putArray("content").addObject().put("type", "text").put("text", BodyTemplate.PROMPT));
        }
        if (options.temperature != null) {
            members.put("temperature", options.temperature);
        }
        DialectOptions.merge(members, options.extraBody);
        return members;
    }
}
