package dev.latencylens.simulated;

import io.netty.buffer.ByteBuf;

/// OpenAI's Responses: named events in sequence, an item for each segment, and no `[DONE]`.
///
/// The response's creation and the opening of the first item are the prelude, as long as that is no tool call.
/// `response.completed` is the last word and carries the usage.
final class ResponsesWire extends Wire {
    private final boolean padding;

    ResponsesWire(Plan plan) {
        super(plan);
        this.padding = plan.pads();
    }

    @Override
    int preludes() {
        return opensEarly() ? 4 : 2;
    }

    @Override
    int openings(Segment segment) {
        return opensEarly(segment) ? 0 : segment.isTool() ? 1 : 2;
    }

    @Override
    int closings(Segment segment) {
        return segment.isTool() ? 2 : 3;
    }

    @Override
    int endings(Step step) {
        return step == Step.DONE && plan.done() ? 1 : 0;
    }

    @Override
    ChunkKind kind(Moment at) {
        return at.step == Step.PRELUDE && at.index > 1 ? ChunkKind.STRUCTURE : super.kind(at);
    }

    @Override
    void event(ByteBuf out, Moment at) {
        switch (at.step) {
            case COMMENT -> {
                put(out, ": SIMULATED PROCESSING\n\n");
                at.events--;
                return;
            }
            case PRELUDE -> {
                if (at.index < 2) {
                    start(out, at.index == 0 ? "response.created" : "response.in_progress");
                    put(out, ",\"response\":");
                    response(out, "in_progress");
                } else {
                    open(out, at.segment(), at.index - 2);
                }
            }
            case OPEN -> open(out, at.segment(), at.index);
            case PIECE -> {
                delta(out, at);
                tokens(out, at);
                endDelta(out, at);
            }
            case CLOSE -> close(out, at.segment(), at.index);
            case DONE -> {
                boolean cut = plan.shape().finishReason().equals("length");
                start(out, cut ? "response.incomplete" : "response.completed");
                put(out, ",\"response\":");
                response(out, cut ? "incomplete" : "completed");
            }
            default -> {
                start(out, "response.output_text.delta");
                put(
                        out,
                        ",\"item_id\":\"msg_" + plan.hex()
                                + "_0\",\"output_index\":0,\"content_index\":0,\"delta\":\"");
                endDelta(out, at);
            }
        }
        put(out, ",\"sequence_number\":");
        put(out, at.events - 1L);
        put(out, "}\n\n");
    }

    private static void start(ByteBuf out, String type) {
        put(out, "event: ");
        put(out, type);
        put(out, "\ndata: {\"type\":\"");
        put(out, type);
        put(out, "\"");
    }

    private String id(Segment segment) {
        String prefix = switch (segment.kind()) {
            case REASONING -> "rs_";
            case TOOL -> "fc_";
            default -> "msg_";
        };
        return prefix + plan.hex() + "_" + segment.order();
    }

    private void place(ByteBuf out, Segment segment) {
        put(out, ",\"item_id\":\"" + id(segment) + "\",\"output_index\":" + segment.order());
        put(out, segment.isTool() ? "" : segment.isReasoning() ? ",\"summary_index\":0" : ",\"content_index\":0");
    }

    private void open(ByteBuf out, Segment segment, int index) {
        if (index == 0) {
            start(out, "response.output_item.added");
            put(out, ",\"output_index\":" + segment.order() + ",\"item\":");
            item(out, segment, false);
            return;
        }
        boolean reasoning = segment.isReasoning();
        start(out, reasoning ? "response.reasoning_summary_part.added" : "response.content_part.added");
        place(out, segment);
        put(out, ",\"part\":");
        content(out, segment, 0);
    }

    private void delta(ByteBuf out, Moment at) {
        start(
                out,
                switch (at.segment().kind()) {
                    case REASONING -> "response.reasoning_summary_text.delta";
                    case TOOL -> "response.function_call_arguments.delta";
                    default -> "response.output_text.delta";
                });
        place(out, at.segment());
        put(out, ",\"delta\":\"");
    }

    private void endDelta(ByteBuf out, Moment at) {
        boolean text = at.step == Step.PING || at.segment().isText();
        put(out, text ? "\",\"logprobs\":[]" : "\"");
        if (padding) {
            ChatText.padding(out, at.events * 7 % 16);
        }
    }

    private void close(ByteBuf out, Segment segment, int index) {
        if (index == closings(segment) - 1) {
            start(out, "response.output_item.done");
            put(out, ",\"output_index\":" + segment.order() + ",\"item\":");
            item(out, segment, true);
            return;
        }
        start(
                out,
                switch (segment.kind()) {
                    case REASONING ->
                        index == 0 ? "response.reasoning_summary_text.done" : "response.reasoning_summary_part.done";
                    case TOOL -> "response.function_call_arguments.done";
                    default -> index == 0 ? "response.output_text.done" : "response.content_part.done";
                });
        place(out, segment);
        if (index == 1) {
            put(out, ",\"part\":");
            content(out, segment, segment.tokens());
            return;
        }
        put(out, segment.isTool() ? ",\"arguments\":\"" : ",\"text\":\"");
        text(out, segment, segment.tokens());
        put(out, segment.isText() ? "\",\"logprobs\":[]" : "\"");
    }

