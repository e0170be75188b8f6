package dev.latencylens.cli;

import dev.latencylens.exchange.Tokenizer;
import dev.latencylens.provider.DialectName;
import dev.latencylens.provider.OpenAiEncoding;
import dev.latencylens.provider.TokenizerFile;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What `--tokenizer` comes to.
final class TokenizerOption {
    static final String AUTO = "auto";
    static final String NONE = "none";

    private TokenizerOption() {}

    /// The tokenizer that was asked for, null for none. A file is read at once, so that one that is no good is
    /// told before anything is sent; OpenAI's vocabularies are read when they are needed.
    ///
    /// @throws IllegalArgumentException naming what is wrong and the cure
    static @Nullable Tokenizer tokenizer(String value, DialectName dialect, String model) {
        return switch (value) {
            case AUTO -> ofModel(dialect, model);
            case NONE -> null;
            default -> named(value);
        };
    }

    /// Only the dialects that OpenAI and Azure speak: elsewhere a model of such a name is another one.
    private static @Nullable Tokenizer ofModel(DialectName dialect, String model) {
        return switch (dialect) {
            case OPENAI_CHAT, OPENAI_RESPONSES, AZURE_OPENAI ->
                OpenAiEncoding.ofModel(model).orElse(null);
            case ANTHROPIC, GEMINI, BEDROCK_CONVERSE, BEDROCK_INVOKE, COHERE, MISTRAL, META_LLAMA, OLLAMA -> null;
        };
    }

    /// By its name or from its file; a name comes before a file that happens to be called so.
    ///
    /// @throws IllegalArgumentException naming what is wrong and the cure
    static Tokenizer named(String value) {
        Optional<Tokenizer> encoding = OpenAiEncoding.named(value);
        return encoding.isPresent() ? encoding.get() : TokenizerFile.read(existing(value));
    }

    private static Path existing(String value) {
        try {
            Path file = Path.of(value);
            if (Files.exists(file)) {
                return file;
            }
        } catch (InvalidPathException noPath) {
            throw unknown(value, noPath);
        }
        throw unknown(value, null);
    }

    private static IllegalArgumentException unknown(String value, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                "unknown --tokenizer '" + value + "': no such file; known are auto, none, "
                        + String.join(", ", OpenAiEncoding.names()) + ", or give the path of a tokenizer.json",
                cause);
    }
}
