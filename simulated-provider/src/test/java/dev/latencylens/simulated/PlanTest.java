package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanTest {
    static Plan plan(Route route, Behaviour behaviour, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        ChatRequest request = ChatRequest.parse(route, PromptCache.NO_BLOCKS, bytes, 0, bytes.length);
        AnswerShape shape = AnswerShape.of(behaviour, request);
        return new Plan(
                route,
                request,
                behaviour,
                shape,
                Plan.segments(behaviour, shape, request.stream()),
                1,
                1,
                0,
                0,
                1,
                true,
                new Truth());
    }

    @ParameterizedTest
    @CsvSource({
        "tokens=5; tool-calls=2, -1, 5, 2, tool_calls",
        "tokens=5; tool-calls=2, 17, 5, 2, tool_calls",
        "tokens=5; tool-calls=2, 16, 5, 1, length",
        "tool-calls=2, 20, 8, 2, tool_calls",
        "tool-calls=2, 7, 1, 1, length",
        "tokens=5; thinking=4, 3, 0, 0, length"
    })
    void toolCallsComeWholeWithinTheLimitOrNotAtAll(String settings, int limit, int text, int calls, String finish) {
        String body = "{\"model\":\"m\"" + (limit < 0 ? "" : ",\"max_tokens\":" + limit) + "}";

        AnswerShape shape =
                plan(Route.CHAT, Behaviour.defaults().with(settings), body).shape();

        assertThat(shape.visible()).isEqualTo(text);
        assertThat(shape.toolCalls()).isEqualTo(calls);
        assertThat(shape.finishReason()).isEqualTo(finish);
        assertThat(limit < 0 || shape.total() <= limit).isTrue();
    }

    @Test
    void segmentsComeInTheOrderOfThinkingTextAndTools() {
        Behaviour behaviour = Behaviour.defaults().with("thinking=2; tokens=3; tool-calls=2");

        Plan plan = plan(Route.CHAT, behaviour, "{\"model\":\"m\",\"stream\":true}");

        assertThat(plan.segments())
                .containsExactly(
                        new Segment(ChunkKind.REASONING, 2, 0, 0),
                        new Segment(ChunkKind.TEXT, 3, 1, 0),
                        new Segment(ChunkKind.TOOL, 6, 2, 0),
                        new Segment(ChunkKind.TOOL, 6, 3, 1));
        assertThat(plan.completionTokens()).isEqualTo(17);
    }
}
