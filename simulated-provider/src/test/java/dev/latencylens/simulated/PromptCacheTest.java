package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptCacheTest {
    private final PromptCache cache = new PromptCache();
    private Behaviour behaviour = Behaviour.defaults();
    private Dialect dialect = Dialect.OPENAI_CHAT;

    /// Tokens that were read, a slash, tokens that were written.
    private String body(String members) {
        PromptCache.Rule rule = PromptCache.Rule.of(behaviour, dialect);
        byte[] bytes = ("{\"model\":\"m\"," + members + "}").getBytes(StandardCharsets.UTF_8);
        PromptCache.Found found = cache.look(
                ChatRequest.parse(Route.CHAT, rule.block(), bytes, 0, bytes.length)
                        .prompt(),
                rule);
        return found.read() + "/" + found.written();
    }

    private String look(String prompt) {
        return body("\"messages\":[{\"role\":\"user\",\"content\":\"" + prompt + "\"}]");
    }

    private static String words(String name, int count) {
        return IntStream.range(0, count).mapToObj(i -> name + i).collect(Collectors.joining(" "));
    }

    @Test
    void openAiKeepsBeginningsFrom1024TokensOnInStepsOf128() {
        assertThat(look(words("w", 1_023))).isEqualTo("0/0");
        assertThat(look(words("w", 1_023))).isEqualTo("0/0");
        assertThat(look(words("w", 1_500))).isEqualTo("0/1408");
        assertThat(look(words("w", 1_500) + " and more")).isEqualTo("1408/0");
        assertThat(look(words("w", 1_200) + " " + words("x", 300))).isEqualTo("1152/256");
        assertThat(look(words("w", 1_023) + " other")).isEqualTo("0/1024");
    }

    @Test
    void oneSharedWordIsNoHit() {
        look("a " + words("w", 2_000));
        assertThat(look("a " + words("x", 2_000))).startsWith("0/");
    }

    @ParameterizedTest
    @CsvSource({"MISTRAL, 16", "OLLAMA, 16", "COHERE, 16", "META_LLAMA, 16"})
    void othersKeepBlocksAsVllmDoes(Dialect one, int block) {
        dialect = one;
        assertThat(look(words("w", block - 1))).isEqualTo("0/0");
        assertThat(look(words("w", 3 * block + 5))).isEqualTo("0/" + 3 * block);
        assertThat(look(words("w", 2 * block + 1))).isEqualTo(2 * block + "/0");
    }

    @Test
    void geminiKeepsEveryTokenFrom1024On() {
        dialect = Dialect.GEMINI;
        look(words("w", 1_100));
        assertThat(look(words("w", 1_050) + " " + words("x", 2))).isEqualTo("1050/2");
        assertThat(look(words("w", 1_000))).isEqualTo("0/0");
    }

    @Test
    void blockAndMinimumCanBeSaid() {
        behaviour = behaviour.with("cache-block=2");
        look("a b c d e f g");
        assertThat(look("a b c d e x y z")).isEqualTo("4/4");
        assertThat(look("a b x")).isEqualTo("2/0");
        behaviour = behaviour.with("cache-minimum=4");
        assertThat(look("a b x")).isEqualTo("0/0");
    }

    @Test
    void aConversationFindsItsHistory() {
        behaviour = behaviour.with("cache-block=1");
        String first = "{\"role\":\"user\",\"content\":\"how are you\"}";
        String second =
                first + ",{\"role\":\"assistant\",\"content\":\"fine\"},{\"role\":\"user\",\"content\":\"and now\"}";
        assertThat(body("\"messages\":[" + first + "]")).isEqualTo("0/3");
        assertThat(body("\"messages\":[" + second + "]")).isEqualTo("3/3");
    }

    @Test
    void anthropicKeepsWhatTheRequestMarks() {
        dialect = Dialect.ANTHROPIC;
        String system = "\"system\":[{\"type\":\"text\",\"text\":\"" + words("s", 1_500) + "\"%s}],";
        String marked = system.formatted(",\"cache_control\":{\"type\":\"ephemeral\"}");
        String question = "\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]";

        assertThat(body(system.formatted("") + question.formatted("a b"))).isEqualTo("0/0");
        assertThat(body(marked + question.formatted("a b"))).isEqualTo("0/1500");
        assertThat(body(marked + question.formatted("c d e"))).isEqualTo("1500/0");
        // Nothing is looked for where nothing is marked.
        assertThat(body(system.formatted("") + question.formatted("a b"))).isEqualTo("0/0");
    }

    @Test
    void aMarkFindsWhatAMarkBeforeItHasWritten() {
        dialect = Dialect.ANTHROPIC;
        String first = "{\"text\":\"" + words("s", 1_500) + "\"%s}";
        String second = "{\"text\":\"" + words("t", 100) + "\"%s}";
        String mark = ",\"cache_control\":{\"type\":\"ephemeral\"}";
        String messages = "\"messages\":[{\"content\":[%s]}]";

        assertThat(body(messages.formatted(first.formatted(mark)))).isEqualTo("0/1500");
        assertThat(body(messages.formatted(first.formatted("") + "," + second.formatted(mark))))
                .isEqualTo("1500/100");
        assertThat(body(messages.formatted(first.formatted("") + "," + second.formatted(""))
                        + ",\"cache_control\":{\"type\":\"ephemeral\"}"))
                .isEqualTo("1600/0");
    }

    @Test
    void bedrockMarksByABlockOfItsOwn() {
        dialect = Dialect.BEDROCK_CONVERSE;
        String messages = "\"messages\":[{\"content\":[{\"text\":\"" + words("s", 1_024)
                + "\"},{\"cachePoint\":{\"type\":\"default\"}},{\"text\":\"%s\"}]}]";

        assertThat(body(messages.formatted("a"))).isEqualTo("0/1024");
        assertThat(body(messages.formatted("b"))).isEqualTo("1024/0");
    }

    @Test
    void promptWithoutWordsIsNeverCached() {
        behaviour = behaviour.with("cache-block=1");
        assertThat(look("")).isEqualTo("0/0");
        assertThat(look("")).isEqualTo("0/0");
    }
}
