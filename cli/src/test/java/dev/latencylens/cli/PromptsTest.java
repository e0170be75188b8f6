package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.Message;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Turn;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PromptsTest {
    private static final long A_RUN = 0xA;
    private static final long ANOTHER_RUN = 0xB;

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 9, 500})
    void aGeneratedPromptHasAsManyWordsAsAskedForSaltIncluded(int length) {
        var prompt = generated(1, length, 0, A_RUN).apply(3);

        assertThat(prompt.text().split(" ", -1)).hasSize(length).noneMatch(String::isBlank);
        assertThat(prompt.maxOutputTokens()).isEqualTo(5);
    }

    @Test
    void noTwoPromptsBeginAlikeSaltedOrNot() {
        for (Long salt : new Long[] {A_RUN, null}) {
            var prompts = generated(42, 8, 0, salt);

            assertThat(LongStream.range(0, 20_000)
                            .mapToObj(number -> prompts.apply(number).text()))
                    .doesNotHaveDuplicates();
        }
    }

    @Test
    void withoutSaltTheSameSeedAsksTheSameAndAnotherSeedSomethingElse() {
        assertThat(generated(7, 64, 0, null).apply(9))
                .isEqualTo(generated(7, 64, 0, null).apply(9));
        assertThat(generated(7, 64, 0, null).apply(9))
                .isNotEqualTo(generated(8, 64, 0, null).apply(9));
    }

    @Test
    void theSaltChangesTheFirstEightWordsFromRunToRunAndNoOthers() {
        List<String> once = words(generated(7, 64, 0, A_RUN), 9);
        List<String> again = words(generated(7, 64, 0, ANOTHER_RUN), 9);

        assertThat(once.subList(0, 8)).isNotEqualTo(again.subList(0, 8));
        assertThat(once.subList(8, 64)).isEqualTo(again.subList(8, 64));
    }

    @Test
    void whatIsSharedStandsBeforeTheSaltAndIsTheSameInEveryPromptOfTheSeed() {
        List<String> one = words(generated(7, 100, 0.6, A_RUN), 1);
        List<String> other = words(generated(7, 100, 0.6, ANOTHER_RUN), 2);

        assertThat(one.subList(0, 60)).isEqualTo(other.subList(0, 60));
        assertThat(one.subList(60, 68)).isNotEqualTo(other.subList(60, 68));
        assertThat(words(generated(7, 100, 1, A_RUN), 1)).isEqualTo(words(generated(7, 100, 1, A_RUN), 2));
    }

    @Test
    void aTextOfTheUsersIsSentAsItIsBehindTheSalt() {
        var texts = new Prompts.Repeated("What is a lens?", "a test");
        var salted = new Prompts(texts, Lengths.of(5), 1, A_RUN);

        assertThat(salted.apply(0).text()).endsWith("]\nWhat is a lens?").startsWith("[");
        assertThat(LongStream.range(0, 2_000)
                        .mapToObj(number -> salted.apply(number).text()))
                .doesNotHaveDuplicates();
        assertThat(new Prompts(texts, Lengths.of(5), 1, null).apply(0).text()).isEqualTo("What is a lens?");
    }

    @Test
    void rowsAreAskedInTheirOrderAndAgainFromTheTop() {
        var dataset = new Prompts.Dataset(
                List.of(new Prompts.Dataset.Row("a", 0), new Prompts.Dataset.Row("b", 70)), "a test");
        var prompts = new Prompts(dataset, Lengths.of(9), 1, null);

        assertThat(IntStream.range(0, 5)
                        .mapToObj(number -> prompts.apply(number).text()))
                .containsExactly("a", "b", "a", "b", "a");
        assertThat(IntStream.range(0, 3)
                        .mapToObj(number -> prompts.apply(number).maxOutputTokens()))
                .containsExactly(9, 70, 9);
        assertThat(prompts.outputLength()).isEqualTo(70);
    }

    @Test
    void answersGetLengthsOfTheirOwnTheSameAgainForTheSameSeed() {
        var lengths = Lengths.parse("--osl", "uniform:10:20", 0);
        var prompts = new Prompts(new Prompts.Repeated("x", "a test"), lengths, 3, null);

        var drawn = IntStream.range(0, 500)
                .map(number -> prompts.apply(number).maxOutputTokens())
                .boxed()
                .toList();

        assertThat(drawn).contains(10, 20).allMatch(length -> length >= 10 && length <= 20);
        assertThat(IntStream.range(0, 500)
                        .map(number -> prompts.apply(number).maxOutputTokens())
                        .boxed())
                .isEqualTo(drawn);
        assertThat(prompts.outputLength()).isEqualTo(20);
    }

    @Test
    void aConversationIsSaltedOnceAtItsVeryBeginning() {
        var talk = new Prompts.Dataset(
                List.of(new Prompts.Dataset.Row("be brief", "one", 0, List.of(new Prompts.Dataset.Later("1", "two")))),
                "a test");
        var turns = new Prompts.Turns(null, Lengths.of(1), Prompts.History.SYNTHETIC);
        var prompts = new Prompts(talk, Lengths.of(5), 1, A_RUN, turns);

        Prompt second = prompts.turn(new Turn(3, 2, 2), List.of());

        assertThat(prompts.turns(3)).isEqualTo(2);
        assertThat(second.text()).isEqualTo("two");
        assertThat(second.history()).extracting(Message::text).last().isEqualTo("1");
        assertThat(second.history().get(1).text()).isEqualTo("one");
        assertThat(second.history().getFirst().role()).isEqualTo(Message.Role.SYSTEM);
        assertThat(second.history().getFirst().text())
                .matches("(?s)\\[.*]\nbe brief")
                .isEqualTo(prompts.turn(new Turn(3, 1, 2), List.of())
                        .history()
                        .getFirst()
                        .text())
                .isNotEqualTo(prompts.turn(new Turn(4, 1, 2), List.of())
                        .history()
                        .getFirst()
                        .text());
    }

    @Test
    void aLaterTurnRepeatsWhatWasAskedAndAnsweredBeforeIt() {
        var turns = new Prompts.Turns(Lengths.of(3), Lengths.of(4), Prompts.History.REAL);
        var prompts = new Prompts(new Prompts.Generated(7, Lengths.of(20), 0), Lengths.of(5), 7, A_RUN, turns);

        Prompt second = prompts.turn(new Turn(0, 2, 3), List.of("yes"));
        Prompt third = prompts.turn(new Turn(0, 3, 3), List.of("yes", "no"));

        assertThat(third.history().subList(0, 2)).isEqualTo(second.history());
        assertThat(third.history())
                .extracting(Message::text)
                .containsExactly(prompts.apply(0).text(), "yes", second.text(), "no");
        assertThat(second.text().split(" ")).hasSize(4);
        assertThat(third.text()).isNotEqualTo(second.text());
        assertThat(prompts.inputTokens()).isEqualTo(30 + 2 * (8 + 6));
    }

    @Test
    void aPromptsTokensAreEstimatedRatherTooHigh() {
        assertThat(generated(7, 101, 0, null).inputTokens()).isEqualTo(152);
        assertThat(new Prompts.Repeated("1234567", "a test").inputTokens()).isEqualTo(3 + 12);
    }

    private static Prompts generated(long seed, int length, double shared, @Nullable Long runSalt) {
        return new Prompts(new Prompts.Generated(seed, Lengths.of(length), shared), Lengths.of(5), seed, runSalt);
    }

    private static List<String> words(Prompts prompts, long number) {
        return List.of(prompts.apply(number).text().split(" ", -1));
    }
}
