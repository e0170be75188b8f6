package dev.latencylens.provider;

import dev.latencylens.exchange.Dialect;
import dev.latencylens.exchange.StreamDecoder;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/// The wire dialects, by the names that users and files give them.
public enum DialectName {
    OPENAI_CHAT("openai-chat", OpenAiChat::new, ChatAnswer::new),
    OPENAI_RESPONSES("openai-responses", OpenAiResponses::new, ResponsesAnswer::new),
    ANTHROPIC("anthropic", AnthropicMessages::new, AnthropicAnswer::new),
    GEMINI("gemini", Gemini::new, GeminiAnswer::new),
    BEDROCK_CONVERSE("bedrock-converse", options -> new Bedrock(options, Bedrock.Api.CONVERSE), ConverseAnswer::new),
    BEDROCK_INVOKE("bedrock-invoke", options -> new Bedrock(options, Bedrock.Api.INVOKE), InvokeAnswer::new),
    AZURE_OPENAI("azure-openai", AzureOpenAi::new, ChatAnswer::new),
    COHERE("cohere", Cohere::new, CohereAnswer::new),
    MISTRAL("mistral", Mistral::new, ChatAnswer::new),
    META_LLAMA("meta-llama", MetaLlama::new, MetaLlamaAnswer::new),
    OLLAMA("ollama", Ollama::new, OllamaAnswer::new);

    /// Those whose requests can say which part of a prompt is to be kept.
    private static final List<DialectName> MARKS_PROMPTS = List.of(ANTHROPIC, BEDROCK_CONVERSE, BEDROCK_INVOKE);

    private final String label;

    @SuppressWarnings("ImmutableEnumChecker") // constructors
    private final Function<DialectOptions, Dialect> requests;

    @SuppressWarnings("ImmutableEnumChecker")
    private final Function<ErrorReader, Answer> answers;

    DialectName(String label, Function<DialectOptions, Dialect> requests, Function<ErrorReader, Answer> answers) {
        this.label = label;
        this.requests = requests;
        this.answers = answers;
    }

    public String label() {
        return label;
    }

    /// @throws IllegalArgumentException if an option has a value that this dialect cannot send
    public Dialect with(DialectOptions options) {
        if (options.promptCache != null && !MARKS_PROMPTS.contains(this)) {
            throw new IllegalArgumentException("--cache-control is for "
                    + MARKS_PROMPTS.stream().map(DialectName::label).collect(Collectors.joining(", "))
                    + "; a request in dialect " + label + " has no such mark, so leave it out");
        }
        return requests.apply(options);
    }

    /// Reads the body of an answer that was recorded, framed in whichever way its first bytes show.
    public StreamDecoder decoder(byte[] body) {
        return RecordedFraming.of(body).decoder(answers.apply(new ErrorReader(List.of())));
    }

    /// @throws IllegalArgumentException naming the dialects there are
    public static DialectName of(String label) {
        return Arrays.stream(values())
                .filter(name -> name.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no dialect '" + label + "'; there are "
                        + String.join(
                                ", ",
                                Arrays.stream(values()).map(DialectName::label).toList())));
    }
}
