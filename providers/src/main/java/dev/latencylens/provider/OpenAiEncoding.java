package dev.latencylens.provider;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import com.knuddels.jtokkit.api.IntArrayList;
import dev.latencylens.exchange.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One of OpenAI's encodings, by jtokkit, whose jar holds their vocabularies.
///
/// Reading a vocabulary takes hundreds of milliseconds, so it is left to the first text.
public final class OpenAiEncoding implements Tokenizer {
    /// What stands before a model's name: its vendor at a gateway, or that it was tuned.
    private static final Pattern PREFIX = Pattern.compile("^(openai/|ft:)");

    /// As OpenAI's tiktoken assigns them, and Azure's way to write `gpt-35`.
    private static final Pattern CL100K = Pattern.compile("gpt-(3\\.5|35|4)([-:].*)?");

    /// Likewise; newer ones than it knows are taken to go on with the newest encoding. `gpt-j` and such are not
    /// OpenAI's.
    private static final Pattern O200K = Pattern.compile("(gpt-(4o|4\\.\\d|[5-9]|oss)|chatgpt-4o|o\\d)([-.:].*)?");

    private final EncodingType type;
    private final IntArrayList one = new IntArrayList(1);
    private @Nullable Encoding loaded;

    private OpenAiEncoding(EncodingType type) {
        this.type = type;
    }

    /// The encoding of this name, such as `o200k_base`.
    public static Optional<Tokenizer> named(String name) {
        return EncodingType.fromName(name).map(OpenAiEncoding::new);
    }

    /// The encoding of one of OpenAI's chat models, absent for any other model.
    public static Optional<Tokenizer> ofModel(String model) {
        String name = PREFIX.matcher(model.toLowerCase(Locale.ROOT)).replaceFirst("");
        if (CL100K.matcher(name).matches()) {
            return Optional.of(new OpenAiEncoding(EncodingType.CL100K_BASE));
        }
        return O200K.matcher(name).matches()
                ? Optional.of(new OpenAiEncoding(EncodingType.O200K_BASE))
                : Optional.empty();
    }

    public static List<String> names() {
        return Arrays.stream(EncodingType.values()).map(EncodingType::getName).toList();
    }

    @Override
    public String name() {
        return type.getName();
    }

    @Override
    public int[] ends(String text) {
        Encoding encoding = encoding();
        IntArrayList tokens = encoding.encodeOrdinary(text);
        int[] ends = new int[tokens.size()];
        int at = 0;
        long bytes = 0;
        long tokenEnd = 0;
        for (int i = 0; i < ends.length; i++) {
            one.clear();
            one.add(tokens.get(i));
            tokenEnd += encoding.decodeBytes(one).length;
            while (bytes < tokenEnd && at < text.length()) {
                int character = text.codePointAt(at);
                bytes += bytes(character);
                at += Character.charCount(character);
            }
            ends[i] = at;
        }
        return ends;
    }

    private Encoding encoding() {
        Encoding encoding = loaded;
        if (encoding == null) {
            encoding = Encodings.newLazyEncodingRegistry().getEncoding(type);
            loaded = encoding;
        }
        return encoding;
    }

    /// Bytes of a character in UTF-8.
    private static int bytes(int character) {
        return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x1_0000 ? 3 : 4;
    }
}
