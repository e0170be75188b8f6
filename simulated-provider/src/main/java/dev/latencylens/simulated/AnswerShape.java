package dev.latencylens.simulated;

/// How long an answer is, and why it ends: the arithmetic of length, limit and reasoning.
record AnswerShape(int visible, int reasoning, String finishReason) {
    private static final int DEFAULT_TOKENS = 16;

    /// `max_tokens` counts reasoning too, as OpenAI's `max_completion_tokens` does. An answer that
    /// is as long as it is because of the limit finishes with `length`.
    static AnswerShape of(Behaviour behaviour, ChatRequest request) {
        int limit = request.maxTokens();
        int wanted = behaviour.reasoningTokens;
        String natural = behaviour.toolCall ? "tool_calls" : "stop";
        if (behaviour.tokens < 0 && limit >= 0) {
            int reasoning = Math.min(wanted, limit);
            return new AnswerShape(limit - reasoning, reasoning, "length");
        }
        int visible = behaviour.tokens < 0 ? DEFAULT_TOKENS : behaviour.tokens;
        if (limit < 0 || (long) visible + wanted <= limit) {
            return new AnswerShape(visible, wanted, natural);
        }
        int reasoning = Math.min(wanted, limit);
        return new AnswerShape(limit - reasoning, reasoning, "length");
    }

    int total() {
        return visible + reasoning;
    }
}
