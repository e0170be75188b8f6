package dev.latencylens.provider;

import dev.latencylens.exchange.Message;
import dev.latencylens.exchange.Prompt;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.io.JsonStringEncoder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A request's body, encoded once but for the prompt, what was said before it and the limit of the answer, so that
/// a request costs little more than its prompt's characters.
final class BodyTemplate {
    private static final JsonMapper JSON = JsonMapper.shared();

    /// Stands where the prompt will: characters for private use, which no option has.
    static final String PROMPT = "\uE0FFprompt\uE0FF";

    /// Stands as an element before the message of the prompt, where those before it will.
    static final String HISTORY = "\uE0FFhistory\uE0FF";

    /// Stands where the limit will: a number that no option has.
    static final int LIMIT = 1_987_654_321;

    private final HistoryForm form;
    private final Parts limited;
    private final Parts unlimited;

    /// What is put in when a request is made.
    @SuppressWarnings("ImmutableEnumChecker") // arrays that nobody writes to
    private enum Slot {
        PROMPT(BodyTemplate.PROMPT.getBytes(StandardCharsets.UTF_8)),
        HISTORY(("\"" + BodyTemplate.HISTORY + "\",").getBytes(StandardCharsets.UTF_8)),
        LIMIT(Bytes.ascii(Integer.toString(BodyTemplate.LIMIT)));

        private final byte[] mark;

        Slot(byte[] mark) {
            this.mark = mark;
        }
    }

    /// @param body makes the body with [#PROMPT] as the prompt, [#HISTORY] before its message and, where true is
    /// given, [#LIMIT] as the limit; each may be missing
    BodyTemplate(HistoryForm form, Function<Boolean, ? extends JsonNode> body) {
        this.form = form;
        limited = Parts.of(body.apply(true), form);
        unlimited = Parts.of(body.apply(false), form);
    }

    byte[] body(Prompt prompt) {
        Parts parts = prompt.maxOutputTokens() == 0 ? unlimited : limited;
        List<byte[]> pieces = new ArrayList<>();
        for (Piece piece : parts.pieces) {
            pieces.add(piece.text);
            // Beside a case null the switch would be made of classes at run time, 5 ms in the way of the first
            // request.
            if (piece.behind == null) {
                continue;
            }
            switch (piece.behind) {
                case PROMPT -> pieces.add(quoted(prompt.text()));
                case HISTORY -> history(prompt.history(), parts.takesSystem, pieces);
                case LIMIT -> pieces.add(Bytes.ascii(Integer.toString(prompt.maxOutputTokens())));
            }
        }
        return joined(pieces);
    }

    /// Instructions that are a member of their own go to the front of the body, behind its brace.
    private void history(List<Message> history, boolean takesSystem, List<byte[]> pieces) {
        for (Message message : history) {
            if (!form.isApart(message)) {
                pieces.addAll(List.of(form.messageStart(message.role()), quoted(message.text()), form.messageEnd));
            } else if (takesSystem) {
                pieces.addAll(1, List.of(form.systemStart, quoted(message.text()), form.systemEnd));
            }
        }
    }

    private static byte[] joined(List<byte[]> pieces) {
        byte[] body = new byte[pieces.stream().mapToInt(piece -> piece.length).sum()];
        int to = 0;
        for (byte[] piece : pieces) {
            System.arraycopy(piece, 0, body, to, piece.length);
            to += piece.length;
        }
        return body;
    }

    /// The text as JSON, without its quotes; half a surrogate pair, which UTF-8 cannot carry, becomes a question
    /// mark.
    private static byte[] quoted(String text) {
        try {
            return JsonStringEncoder.getInstance().quoteAsUTF8(text);
        } catch (IllegalArgumentException halfACharacter) {
            String whole = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
            return JsonStringEncoder.getInstance().quoteAsUTF8(whole);
        }
    }

    /// A piece of the body, and what is put in behind it.
    private record Piece(byte[] text, @Nullable Slot behind) {}

    /// A body in pieces, of which the first is its opening brace alone.
    ///
    /// @param takesSystem false where instructions of the user's own stand in it
    private record Parts(List<Piece> pieces, boolean takesSystem) {
        static Parts of(JsonNode body, HistoryForm form) {
            byte[] json = JSON.writeValueAsBytes(body);
            List<Piece> pieces = new ArrayList<>();
            pieces.add(new Piece(new byte[] {'{'}, null));
            int from = 1;
            for (Slot next = first(json, from); next != null; next = first(json, from)) {
                int at = Bytes.indexOf(json, next.mark, from);
                pieces.add(new Piece(Arrays.copyOfRange(json, from, at), next));
                from = at + next.mark.length;
            }
            pieces.add(new Piece(Arrays.copyOfRange(json, from, json.length), null));
            return new Parts(List.copyOf(pieces), !body.has(form.systemMember));
        }

        private static @Nullable Slot first(byte[] json, int from) {
            Slot first = null;
            int least = json.length;
            for (Slot slot : Slot.values()) {
                int at = Bytes.indexOf(json, slot.mark, from);
                if (at >= 0 && at < least) {
                    least = at;
                    first = slot;
                }
            }
            return first;
        }
    }
}
