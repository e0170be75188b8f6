package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PromptsTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 9, 500})
    void aGeneratedPromptHasAsManyWordsAsAskedFor(int length) {
        var prompt = new Prompts.Generated(1, length, 5).apply(3);

        assertThat(prompt.text().split(" ", -1)).hasSize(length).noneMatch(String::isBlank);
        assertThat(prompt.maxOutputTokens()).isEqualTo(5);
    }

    @Test
    void noTwoPromptsBeginAlike() {
        var prompts = new Prompts.Generated(42, 8, 0);

        assertThat(LongStream.range(0, 20_000)
                        .mapToObj(number -> prompts.apply(number).text()))
                .doesNotHaveDuplicates();
    }

    @Test
    void theSameSeedAsksTheSameAndAnotherSeedSomethingElse() {
        var prompts = new Prompts.Generated(7, 64, 0);

        assertThat(prompts.apply(9)).isEqualTo(new Prompts.Generated(7, 64, 0).apply(9));
        assertThat(prompts.apply(9)).isNotEqualTo(new Prompts.Generated(8, 64, 0).apply(9));
    }

    @Test
    void aPromptsTokensAreEstimatedRatherTooHigh() {
        assertThat(new Prompts.Generated(7, 101, 0).inputTokens()).isEqualTo(152);
        assertThat(new Prompts.Repeated("1234567", "a test", 0).inputTokens()).isEqualTo(3);
    }
}
