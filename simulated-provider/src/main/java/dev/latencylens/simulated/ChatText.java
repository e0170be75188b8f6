package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import tools.jackson.core.io.JsonStringEncoder;

/// The constant parts of OpenAI's chat dialect for one model and one second, already encoded.
final class ChatText {
    private static final byte[] DATA = ascii("data: ");
    private static final byte[] ID = ascii("{\"id\":\"chatcmpl-");
    private static final byte[] HEX = ascii("0123456789abcdef");
    private static final byte[] ALPHABET = ascii("aB3xYz9KqLmN0pRs");

    private final String model;
    private final long createdSeconds;
    private final byte[] chunkHead;
    private final byte[] wholeHead;

    ChatText(String model, long createdSeconds) {
        this.model = model;
        this.createdSeconds = createdSeconds;
        String quoted = new String(JsonStringEncoder.getInstance().quoteAsUTF8(model), StandardCharsets.UTF_8);
        String common = "\",\"object\":\"%s\",\"created\":" + createdSeconds + ",\"model\":\"";
        String rest = quoted + "\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_simulated\",\"choices\":[";
        this.chunkHead = utf8(common.replace("%s", "chat.completion.chunk") + rest);
        this.wholeHead = utf8(common.replace("%s", "chat.completion") + rest);
    }

    boolean isFor(String otherModel, long otherSeconds) {
        return createdSeconds == otherSeconds && model.equals(otherModel);
    }

    /// What each data event of an answer begins with, up to and including the opening bracket of `choices`.
    byte[] chunkStart(long number) {
        return joined(DATA, ID, id(number), chunkHead);
    }

    /// The same of an answer that is not streamed.
    byte[] wholeStart(long number) {
        return joined(ID, id(number), wholeHead);
    }

    private static byte[] id(long number) {
        byte[] digits = new byte[12];
        for (int i = 0; i < digits.length; i++) {
            digits[i] = HEX[(int) (number >>> (44 - 4 * i)) & 15];
        }
        return digits;
    }

    /// These bytes as one array: appending one costs less than appending its parts.
    static byte[] joined(byte[]... parts) {
        byte[] all = new byte[Arrays.stream(parts).mapToInt(part -> part.length).sum()];
        int length = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, length, part.length);
            length += part.length;
        }
        return all;
    }

    /// Appends a field of `length` letters that carry nothing.
    static void padding(ByteBuf out, int length) {
        out.writeBytes(PADDING_FIELD);
        for (int i = 0; i < length; i++) {
            out.writeByte(ALPHABET[i % ALPHABET.length]);
        }
        out.writeByte('"');
    }

    private static final byte[] PADDING_FIELD = ascii(",\"obfuscation\":\"");

    static void number(ByteBuf out, long value) {
        if (value >= 10) {
            number(out, value / 10);
        }
        out.writeByte((byte) ('0' + value % 10));
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /// The counts: cached tokens are among those of the prompt, reasoning among those of the completion.
    static byte[] usage(Plan plan) {
        return ascii("{\"prompt_tokens\":" + plan.promptTokens() + ",\"completion_tokens\":" + plan.completionTokens()
                + ",\"total_tokens\":" + (plan.promptTokens() + plan.completionTokens())
                + ",\"prompt_tokens_details\":{\"cached_tokens\":" + plan.cachedTokens()
                + ",\"cache_write_tokens\":" + plan.cacheWriteTokens()
                + ",\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":"
                + plan.reasoningTokens()
                + ",\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}");
    }

    /// An error body in OpenAI's form.
    static byte[] error(String message, String type, String code) {
        return utf8("{\"error\":{\"message\":\""
                + new String(JsonStringEncoder.getInstance().quoteAsUTF8(message), StandardCharsets.UTF_8)
                + "\",\"type\":\"" + type + "\",\"param\":null,\"code\":\"" + code + "\"}}");
    }
}
