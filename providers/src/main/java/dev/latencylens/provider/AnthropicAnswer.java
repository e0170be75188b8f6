package dev.latencylens.provider;

import dev.latencylens.exchange.Usage;
import tools.jackson.databind.JsonNode;

/// An answer in Anthropic's Messages dialect.
final class AnthropicAnswer extends JsonAnswer {
    private final AnthropicEvents events = new AnthropicEvents(this);

    AnthropicAnswer(ErrorReader errors) {
        super(errors);
    }

    @Override
    void document(String type, JsonNode json) {
        events.document(json);
    }

    @Override
    Usage usage(JsonNode raw) {
        return AnthropicEvents.usage(raw);
    }
}
