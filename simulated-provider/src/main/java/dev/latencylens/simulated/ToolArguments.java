package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// The arguments of the simulated tool call: a JSON object of any number of tokens, quoted as a
/// string inside JSON. One token is `{}`; more are `{"text":"`, words, `"}`.
final class ToolArguments {
    private static final byte[] OPEN = ChatText.ascii("{\\\"text\\\":\\\"");
    private static final byte[] SHUT = ChatText.ascii("\\\"}");
    private static final byte[] NOTHING = ChatText.ascii("{}");

    private ToolArguments() {}

    /// Appends the tokens `from` to `from + count` of an object of `all` tokens.
    static void write(ByteBuf out, int from, int count, int all) {
        if (all == 1) {
            out.writeBytes(NOTHING);
            return;
        }
        for (int i = from; i < from + count; i++) {
            if (i == 0) {
                out.writeBytes(OPEN);
            } else if (i == all - 1) {
                out.writeBytes(SHUT);
            } else {
                Vocabulary.write(out, i - 1, 1);
            }
        }
    }
}
