package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatRequestTest {
    private static ChatRequest parse(String json) {
        byte[] bytes = (" " + json).getBytes(StandardCharsets.UTF_8);
        return ChatRequest.parse(Route.CHAT, PromptCache.NO_BLOCKS, bytes, 1, bytes.length - 1);
    }

    @Test
    void takesWhatItNeedsAndPassesOverTheRest() {
        ChatRequest request = parse("""
            {"tools":[{"model":"no","stream":false}],"model":"gpt-\\u0078","stream":true,"n":2,"max_tokens":null,
             "max_completion_tokens":7,"stream_options":{"other":[1],"include_usage":true,"include_obfuscation":false},
             "messages":[{"role":"system","content":"be  brief"},
             {"role":"user","content":[{"type":"text","text":"one two\\nthree"},{"type":"image_url","image_url":{"url":"a b"}}]}]}
            """);

        assertThat(request).isEqualTo(new ChatRequest("gpt-x", true, true, false, 2, 7, 5, false, request.prompt()));
    }

    @Test
    void promptHasAtLeastOneToken() {
        assertThat(parse("{\"model\":\"m\",\"messages\":[]}").promptTokens()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"model\":\"m\" | not valid JSON",
                "nothing | not valid JSON",
                "[] | must be a JSON object",
                "{} | you must provide a model parameter",
                "{\"model\":5} | 'model' must be a string",
                "{\"model\":\"m\",\"stream\":\"yes\"} | 'stream' must be true or false",
                "{\"model\":\"m\",\"n\":0} | 'n' must be between 1 and 128, was 0",
                "{\"model\":\"m\",\"max_tokens\":\"x\"} | 'max_tokens' must be a whole number",
            })
    void wrongBodySaysWhatIsWrong(String body, String message) {
        assertThatThrownBy(() -> parse(body))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
