package dev.latencylens.provider;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import dev.latencylens.exchange.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A model's tokenizer from a local file in the form of Hugging Face's `tokenizer.json`, by their own library
/// behind DJL's binding.
///
/// The native library is in the binding's jar, and is unpacked to `.djl.ai` in the home folder on first use.
public final class TokenizerFile implements Tokenizer {
    static {
        // The binding's own switches: it shall fetch nothing, tell nobody, and count on the CPU.
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("RUST_FLAVOR", "cpu");
    }

    /// Has letters, digits, blanks, and characters of two to four bytes.
    private static final String SAMPLE = "Is 7\u00a0\u00b5s\nmuch? \u65e9\u4e0a \ud83d\ude00";

    /// The whole text as it stands: nothing cut off, filled up or put around it.
    private static final Map<String, String> AS_IT_STANDS =
            Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");

    private final String name;
    private final HuggingFaceTokenizer tokenizer;

    private TokenizerFile(String name, HuggingFaceTokenizer tokenizer) {
        this.name = name;
        this.tokenizer = tokenizer;
    }

    /// @throws IllegalArgumentException naming the file, what is wrong with it and the cure
    public static Tokenizer read(Path file) {
        if (Files.isDirectory(file)) {
            throw new IllegalArgumentException(
                    "the tokenizer '" + file + "' is a folder; give the tokenizer.json that is in it");
        }
        if (!Files.isReadable(file)) {
            throw new IllegalArgumentException(
                    "cannot read the tokenizer '" + file + "'; give a model's tokenizer.json");
        }
        try {
            var tokenizer = new TokenizerFile(file.toString(), HuggingFaceTokenizer.newInstance(file, AS_IT_STANDS));
            tokenizer.ends(SAMPLE);
            return tokenizer;
        } catch (IOException | RuntimeException | LinkageError broken) {
            // The library throws whatever it meets, from bad JSON to a machine that it was not built for.
            throw new IllegalArgumentException(
                    "the tokenizer '" + file + "' does not work: " + firstLine(broken)
                            + "; give a model's tokenizer.json",
                    broken);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int[] ends(String text) {
        Encoding encoding;
        try {
            encoding = tokenizer.encode(text, false, false);
        } catch (RuntimeException foreign) {
            throw new IllegalArgumentException("the tokenizer '" + name + "' has no tokens for a text", foreign);
        }
        return ends(text, encoding.getCharTokenSpans());
    }

    /// Spans count characters as Unicode does; one that is missing is of a token without text of its own.
    private static int[] ends(String text, @Nullable CharSpan[] spans) {
        int[] ends = new int[spans.length];
        int at = 0;
        int characters = 0;
        for (int i = 0; i < spans.length; i++) {
            CharSpan span = spans[i];
            while (span != null && characters < span.getEnd() && at < text.length()) {
                at = text.offsetByCodePoints(at, 1);
                characters++;
            }
            ends[i] = at;
        }
        return ends;
    }

    private static String firstLine(Throwable broken) {
        Throwable cause = broken.getCause() == null ? broken : broken.getCause();
        return String.valueOf(cause.getMessage()).lines().findFirst().orElse("no more is known");
    }
}
