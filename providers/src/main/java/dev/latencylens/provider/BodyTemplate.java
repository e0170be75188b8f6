package dev.latencylens.provider;

import dev.latencylens.exchange.Prompt;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import tools.jackson.core.io.JsonStringEncoder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A request's body, encoded once but for the prompt and the limit of the answer, so that a request costs little
/// more than its prompt's characters.
final class BodyTemplate {
    private static final JsonMapper JSON = JsonMapper.shared();

    /// Stands where the prompt will: characters for private use, which no option has.
    static final String PROMPT = "\uE0FFprompt\uE0FF";

    /// Stands where the limit will: a number that no option has.
    static final int LIMIT = 1_987_654_321;

    private static final byte[] PROMPT_BYTES = PROMPT.getBytes(StandardCharsets.UTF_8);
    private static final byte[] LIMIT_BYTES = Bytes.ascii(Integer.toString(LIMIT));

    private final Parts limited;
    private final Parts unlimited;

    /// @param body makes the body with [#PROMPT] as the prompt and, where true is given, [#LIMIT] as the limit;
    /// either may be missing
    BodyTemplate(Function<Boolean, ? extends JsonNode> body) {
        limited = Parts.of(JSON.writeValueAsBytes(body.apply(true)));
        unlimited = Parts.of(JSON.writeValueAsBytes(body.apply(false)));
    }

    byte[] body(Prompt prompt) {
        Parts parts = prompt.maxOutputTokens() == 0 ? unlimited : limited;
        byte[] text = parts.hasPrompt() ? quoted(prompt.text()) : Bytes.NONE;
        byte[] limit = parts.hasLimit() ? Bytes.ascii(Integer.toString(prompt.maxOutputTokens())) : Bytes.NONE;
        return parts.joined(text, limit);
    }

    /// The text as JSON, without its quotes; half a surrogate pair, which UTF-8 cannot carry, becomes a question
    /// mark.
    private static byte[] quoted(String text) {
        try {
            return JsonStringEncoder.getInstance().quoteAsUTF8(text);
        } catch (IllegalArgumentException halfACharacter) {
            String whole = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
            return JsonStringEncoder.getInstance().quoteAsUTF8(whole);
        }
    }

    /// A body and where in it the two places are, -1 for none.
    private static final class Parts {
        private final byte[] json;
        private final int promptAt;
        private final int limitAt;

        private Parts(byte[] json, int promptAt, int limitAt) {
            this.json = json;
            this.promptAt = promptAt;
            this.limitAt = limitAt;
        }

        static Parts of(byte[] json) {
            return new Parts(json, Bytes.indexOf(json, PROMPT_BYTES), Bytes.indexOf(json, LIMIT_BYTES));
        }

        boolean hasPrompt() {
            return promptAt >= 0;
        }

        boolean hasLimit() {
            return limitAt >= 0;
        }

        byte[] joined(byte[] prompt, byte[] limit) {
            int length = json.length
                    + (hasPrompt() ? prompt.length - PROMPT_BYTES.length : 0)
                    + (hasLimit() ? limit.length - LIMIT_BYTES.length : 0);
            byte[] body = new byte[length];
            boolean promptFirst = promptAt < limitAt;
            int from = 0;
            int to = 0;
            for (int turn = 0; turn < 2; turn++) {
                boolean isPrompt = promptFirst == (turn == 0);
                int at = isPrompt ? promptAt : limitAt;
                if (at >= 0) {
                    byte[] put = isPrompt ? prompt : limit;
                    System.arraycopy(json, from, body, to, at - from);
                    to += at - from;
                    System.arraycopy(put, 0, body, to, put.length);
                    to += put.length;
                    from = at + (isPrompt ? PROMPT_BYTES.length : LIMIT_BYTES.length);
                }
            }
            System.arraycopy(json, from, body, to, json.length - from);
            return body;
        }
    }
}
