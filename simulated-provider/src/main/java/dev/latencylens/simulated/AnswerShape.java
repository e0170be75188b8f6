package dev.latencylens.simulated;

/// How long an answer is, and why it ends: the arithmetic of length, limit and reasoning.
///
/// `finishReason` is in OpenAI's words: `stop`, `length` or `tool_calls`.
record AnswerShape(int visible, int reasoning, int toolCalls, int toolTokens, String finishReason) {
    private static final int DEFAULT_TOKENS = 16;

    /// `max_tokens` counts reasoning too, as OpenAI's `max_completion_tokens` does. An answer that
    /// is as long as it is because of the limit finishes with `length`; tool calls come whole or not at all.
    static AnswerShape of(Behaviour behaviour, ChatRequest request) {
        int limit = request.maxTokens();
        int wanted = behaviour.reasoningTokens;
        int calls = behaviour.toolCall ? 0 : behaviour.toolCalls;
        int each = behaviour.toolTokens;
        String natural = behaviour.toolCall || calls > 0 ? "tool_calls" : "stop";
        int visible = behaviour.tokens < 0 ? DEFAULT_TOKENS : behaviour.tokens;
        boolean fits = limit < 0 || (behaviour.tokens >= 0 && (long) visible + wanted + (long) calls * each <= limit);
        if (fits) {
            return new AnswerShape(visible, wanted, calls, each, natural);
        }
        int reasoning = Math.min(wanted, limit);
        if (behaviour.tokens < 0) {
            int fitting = Math.min(calls, (limit - reasoning) / each);
            String finish = fitting > 0 && fitting == calls ? natural : "length";
            return new AnswerShape(limit - reasoning - fitting * each, reasoning, fitting, each, finish);
        }
        visible = Math.min(visible, limit - reasoning);
        return new AnswerShape(visible, reasoning, (limit - reasoning - visible) / each, each, "length");
    }

    int total() {
        return visible + reasoning + toolCalls * toolTokens;
    }
}
