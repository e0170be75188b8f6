package dev.latencylens.provider;

import java.net.URI;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The providers that people measure: which dialect each speaks, where, and where its key is kept. A server that
/// speaks a dialect that is here already takes one more line and no class.
public enum Provider {
    OPENAI("openai", DialectName.OPENAI_CHAT, "https://api.openai.com/v1", "OPENAI_API_KEY"),
    OPENAI_RESPONSES("openai-responses", DialectName.OPENAI_RESPONSES, "https://api.openai.com/v1", "OPENAI_API_KEY"),
    ANTHROPIC("anthropic", DialectName.ANTHROPIC, "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"),
    GEMINI(
            "gemini",
            DialectName.GEMINI,
            "https://generativelanguage.googleapis.com/v1beta",
            "GEMINI_API_KEY",
            "GOOGLE_API_KEY"),
    VERTEX("vertex", DialectName.GEMINI, null, "VERTEX_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"),
    VLLM("vllm", DialectName.OPENAI_CHAT, "http://127.0.0.1:8000/v1", "VLLM_API_KEY"),
    LLAMA_CPP("llama-cpp", DialectName.OPENAI_CHAT, "http://127.0.0.1:8080/v1", "LLAMA_API_KEY"),
    TGI("tgi", DialectName.OPENAI_CHAT, "http://127.0.0.1:8080/v1", "HF_TOKEN"),
    OLLAMA_OPENAI("ollama-openai", DialectName.OPENAI_CHAT, "http://127.0.0.1:11434/v1", "OLLAMA_API_KEY"),
    GROQ("groq", DialectName.OPENAI_CHAT, "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    DEEPSEEK("deepseek", DialectName.OPENAI_CHAT, "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    OPENROUTER("openrouter", DialectName.OPENAI_CHAT, "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    XAI("xai", DialectName.OPENAI_CHAT, "https://api.x.ai/v1", "XAI_API_KEY"),
    TOGETHER("together", DialectName.OPENAI_CHAT, "https://api.together.xyz/v1", "TOGETHER_API_KEY");

    private final String label;
    private final DialectName dialect;
    private final @Nullable URI baseUrl;

    @SuppressWarnings("ImmutableEnumChecker") // a copy
    private final List<String> keyVariables;

    Provider(String label, DialectName dialect, @Nullable String baseUrl, String... keyVariables) {
        this.label = label;
        this.dialect = dialect;
        this.baseUrl = baseUrl == null ? null : URI.create(baseUrl);
        this.keyVariables = List.of(keyVariables);
    }

    public String label() {
        return label;
    }

    public DialectName dialect() {
        return dialect;
    }

    /// Where it is reached, null where that depends on the user's account.
    public @Nullable URI baseUrl() {
        return baseUrl;
    }

    /// The environment variables that may hold its key, the first that is set counts.
    public List<String> keyVariables() {
        return keyVariables;
    }

    /// @throws IllegalArgumentException naming the providers there are
    public static Provider of(String label) {
        return Arrays.stream(values())
                .filter(provider -> provider.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no provider '" + label + "'; there are "
                        + String.join(
                                ", ",
                                Arrays.stream(values()).map(Provider::label).toList())
                        + "; any other server that speaks like OpenAI's is measured with --url"));
    }
}