    private static void text(ByteBuf out, Segment segment, int tokens) {
        if (segment.isTool()) {
            ToolArguments.write(out, 0, tokens, tokens);
        } else {
            Vocabulary.write(out, 0, tokens);
        }
    }

    private static void content(ByteBuf out, Segment segment, int tokens) {
        put(
                out,
                segment.isReasoning()
                        ? "{\"type\":\"summary_text\",\"text\":\""
                        : "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"");
        text(out, segment, tokens);
        put(out, "\"}");
    }

    private void item(ByteBuf out, Segment segment, boolean done) {
        String status = done ? "completed" : "in_progress";
        put(out, "{\"id\":\"" + id(segment) + "\",\"type\":\"");
        switch (segment.kind()) {
            case REASONING -> put(out, "reasoning\",\"summary\":[");
            case TOOL -> {
                put(out, "function_call\",\"status\":\"" + status + "\",\"call_id\":\"call_" + segment.call());
                put(out, "\",\"name\":\"look_up\",\"arguments\":\"");
                text(out, segment, done ? segment.tokens() : 0);
                put(out, "\"}");
                return;
            }
            default -> put(out, "message\",\"status\":\"" + status + "\",\"role\":\"assistant\",\"content\":[");
        }
        if (done) {
            content(out, segment, segment.tokens());
        }
        put(out, "]}");
    }

    /// The whole response object, as the first events and the last one repeat it.
    private void response(ByteBuf out, String status) {
        boolean ended = !status.equals("in_progress");
        startResponse(out, status);
        if (ended) {
            String separator = "";
            for (Segment segment : plan.segments()) {
                put(out, separator);
                item(out, segment, true);
                separator = ",";
            }
        }
        put(out, "],\"usage\":" + (ended && plan.hasUsage() ? usage() : "null") + "}");
    }

    private void startResponse(ByteBuf out, String status) {
        boolean cut = status.equals("incomplete");
        put(out, "{\"id\":\"resp_" + plan.hex() + "\",\"object\":\"response\",\"created_at\":" + plan.createdSeconds());
        put(out, ",\"status\":\"" + status + "\",\"background\":false,\"error\":null,\"incomplete_details\":");
        put(out, cut ? "{\"reason\":\"max_output_tokens\"}" : "null");
        put(out, ",\"instructions\":null,\"max_output_tokens\":null,\"metadata\":{},\"model\":\"" + plan.quotedModel());
        put(out, "\",\"parallel_tool_calls\":true,\"temperature\":1.0,\"tool_choice\":\"auto\",\"tools\":[],");
        put(out, "\"top_p\":1.0,\"output\":[");
    }

    /// Cached tokens are among those of the input, reasoning among those of the output.
    private String usage() {
        return "{\"input_tokens\":" + plan.promptTokens() + ",\"input_tokens_details\":{\"cached_tokens\":"
                + plan.cachedTokens() + ",\"cache_write_tokens\":" + plan.cacheWriteTokens()
                + "},\"output_tokens\":" + plan.completionTokens()
                + ",\"output_tokens_details\":{\"reasoning_tokens\":" + plan.reasoningTokens()
                + "},\"total_tokens\":" + (plan.promptTokens() + plan.completionTokens()) + "}";
    }

    @Override
    void part(ByteBuf out, Moment at) {
        if (at.step == Step.USAGE) {
            put(out, "],\"usage\":" + usage() + "}");
            return;
        }
        if (at.segment().order() == 0) {
            startResponse(out, plan.shape().finishReason().equals("length") ? "incomplete" : "completed");
        } else {
            put(out, ",");
        }
        item(out, at.segment(), true);
    }

    /// Flat, as OpenAI's specification has it; `named` nests the error and lets the response fail, as was seen.
    @Override
    byte[] failure(boolean named, int events) {
        String error = "\"code\":\"server_error\",\"message\":\"The simulated model failed in mid-stream\"";
        if (!named) {
            return ChatText.ascii("event: error\ndata: {\"type\":\"error\"," + error
                    + ",\"param\":null,\"sequence_number\":" + events + "}\n\n");
        }
        return ChatText.utf8("event: error\ndata: {\"type\":\"error\",\"sequence_number\":" + events
                + ",\"error\":{\"type\":\"server_error\"," + error + ",\"param\":null}}\n\n"
                + "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":" + (events + 1)
                + ",\"response\":{\"id\":\"resp_" + plan.hex() + "\",\"object\":\"response\",\"status\":\"failed\","
                + "\"error\":{" + error + "},\"output\":[],\"usage\":null}}\n\n");
    }

    @Override
    byte[] garbage() {
        return ChatText.ascii("event: response.output_text.delta\ndata: {\"type\":\"response.outp\n\n");
    }
}
