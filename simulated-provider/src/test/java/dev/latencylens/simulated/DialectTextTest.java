package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// The literal text of a short answer in each dialect: `tokens=2; thinking=1`, and tool calls.
class DialectTextTest {
    private static final String SHORT = "tokens=2; thinking=1";
    private RunningProvider server;

    @BeforeEach
    void start() throws IOException {
        server = RunningProvider.with(SHORT);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    /// The text with instants in seconds replaced by 7.
    private static String timeless(String text) {
        return text.replaceAll("\"created(_at)?\":\\d{2,}", "\"created$1\":7");
    }

    private String stream(AskedDialect dialect, String settings) throws IOException {
        return timeless(dialect.stream(server, settings).text());
    }

    private String whole(AskedDialect dialect, String settings) throws IOException {
        return timeless(dialect.whole(server, settings).text());
    }

    @Test
    void anthropic() throws Exception {
        assertThat(stream(AskedDialect.ANTHROPIC, "")).isEqualTo("""
                event: message_start
                data: {"type":"message_start","message":{"id":"msg_000000000001","type":"message","role":"assistant",\
                "model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":4,\
                "cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":\
                {"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1,\
                "service_tier":"standard"}}}

                event: content_block_start
                data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"",\
                "signature":""}}

                event: ping
                data: {"type": "ping"}

                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"The"}}

                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta",\
                "signature":"c2lnbmVk"}}

                event: content_block_stop
                data: {"type":"content_block_stop","index":0}

                event: content_block_start
                data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

                event: content_block_delta
                data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"The"}}

                event: content_block_delta
                data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":" quick"}}

                event: content_block_stop
                data: {"type":"content_block_stop","index":1}

                event: message_delta
                data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":\
                {"input_tokens":4,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":\
                {"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":3,\
                "output_tokens_details":{"thinking_tokens":1}}}

                event: message_stop
                data: {"type":"message_stop"}

                """);
        assertThat(server.truth().chunks().kind())
                .containsExactly(
                        ChunkKind.ROLE,
                        ChunkKind.STRUCTURE,
                        ChunkKind.EMPTY,
                        ChunkKind.REASONING,
                        ChunkKind.STRUCTURE,
                        ChunkKind.STRUCTURE,
                        ChunkKind.STRUCTURE,
                        ChunkKind.TEXT,
                        ChunkKind.TEXT,
                        ChunkKind.STRUCTURE,
                        ChunkKind.FINISH,
                        ChunkKind.DONE);
        assertThat(whole(AskedDialect.ANTHROPIC, "")).isEqualTo("""
                {"id":"msg_000000000002","type":"message","role":"assistant","model":"m","content":[\
                {"type":"thinking","thinking":"The","signature":"c2lnbmVk"},{"type":"text","text":"The quick"}],\
                "stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":4,\
                "cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":\
                {"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":3,\
                "output_tokens_details":{"thinking_tokens":1}}}""");
    }

    @Test
    void anthropicToolCall() throws Exception {
        assertThat(stream(AskedDialect.ANTHROPIC, "tool-call=true; tokens=3; thinking=0"))
                .contains("""
                event: content_block_start
                data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_0",\
                "name":"look_up","input":{},"caller":{"type":"direct"}}}

                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":""}}

                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta",\
                "partial_json":"{\\"text\\":\\""}}

                """)
                .contains("\"stop_reason\":\"tool_use\"");
        assertThat(whole(AskedDialect.ANTHROPIC, "tool-call=true; tokens=3; thinking=0"))
                .contains("\"name\":\"look_up\",\"input\":{\"text\":\"The\"},\"caller\":{\"type\":\"direct\"}}");
    }

    @Test
    void gemini() throws Exception {
        assertThat(stream(AskedDialect.GEMINI, "")).isEqualTo("""
                data: {"candidates":[{"content":{"parts":[{"text":"The","thought":true}],"role":"model"},"index":0}],\
                "usageMetadata":{"promptTokenCount":4,"totalTokenCount":5,"promptTokensDetails":[{"modality":"TEXT",\
                "tokenCount":4}],"thoughtsTokenCount":1},"modelVersion":"m","responseId":"r000000000001"}\r
                \r
                data: {"candidates":[{"content":{"parts":[{"text":"The"}],"role":"model"},"index":0}],\
                "usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":1,"totalTokenCount":6,\
                "promptTokensDetails":[{"modality":"TEXT","tokenCount":4}],"thoughtsTokenCount":1},\
                "modelVersion":"m","responseId":"r000000000001"}\r
                \r
                data: {"candidates":[{"content":{"parts":[{"text":" quick"}],"role":"model"},"index":0}],\
                "usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"totalTokenCount":7,\
                "promptTokensDetails":[{"modality":"TEXT","tokenCount":4}],"thoughtsTokenCount":1},\
                "modelVersion":"m","responseId":"r000000000001"}\r
                \r
                data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP",\
                "index":0}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"totalTokenCount":7,\
                "promptTokensDetails":[{"modality":"TEXT","tokenCount":4}],"thoughtsTokenCount":1},\
                "modelVersion":"m","responseId":"r000000000001"}\r
                \r
                """);
        assertThat(server.truth().chunks().kind())
                .containsExactly(ChunkKind.REASONING, ChunkKind.TEXT, ChunkKind.TEXT, ChunkKind.FINISH);
        assertThat(whole(AskedDialect.GEMINI, "tool-call=true; tokens=3; thinking=0"))
                .startsWith("{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"look_up\","
                        + "\"args\":{\"text\":\"The\"}}}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}]");
    }

    @Test
    void geminiWithoutEventsIsAnIndentedArrayInPieces() throws Exception {
        String path = "/v1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent";
        RawHttp1.Response response = AskedDialect.GEMINI.ask(server, path, "gap=1ms", AskedDialect.GEMINI.body);

        assertThat(response.head()).contains("content-type: application/json; charset=UTF-8");
        assertThat(response.chunkSizes()).hasSize(3);
        assertThat(response.text())
                .startsWith("""
                [{
                  "candidates": [
                    {
                      "content": {
                        "parts": [
                          {
                            "text": "The",
                            "thought": true
                          }
                        ],
                        "role": "model"
                      },
                      "index": 0
                    }
                  ],
                """)
                .contains("\n}\n,\r\n{\n  \"candidates\": [")
                .endsWith("\n}\n]");
        assertThat(AskedDialect.JSON.readTree(response.text())).hasSize(4);
        RawHttp1.Response failed =
                AskedDialect.GEMINI.ask(server, path, "fault=error-event; fault-after=2", AskedDialect.GEMINI.body);
        assertThat(AskedDialect.JSON
                        .readTree(failed.text())
                        .at("/2/error/status")
                        .asString())
                .isEqualTo("UNAVAILABLE");
    }

    @Test
    void converse() throws Exception {
        RawHttp1.Response response = AskedDialect.BEDROCK_CONVERSE.stream(server, "tool-calls=1; tool-tokens=1");

        assertThat(response.head()).contains("content-type: application/vnd.amazon.eventstream");
        List<String> events = new ArrayList<>();
        for (AskedDialect.Frame frame : AskedDialect.frames(response.body())) {
            assertThat(frame.headers())
                    .containsEntry(":message-type", "event")
                    .containsEntry(":content-type", "application/json");
            events.add(frame.type() + " " + frame.payload().replaceAll("\"latencyMs\":\\d+", "\"latencyMs\":7"));
        }
        assertThat(events)
                .containsExactly(
                        "messageStart {\"role\":\"assistant\"}",
                        "contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"text\":\"The\"}}}",
                        "contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":"
                                + "{\"signature\":\"c2lnbmVk\"}}}",
                        "contentBlockStop {\"contentBlockIndex\":0}",
                        "contentBlockDelta {\"contentBlockIndex\":1,\"delta\":{\"text\":\"The\"}}",
                        "contentBlockDelta {\"contentBlockIndex\":1,\"delta\":{\"text\":\" quick\"}}",
                        "contentBlockStop {\"contentBlockIndex\":1}",
                        "contentBlockStart {\"contentBlockIndex\":2,\"start\":{\"toolUse\":"
                                + "{\"toolUseId\":\"tooluse_0\",\"name\":\"look_up\"}}}",
                        "contentBlockDelta {\"contentBlockIndex\":2,\"delta\":{\"toolUse\":{\"input\":\"{}\"}}}",
                        "contentBlockStop {\"contentBlockIndex\":2}",
                        "messageStop {\"stopReason\":\"tool_use\"}",
                        "metadata {\"usage\":{\"inputTokens\":4,\"outputTokens\":4,\"totalTokens\":8,"
                                + "\"cacheReadInputTokens\":0,\"cacheWriteInputTokens\":0},"
                                + "\"metrics\":{\"latencyMs\":7}}");
        assertThat(server.truth().model()).isEqualTo("m:1");
        assertThat(whole(AskedDialect.BEDROCK_CONVERSE, ""))
                .startsWith("{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{\"reasoningContent\":"
                        + "{\"reasoningText\":{\"text\":\"The\",\"signature\":\"c2lnbmVk\"}}},"
                        + "{\"text\":\"The quick\"}]}},\"stopReason\":\"end_turn\",\"usage\":{\"inputTokens\":4,");
    }

    @Test
    void invoke() throws Exception {
        RawHttp1.Response response = AskedDialect.BEDROCK_INVOKE.stream(server, "padding=true; thinking=0");

        List<String> types = new ArrayList<>();
        for (AskedDialect.Frame frame : AskedDialect.frames(response.body())) {
            assertThat(frame.type()).isEqualTo("chunk");
            JsonNode payload = AskedDialect.JSON.readTree(frame.payload());
            assertThat(payload.get("p").asString()).startsWith("a");
            types.add(AskedDialect.inner(payload).get("type").asString());
        }
        assertThat(types)
                .containsExactly(
                        "message_start",
                        "content_block_start",
                        "content_block_delta",
                        "content_block_delta",
                        "content_block_stop",
                        "message_delta",
                        "message_stop");
        assertThat(whole(AskedDialect.BEDROCK_INVOKE, "")).startsWith("{\"id\":\"msg_bdrk_000000000002\"");
        assertThat(whole(AskedDialect.BEDROCK_INVOKE, "tool-call=true; tokens=3; thinking=0"))
                .doesNotContain("caller");
    }

    @Test
    void responses() throws Exception {
        String item = "\"item_id\":\"msg_000000000001_0\",\"output_index\":0,\"content_index\":0";
        String text = stream(AskedDialect.OPENAI_RESPONSES, "thinking=0");
        List<String> events = List.of(text.split("\n\n"));
        assertThat(events.stream().map(event -> event.lines().findFirst().orElse("")))
                .containsExactly(
                        "event: response.created",
                        "event: response.in_progress",
                        "event: response.output_item.added",
                        "event: response.content_part.added",
                        "event: response.output_text.delta",
                        "event: response.output_text.delta",
                        "event: response.output_text.done",
                        "event: response.content_part.done",
                        "event: response.output_item.done",
                        "event: response.completed");
        assertThat(events.get(4))
                .endsWith("{\"type\":\"response.output_text.delta\"," + item
                        + ",\"delta\":\"The\",\"logprobs\":[],\"sequence_number\":4}");
        assertThat(events.get(6))
                .endsWith("{\"type\":\"response.output_text.done\"," + item
                        + ",\"text\":\"The quick\",\"logprobs\":[],\"sequence_number\":6}");
        assertThat(events.getLast())
                .contains("\"usage\":{\"input_tokens\":4,\"input_tokens_details\":{\"cached_tokens\":0,"
                        + "\"cache_write_tokens\":0},\"output_tokens\":2,\"output_tokens_details\":"
                        + "{\"reasoning_tokens\":0},\"total_tokens\":6}")
                .endsWith("\"sequence_number\":9}");
    }

    @Test
    void responsesGiveReasoningAndToolCallsItemsOfTheirOwn() throws Exception {
        String text = stream(AskedDialect.OPENAI_RESPONSES, "tool-calls=1; tool-tokens=1; padding=true");

        assertThat(text.lines().filter(line -> line.startsWith("event: ")).map(line -> line.substring(16)))
                .containsExactly(
                        "created",
                        "in_progress",
                        "output_item.added",
                        "reasoning_summary_part.added",
                        "reasoning_summary_text.delta",
                        "reasoning_summary_text.done",
                        "reasoning_summary_part.done",
                        "output_item.done",
                        "output_item.added",
                        "content_part.added",
                        "output_text.delta",
                        "output_text.delta",
                        "output_text.done",
                        "content_part.done",
                        "output_item.done",
                        "output_item.added",
                        "function_call_arguments.delta",
                        "function_call_arguments.done",
                        "output_item.done",
                        "completed");
        assertThat(text)
                .contains("\"type\":\"function_call\",\"status\":\"in_progress\",\"call_id\":\"call_0\","
                        + "\"name\":\"look_up\",\"arguments\":\"\"")
                .contains("\"obfuscation\":\"");
        JsonNode whole = AskedDialect.JSON.readTree(whole(AskedDialect.OPENAI_RESPONSES, ""));
        assertThat(whole.at("/output/0/summary/0/text").asString()).isEqualTo("The");
        assertThat(whole.at("/output/1/content/0/text").asString()).isEqualTo("The quick");
        assertThat(whole.at("/usage/output_tokens_details/reasoning_tokens").intValue())
                .isEqualTo(1);
    }

    @Test
    void cohere() throws Exception {
        String text = stream(AskedDialect.COHERE, "");

        assertThat(text).isEqualTo("""
                event: message-start
                data: {"id":"000000000001","type":"message-start","delta":{"message":{"role":"assistant","content":[],\
                "tool_plan":"","tool_calls":[],"citations":[]}}}

                event: content-start
                data: {"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking",\
                "thinking":""}}}}

                event: content-delta
                data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"The"}}}}

                event: content-end
                data: {"type":"content-end","index":0}

                event: content-start
                data: {"type":"content-start","index":1,"delta":{"message":{"content":{"type":"text","text":""}}}}

                event: content-delta
                data: {"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"The"}}}}

                event: content-delta
                data: {"type":"content-delta","index":1,"delta":{"message":{"content":{"text":" quick"}}}}

                event: content-end
                data: {"type":"content-end","index":1}

                event: message-end
                data: {"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":\
                {"input_tokens":4,"output_tokens":3},"tokens":{"input_tokens":66,"output_tokens":3},\
                "cached_tokens":0}}}

                data: [DONE]

                """);
        assertThat(whole(AskedDialect.COHERE, "tool-calls=2; tool-tokens=1"))
                .startsWith("{\"id\":\"000000000002\",\"message\":{\"role\":\"assistant\",\"content\":["
                        + "{\"type\":\"thinking\",\"thinking\":\"The\"},{\"type\":\"text\",\"text\":\"The quick\"}],"
                        + "\"tool_calls\":[{\"id\":\"look_up_0\",")
                .contains("]},\"finish_reason\":\"TOOL_CALL\"");
    }

    @Test
    void mistral() throws Exception {
        String head = "data: {\"id\":\"000000000001\",\"object\":\"chat.completion.chunk\",\"created\":7,"
                + "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{";
        String open = "},\"finish_reason\":null}]}\n\n";
        assertThat(stream(AskedDialect.MISTRAL, ""))
                .isEqualTo(head + "\"role\":\"assistant\",\"content\":\"\"" + open
                        + head
                        + "\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"The\"}]}]"
                        + open
                        + head + "\"content\":\"The\"" + open
                        + head + "\"content\":\" quick\"" + open
                        + head + "\"content\":\"\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":4,"
                        + "\"total_tokens\":7,\"completion_tokens\":3,\"prompt_tokens_details\":{\"cached_tokens\":0}}}"
                        + "\n\ndata: [DONE]\n\n");
        assertThat(stream(AskedDialect.MISTRAL, "tool-call=true; tokens=3; thinking=0"))
                .contains("\"delta\":{\"content\":null,\"tool_calls\":[{\"id\":\"call0\",\"function\":{\"name\":"
                        + "\"look_up\",\"arguments\":\"{\\\"text\\\":\\\"The\\\"}\"}}]},\"finish_reason\":null}]");
        JsonNode whole = AskedDialect.JSON.readTree(whole(AskedDialect.MISTRAL, ""));
        assertThat(whole.at("/choices/0/message/content/0/thinking/0/text").asString())
                .isEqualTo("The");
        assertThat(whole.at("/choices/0/message/content/1/text").asString()).isEqualTo("The quick");
    }

    @Test
    void azure() throws Exception {
        String text = stream(AskedDialect.AZURE_OPENAI, "thinking=0");

        List<String> events = List.of(text.split("\n\n"));
        assertThat(events).hasSize(7);
        assertThat(events.getFirst())
                .startsWith("data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\","
                        + "\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":{\"hate\":");
        assertThat(events.get(2))
                .startsWith("data: {\"choices\":[{\"content_filter_results\":{\"hate\":{\"filtered\":false,")
                .endsWith(
                        "\"delta\":{\"content\":\"The\"},\"finish_reason\":null,\"index\":0,\"logprobs\":null}],"
                                + "\"created\":7,\"id\":\"chatcmpl-000000000001\",\"model\":\"m\","
                                + "\"object\":\"chat.completion.chunk\",\"system_fingerprint\":\"fp_simulated\",\"usage\":null}");
        assertThat(events.getLast()).isEqualTo("data: [DONE]");
        JsonNode whole = AskedDialect.JSON.readTree(whole(AskedDialect.AZURE_OPENAI, "tool-calls=2"));
        assertThat(whole.at("/choices/0/message/content").asString()).isEqualTo("The quick");
        assertThat(whole.at("/choices/0/message/tool_calls")).hasSize(2);
        assertThat(whole.at("/prompt_filter_results")).hasSize(1);
    }

    @Test
    void llama() throws Exception {
        String head = "data: {\"id\":\"000000000001\",\"event\":{\"event_type\":\"";
        assertThat(stream(AskedDialect.META_LLAMA, "thinking=0"))
                .isEqualTo(head + "start\",\"delta\":{\"type\":\"text\",\"text\":\"\"}}}\n\n"
                        + head + "progress\",\"delta\":{\"type\":\"text\",\"text\":\"The\"}}}\n\n"
                        + head + "progress\",\"delta\":{\"type\":\"text\",\"text\":\" quick\"}}}\n\n"
                        + head + "complete\",\"delta\":{\"type\":\"text\",\"text\":\"\"},\"stop_reason\":\"stop\"}}\n\n"
                        + head + "metrics\",\"delta\":{\"type\":\"text\",\"text\":\"\"},\"metrics\":["
                        + "{\"metric\":\"num_prompt_tokens\",\"value\":4,\"unit\":\"tokens\"},"
                        + "{\"metric\":\"num_completion_tokens\",\"value\":2,\"unit\":\"tokens\"},"
                        + "{\"metric\":\"num_total_tokens\",\"value\":6,\"unit\":\"tokens\"}]}}\n\n");
        assertThat(whole(AskedDialect.META_LLAMA, "thinking=0"))
                .startsWith("{\"id\":\"000000000002\",\"completion_message\":{\"role\":\"assistant\",\"content\":"
                        + "{\"type\":\"text\",\"text\":\"The quick\"},\"stop_reason\":\"stop\"},\"metrics\":[");
    }

    @Test
    void ollama() throws Exception {
        List<String> lines = stream(AskedDialect.OLLAMA, "").lines().toList();

        assertThat(lines).hasSize(4);
        assertThat(lines.get(0))
                .startsWith("{\"model\":\"m\",\"created_at\":\"20")
                .endsWith(
                        "Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"The\"},\"done\":false}");
        assertThat(lines.get(2))
                .endsWith("\"message\":{\"role\":\"assistant\",\"content\":\" quick\"},\"done\":false}");
        assertThat(lines.get(3))
                .contains("\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"total_duration\":")
                .contains("\"prompt_eval_count\":4,")
                .contains("\"eval_count\":3,");
        assertThat(whole(AskedDialect.OLLAMA, ""))
                .contains(
                        "\"message\":{\"role\":\"assistant\",\"thinking\":\"The\",\"content\":\"The quick\"},\"done\":true");
    }

    @Test
    void openAiChatStreamsToolCallsAfterTheText() throws Exception {
        String text = stream(AskedDialect.OPENAI_CHAT, "tool-calls=2; tool-tokens=1; thinking=0");

        assertThat(text)
                .contains("\"delta\":{\"content\":\" quick\"}")
                .contains("{\"tool_calls\":[{\"index\":0,\"id\":\"call_0\",\"type\":\"function\",")
                .contains("{\"tool_calls\":[{\"index\":1,\"id\":\"call_0_1\",\"type\":\"function\",")
                .contains("{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"{}\"}}]}")
                .contains("\"finish_reason\":\"tool_calls\"");
    }
}
