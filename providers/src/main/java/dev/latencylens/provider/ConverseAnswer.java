package dev.latencylens.provider;

import dev.latencylens.exchange.Usage;
import tools.jackson.databind.JsonNode;

/// An answer of Bedrock's Converse and ConverseStream.
final class ConverseAnswer extends JsonAnswer {
    private final ConverseEvents events = new ConverseEvents(this);

    ConverseAnswer(ErrorReader errors) {
        super(errors);
    }

    @Override
    void document(String type, JsonNode json) {
        if (json.has("output")) {
            events.whole(json);
        } else {
            events.event(type, json);
        }
    }

    @Override
    Usage usage(JsonNode raw) {
        return BedrockUsage.of(raw);
    }
}
