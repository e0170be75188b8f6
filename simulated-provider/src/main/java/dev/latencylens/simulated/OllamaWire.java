package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;
import java.time.Instant;

/// Ollama's own chat: a JSON document on each line, the last of them with counts and true durations in
/// nanoseconds.
final class OllamaWire extends Wire {
    private final String head;

    OllamaWire(Plan plan) {
        super(plan);
        this.head = "{\"model\":\"" + plan.quotedModel() + "\",\"created_at\":\""
                + Instant.ofEpochSecond(plan.createdSeconds()) + "\",\"message\":{\"role\":\"assistant\",";
    }

    @Override
    String streamType() {
        return "application/x-ndjson";
    }

    @Override
    boolean hasComments() {
        return false;
    }

    @Override
    boolean hasWholeToolCalls() {
        return true;
    }

    @Override
    int preludes() {
        return 0;
    }

    @Override
    int endings(Step step) {
        return step == Step.FINISH ? 1 : 0;
    }

    @Override
    void event(ByteBuf out, Moment at) {
        put(out, head);
        if (at.step == Step.FINISH) {
            put(out, "\"content\":\"\"}");
            end(out);
            put(out, "\n");
            return;
        }
        if (at.step == Step.PIECE) {
            piece(out, at);
        } else {
            put(out, "\"content\":\"\"");
        }
        put(out, "},\"done\":false}\n");
    }

    private static void piece(ByteBuf out, Moment at) {
        Segment segment = at.segment();
        if (segment.isTool()) {
            put(out, "\"content\":\"\",\"tool_calls\":[");
            call(out, segment);
            put(out, "]");
        } else {
            put(out, segment.isReasoning() ? "\"content\":\"\",\"thinking\":\"" : "\"content\":\"");
            tokens(out, at);
            put(out, "\"");
        }
    }

    private static void call(ByteBuf out, Segment segment) {
        put(out, "{\"function\":{\"name\":\"look_up\",\"arguments\":");
        Json.arguments(out, segment.tokens());
        put(out, "}}");
    }

    private void end(ByteBuf out) {
        long totalNs = plan.elapsedNs();
        long promptNs = Math.min(totalNs, plan.firstOutputNs());
        put(out, ",\"done\":true,\"done_reason\":\"" + finish("stop", "length", "stop") + "\"");
        put(out, ",\"total_duration\":" + totalNs + ",\"load_duration\":0");
        if (plan.hasUsage()) {
            put(out, ",\"prompt_eval_count\":" + plan.promptTokens());
        }
        put(out, ",\"prompt_eval_duration\":" + promptNs);
        if (plan.hasUsage()) {
            put(out, ",\"eval_count\":" + plan.completionTokens());
        }
        put(out, ",\"eval_duration\":" + (totalNs - promptNs) + "}");
    }

    @Override
    void part(ByteBuf out, Moment at) {
        if (at.step == Step.USAGE) {
            put(out, "}");
            end(out);
            return;
        }
        Segment segment = at.segment();
        put(out, segment.order() == 0 ? head : ",");
        if (segment.isTool()) {
            put(
                    out,
                    segment.call() > 0
                            ? ""
                            : segment.order() == 0 ? "\"content\":\"\",\"tool_calls\":[" : "\"tool_calls\":[");
            call(out, segment);
            put(out, plan.isLast(segment) ? "]" : "");
        } else {
            put(out, segment.isReasoning() ? "\"thinking\":\"" : "\"content\":\"");
            Vocabulary.write(out, 0, at.tokens);
            put(out, "\"");
        }
    }

    @Override
    byte[] failure(boolean named, int events) {
        return ChatText.ascii("{\"error\":\"the simulated model failed in mid-stream\"}\n");
    }

    @Override
    byte[] garbage() {
        return ChatText.ascii("{\"model\":\"broken\",\"mess\n");
    }
}
