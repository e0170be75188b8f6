package dev.latencylens.provider;

import dev.latencylens.exchange.Message;

/// How a dialect writes what was said before in a conversation.
@SuppressWarnings("ImmutableEnumChecker") // arrays that nobody writes to
enum HistoryForm {
    /// Instructions are the first of the messages.
    CHAT("assistant", "\"content\":\"", "\"},", "", "", ""),
    /// Instructions are a member of the body.
    ANTHROPIC("assistant", "\"content\":\"", "\"},", "system", "\"system\":\"", "\","),
    GEMINI(
            "model",
            "\"parts\":[{\"text\":\"",
            "\"}]},",
            "systemInstruction",
            "\"systemInstruction\":{\"parts\":[{\"text\":\"",
            "\"}]},");

    /// The body's member for instructions, empty where they are one of the messages.
    final String systemMember;

    final byte[] systemStart;
    final byte[] systemEnd;
    private final byte[] user;
    private final byte[] assistant;
    private final byte[] system;
    final byte[] messageEnd;

    HistoryForm(
            String assistantRole,
            String textStart,
            String messageEnd,
            String systemMember,
            String systemStart,
            String systemEnd) {
        user = start("user", textStart);
        assistant = start(assistantRole, textStart);
        system = start("system", textStart);
        this.messageEnd = Bytes.ascii(messageEnd);
        this.systemMember = systemMember;
        this.systemStart = Bytes.ascii(systemStart);
        this.systemEnd = Bytes.ascii(systemEnd);
    }

    private static byte[] start(String role, String textStart) {
        return Bytes.ascii("{\"role\":\"" + role + "\"," + textStart);
    }

    /// What stands before a message's text; behind it [#messageEnd], which ends with the comma before the next.
    byte[] messageStart(Message.Role role) {
        return switch (role) {
            case SYSTEM -> system;
            case USER -> user;
            case ASSISTANT -> assistant;
        };
    }

    /// Whether this is written as a member of the body.
    boolean isApart(Message message) {
        return message.role() == Message.Role.SYSTEM && !systemMember.isEmpty();
    }
}
