package dev.latencylens.provider;

import dev.latencylens.exchange.Dialect;
import dev.latencylens.exchange.Header;
import dev.latencylens.exchange.Prompt;
import dev.latencylens.exchange.Request;
import dev.latencylens.exchange.ResponseHead;
import dev.latencylens.exchange.StreamDecoder;
import java.util.List;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/// A dialect that posts one JSON body to one place. The answer to it is one JSON document where its head says so,
/// and else a stream.
abstract class JsonDialect implements Dialect {
    private final String name;
    private final String target;
    private final List<Header> headers;
    private final ErrorReader errors;
    private final BodyTemplate body;

    /// @param members makes the body, as [BodyTemplate] wants it; true asks for a limit
    JsonDialect(String name, String target, List<Header> headers, Function<Boolean, ObjectNode> members) {
        this(name, target, headers, HistoryForm.CHAT, members);
    }

    JsonDialect(
            String name,
            String target,
            List<Header> headers,
            HistoryForm history,
            Function<Boolean, ObjectNode> members) {
        this.name = name;
        this.target = target;
        this.headers = headers;
        this.errors = DialectOptions.errorsWithout(headers);
        this.body = new BodyTemplate(history, members);
    }

    /// What the documents of one answer mean.
    abstract Answer answer(ErrorReader secretless);

    /// How an answer is read whose head says that it is JSON.
    StreamDecoder document(Answer answer) {
        return WholeBodyDecoder.ofAnswer(answer);
    }

    /// How the documents of a stream are kept apart.
    StreamDecoder stream(Answer answer) {
        return new SseDecoder(answer);
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final Request request(Prompt prompt) {
        return new Request("POST", target, headers, body.body(prompt));
    }

    @Override
    public final StreamDecoder decoder(ResponseHead head) {
        if (!head.isSuccess()) {
            return WholeBodyDecoder.ofError(errors);
        }
        return head.isJson() ? document(answer(errors)) : stream(answer(errors));
    }
}
