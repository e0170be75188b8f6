package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class PromptCacheTest {
    private final PromptCache cache = new PromptCache();

    private int look(String prompt) {
        String body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"" + prompt + "\"}]}";
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return cache.look(ChatRequest.parse(Route.CHAT, bytes, 0, bytes.length));
    }

    @Test
    void promptThatIsNewHasNothingCached() {
        assertThat(look("a b c d e f g")).isZero();
        assertThat(look("b a c d e f g")).isZero();
    }

    @Test
    void wholePromptIsCachedWhenItIsRepeated() {
        look("a b c d e f g");
        assertThat(look("a b c d e f g")).isEqualTo(7);
    }

    @Test
    void sharedBeginningIsCachedInPowersOfTwo() {
        look("a b c d e f g");
        assertThat(look("a b c d e x y z")).isEqualTo(4);
        assertThat(look("a b x")).isEqualTo(2);
    }

    @Test
    void promptWithoutWordsIsNeverCached() {
        assertThat(look("")).isZero();
        assertThat(look("")).isZero();
    }
}
