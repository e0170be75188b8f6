package dev.latencylens.sdk;

import static dev.latencylens.sdk.Simulation.FOUR_TOKENS;
import static dev.latencylens.sdk.Simulation.SIXTEEN_TOKENS;
import static dev.latencylens.sdk.Simulation.started;
import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.genai.Client;
import com.google.genai.ResponseStream;
import com.google.genai.errors.ApiException;
import com.google.genai.errors.ClientException;
import com.google.genai.errors.GenAiIOException;
import com.google.genai.errors.ServerException;
import com.google.genai.types.FinishReason;
import com.google.genai.types.FunctionCall;
import com.google.genai.types.GenerateContentConfig;
import com.google.genai.types.GenerateContentResponse;
import com.google.genai.types.GenerateContentResponseUsageMetadata;
import com.google.genai.types.HttpOptions;
import com.google.genai.types.HttpRetryOptions;
import com.google.genai.types.Part;
import dev.latencylens.simulated.SimulatedProvider;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What the simulated provider says in Gemini's dialect is what Google's own SDK for Java understands.
class GeminiJavaSdkTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "tokens-per-chunk=3",
                "events-per-write=5",
                "writes-per-event=4",
                "comments=3; pings=2; pings-between=1",
                "provider-headers=true",
                "headers=late"
            })
    void textAndUsageAreReadHoweverTheyAreSent(String behaviour) throws IOException {
        try (var provider = started(behaviour)) {
            Understood understood = streamed(provider, 16);

            assertThat(understood.text()).isEqualTo(SIXTEEN_TOKENS);
            assertThat(understood.finish()).isEqualTo(FinishReason.Known.MAX_TOKENS);
            assertThat(understood.usage().promptTokenCount()).contains(3);
            assertThat(understood.usage().candidatesTokenCount()).contains(16);
            assertThat(understood.usage().totalTokenCount()).contains(19);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void thoughtsTextAndToolCallsAreParts(boolean stream) throws IOException {
        try (var provider = started("thinking=4; tool-calls=2; writes-per-event=3")) {
            Understood understood = stream ? streamed(provider, 32) : whole(provider, 32);

            assertThat(understood.thoughts()).isEqualTo(FOUR_TOKENS);
            assertThat(understood.text()).isEqualTo(SIXTEEN_TOKENS);
            assertThat(understood.calls()).hasSize(2).allSatisfy(call -> {
                assertThat(call.name()).contains("look_up");
                assertThat(call.args()).contains(Map.of("text", FOUR_TOKENS));
            });
            assertThat(understood.finish()).isEqualTo(FinishReason.Known.STOP);
            assertThat(understood.usage().thoughtsTokenCount()).contains(4);
            assertThat(understood.usage().candidatesTokenCount()).contains(28);
            assertThat(understood.usage().totalTokenCount()).contains(35);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatTheCacheHoldsIsReadTheNextTime(boolean stream) throws IOException {
        try (var provider = started("cache-factor=0.5; cache-block=1")) {
            Understood first = stream ? streamed(provider, 16) : whole(provider, 16);
            Understood second = stream ? streamed(provider, 16) : whole(provider, 16);

            assertThat(first.usage().cachedContentTokenCount()).isEmpty();
            assertThat(second.usage().cachedContentTokenCount()).contains(3);
            assertThat(second.usage().promptTokenCount()).contains(3);
        }
    }

    @Test
    void wholeAnswerIsThatOfTheStream() throws IOException {
        try (var provider = started("")) {
            Understood understood = whole(provider, 16);

            assertThat(understood.text()).isEqualTo(SIXTEEN_TOKENS);
            assertThat(understood.finish()).isEqualTo(FinishReason.Known.MAX_TOKENS);
            assertThat(understood.usage().promptTokenCount()).contains(3);
            assertThat(understood.usage().candidatesTokenCount()).contains(16);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "400, INVALID_ARGUMENT",
        "401, UNAUTHENTICATED",
        "404, NOT_FOUND",
        "429, RESOURCE_EXHAUSTED",
        "500, INTERNAL",
        "503, UNAVAILABLE"
    })
    void httpErrorsCarryTheirStatus(int status, String name) throws IOException {
        try (var provider = started("fault=http-" + status)) {
            var streamed = catchThrowableOfType(ApiException.class, () -> streamed(provider, 16));
            var whole = catchThrowableOfType(ApiException.class, () -> whole(provider, 16));

            assertThat(List.of(streamed, whole)).allSatisfy(error -> {
                assertThat(error).isInstanceOf(status < 500 ? ClientException.class : ServerException.class);
                assertThat(error.code()).isEqualTo(status);
                assertThat(error.status()).isEqualTo(name);
                assertThat(error.message()).isNotEmpty();
            });
        }
    }

    @Test
    void errorInMidStreamIsAnErrorBehindTheTextBeforeIt() throws IOException {
        try (var provider = started("fault=error-named; fault-after=4")) {
            var text = new StringBuilder();

            var error = catchThrowableOfType(
                    ServerException.class, () -> read(provider, 16, chunk -> text.append(chunk.text())));

            assertThat(text).hasToString(FOUR_TOKENS);
            assertThat(error.code()).isEqualTo(503);
            assertThat(error.status()).isEqualTo("UNAVAILABLE");
            assertThat(error.message()).isEqualTo("The model is overloaded.");
        }
    }

    /// The SDK passes over lines without `data:`, as Gemini's bare error is, and tells nobody.
    @Test
    void errorThatIsNoEventLeavesAnAnswerWithoutFinish() throws IOException {
        try (var provider = started("fault=error-event; fault-after=4")) {
            Understood understood = streamed(provider, 16);

            assertThat(understood.text()).isEqualTo(FOUR_TOKENS);
            assertThat(understood.finish()).isEqualTo(FinishReason.Known.FINISH_REASON_UNSPECIFIED);
        }
    }

    /// The SDK reads one chunk ahead, so that the last one before the cut is lost.
    @Test
    void streamWhoseConnectionIsCutIsAnError() throws IOException {
        try (var provider = started("fault=close; fault-after=5")) {
            var text = new StringBuilder();

            var error = catchThrowableOfType(
                    GenAiIOException.class, () -> read(provider, 16, chunk -> text.append(chunk.text())));

            assertThat(error).isNotNull();
            assertThat(text).hasToString(FOUR_TOKENS);
        }
    }

    /// An answer, or the chunks of one joined.
    private record Understood(List<GenerateContentResponse> chunks) {
        String text() {
            return parts(false);
        }

        String thoughts() {
            return parts(true);
        }

        private String parts(boolean thought) {
            return parts().filter(part -> part.thought().orElse(false) == thought)
                    .flatMap(part -> part.text().stream())
                    .collect(joining());
        }

        List<FunctionCall> calls() {
            return parts().flatMap(part -> part.functionCall().stream()).toList();
        }

        private Stream<Part> parts() {
            return chunks.stream().flatMap(chunk -> requireNonNull(chunk.parts()).stream());
        }

        FinishReason.Known finish() {
            return chunks.getLast().finishReason().knownEnum();
        }

        GenerateContentResponseUsageMetadata usage() {
            return chunks.getLast().usageMetadata().orElseThrow();
        }
    }

    private static Understood streamed(SimulatedProvider provider, int maxTokens) {
        List<GenerateContentResponse> chunks = new ArrayList<>();
        read(provider, maxTokens, chunks::add);
        return new Understood(chunks);
    }

    private static void read(SimulatedProvider provider, int maxTokens, Consumer<GenerateContentResponse> eater) {
        try (Client client = client(provider);
                ResponseStream<GenerateContentResponse> answer =
                        client.models.generateContentStream(Simulation.MODEL, Simulation.PROMPT, config(maxTokens))) {
            answer.forEach(eater);
        }
    }

    private static Understood whole(SimulatedProvider provider, int maxTokens) {
        try (Client client = client(provider)) {
            return new Understood(
                    List.of(client.models.generateContent(Simulation.MODEL, Simulation.PROMPT, config(maxTokens))));
        }
    }

    private static Client client(SimulatedProvider provider) {
        return Client.builder()
                .apiKey("none")
                .httpOptions(HttpOptions.builder()
                        .baseUrl(Simulation.origin(provider))
                        .retryOptions(HttpRetryOptions.builder().attempts(1))
                        .build())
                .build();
    }

    private static GenerateContentConfig config(int maxTokens) {
        return GenerateContentConfig.builder().maxOutputTokens(maxTokens).build();
    }
}
