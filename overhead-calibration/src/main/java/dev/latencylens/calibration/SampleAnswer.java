package dev.latencylens.calibration;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.latencylens.provider.DialectName;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;

/// An answer as a provider streams it, in one dialect: what comes before the tokens, one event a token, what comes
/// after. The fields are those that the provider sends with every event; the words differ from event to event.
///
/// @param events the first and the last ones bear no token, all others one each
/// @param tokens how many bear one
record SampleAnswer(List<byte[]> events, int tokens) {
    private static final List<String> WORDS = List.of(
            " The", " quick", " brown", " fox", " jumps", " over", " a", " lazy", " dog", ",", " but", " why", "?");

    static SampleAnswer of(DialectName dialect, int tokens) {
        return switch (dialect) {
            case OPENAI_CHAT -> chat(tokens, "gpt-4.1-2025-04-14", "\"obfuscation\":\"Fq2xJ0\"", List.of());
            case AZURE_OPENAI -> chat(tokens, "gpt-4.1-2025-04-14", "\"obfuscation\":\"Fq2xJ0\"", List.of(sse("""
                                {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[\
                                {"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}""")));
            case MISTRAL -> chat(tokens, "mistral-small-latest", "\"p\":\"abcdefghijk\"", List.of());
            case OPENAI_RESPONSES -> responses(tokens);
            case ANTHROPIC -> anthropic(tokens);
            case GEMINI -> gemini(tokens);
            case BEDROCK_CONVERSE -> converse(tokens);
            case BEDROCK_INVOKE -> invoke(tokens);
            case COHERE -> cohere(tokens);
            case META_LLAMA -> llama(tokens);
            case OLLAMA -> ollama(tokens);
        };
    }

    /// The event that bears the first token.
    byte[] tokenEvent() {
        return events.get(events.size() / 2);
    }

    /// All of it.
    byte[] body() {
        var body = new ByteArrayOutputStream();
        events.forEach(body::writeBytes);
        return body.toByteArray();
    }

    private static SampleAnswer chat(int tokens, String model, String padding, List<byte[]> first) {
        String start = "{\"id\":\"chatcmpl-CFx8fYDXnq5vCpWkY2mZxq8R4vQ1B\",\"object\":\"chat.completion.chunk\","
                + "\"created\":1764126405,\"model\":\"" + model + "\",\"service_tier\":\"default\","
                + "\"system_fingerprint\":\"fp_3502f4eb73\",\"choices\":[";
        String end = "],\"usage\":null," + padding + "}";
        var events = new ArrayList<>(first);
        events.add(sse(start + "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},"
                + "\"logprobs\":null,\"finish_reason\":null}" + end));
        words(
                events,
                tokens,
                word -> sse(start + "{\"index\":0,\"delta\":{\"content\":\"" + word
                        + "\"},\"logprobs\":null,\"finish_reason\":null}" + end));
        events.add(sse(start + "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}" + end));
        events.add(sse(start + "],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":" + tokens + ",\"total_tokens\":"
                + (tokens + 9) + "}}"));
        events.add(sse("[DONE]"));
        return new SampleAnswer(events, tokens);
    }

    private static SampleAnswer responses(int tokens) {
        var events = new ArrayList<byte[]>();
        events.add(sse(
                "response.created",
                "{\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"object\":\"response\","
                        + "\"status\":\"in_progress\",\"output\":[],\"usage\":null}}"));
        words(
                events,
                tokens,
                word -> sse(
                        "response.output_text.delta",
                        "{\"type\":\"response.output_text.delta\",\"sequence_number\":4,\"item_id\":"
                                + "\"msg_68a1c0f5d2b48190a1b2c3d4e5f60718\",\"output_index\":0,\"content_index\":0,\"delta\":\""
                                + word + "\",\"logprobs\":[],\"obfuscation\":\"Fq2xJ0aBcD\"}"));
        events.add(sse(
                "response.completed",
                "{\"type\":\"response.completed\",\"sequence_number\":9,\"response\":{\"id\":\"resp_1\",\"object\":\"response\","
                        + "\"status\":\"completed\",\"output\":[],\"usage\":{\"input_tokens\":9,\"output_tokens\":"
                        + tokens
                        + "}}}"));
        return new SampleAnswer(events, tokens);
    }

    private static SampleAnswer anthropic(int tokens) {
        List<String> documents = claude(tokens);
        List<byte[]> events = documents.stream()
                .map(json -> sse(json.substring(9, json.indexOf('"', 9)), json))
                .toList();
        return new SampleAnswer(events, tokens);
    }

    private static SampleAnswer invoke(int tokens) {
        List<byte[]> events = claude(tokens).stream()
                .map(json -> AwsMessage.event(
                        "chunk",
                        "{\"bytes\":\"" + Base64.getEncoder().encodeToString(json.getBytes(UTF_8))
                                + "\",\"p\":\"abcdefghijklmnop\"}"))
                .toList();
        return new SampleAnswer(events, tokens);
    }

    /// The documents of Anthropic's Messages, each beginning with its type.
    private static List<String> claude(int tokens) {
        var documents = new ArrayList<String>();
        documents.add(
                "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_01XFDUDYJgAACzvnptvVoYEL\",\"type\":\"message\","
                        + "\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5\",\"content\":[],\"stop_reason\":null,"
                        + "\"usage\":{\"input_tokens\":9,\"cache_read_input_tokens\":0,\"output_tokens\":1}}}");
        documents.add(
                "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}");
        for (int i = 0; i < tokens; i++) {
            documents.add("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\""
                    + word(i) + "\"}}");
        }
        documents.add("{\"type\":\"content_block_stop\",\"index\":0}");
        documents.add("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},"
                + "\"usage\":{\"output_tokens\":" + tokens + "}}");
        documents.add("{\"type\":\"message_stop\"}");
        return documents;
    }

    private static SampleAnswer gemini(int tokens) {
        var events = new ArrayList<byte[]>();
        words(
                events,
                tokens,
                word -> sse(
                        "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"" + word
                                + "\"}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,"
                                + "\"candidatesTokenCount\":3,\"totalTokenCount\":12,\"promptTokensDetails\":[{\"modality\":\"TEXT\","
                                + "\"tokenCount\":9}]},\"modelVersion\":\"gemini-2.5-flash\",\"responseId\":\"x1y2z3AbCdEfGhIj\"}"));
        events.add(sse(
                "{\"candidates\":[{\"content\":{\"parts\":[],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],"
                        + "\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":" + tokens + "}}"));
        return new SampleAnswer(events, tokens);
    }

    private static SampleAnswer converse(int tokens) {
        var events = new ArrayList<byte[]>();
        events.add(AwsMessage.event("messageStart", "{\"p\":\"abcdefghijkl\",\"role\":\"assistant\"}"));
        words(
                events,
                tokens,
                word -> AwsMessage.event(
                        "contentBlockDelta",
                        "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"" + word
                                + "\"},\"p\":\"abcdefghijklmnopqrstuvw\"}"));
        events.add(AwsMessage.event("contentBlockStop", "{\"contentBlockIndex\":0,\"p\":\"abcdefg\"}"));
        events.add(AwsMessage.event("messageStop", "{\"p\":\"abcdefgh\",\"stopReason\":\"end_turn\"}"));
        events.add(AwsMessage.event(
                "metadata",
                "{\"metrics\":{\"latencyMs\":512},\"p\":\"abcd\",\"usage\":{\"inputTokens\":9,\"outputTokens\":"
                        + tokens + ",\"totalTokens\":" + (tokens + 9) + "}}"));
        return new SampleAnswer(events, tokens);
    }

    private static SampleAnswer cohere(int tokens) {
        var events = new ArrayList<byte[]>();
        events.add(sse(
                "message-start",
                "{\"id\":\"29f14a5a-11de-4cae-9800-25e4747408ea\",\"type\":\"message-start\",\"delta\":{\"message\":{\"role\":"
                        + "\"assistant\",\"content\":[],\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}"));
        words(
                events,
                tokens,
                word -> sse(
                        "content-delta",
                        "{\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\""
                                + word + "\"}}}}"));
        events.add(sse(
                "message-end",
                "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\",\"usage\":{\"billed_units\":"
                        + "{\"input_tokens\":9,\"output_tokens\":3},\"tokens\":{\"input_tokens\":9,\"output_tokens\":"
                        + tokens + "}}}}"));
        return new SampleAnswer(events, tokens);
    }

    private static SampleAnswer llama(int tokens) {
        var events = new ArrayList<byte[]>();
        events.add(
                sse(
                        "{\"id\":\"AbCdEf\",\"event\":{\"event_type\":\"start\",\"delta\":{\"type\":\"text\",\"text\":\"\"}}}"));
        words(
                events,
                tokens,
                word -> sse("{\"id\":\"AbCdEf\",\"event\":{\"event_type\":\"progress\",\"delta\":{\"type\":\"text\","
                        + "\"text\":\"" + word + "\"}}}"));
        events.add(sse(
                "{\"id\":\"AbCdEf\",\"event\":{\"event_type\":\"complete\",\"delta\":{\"type\":\"text\",\"text\":\"\"},"
                        + "\"stop_reason\":\"stop\"}}"));
        events.add(sse(
                "{\"id\":\"AbCdEf\",\"event\":{\"event_type\":\"metrics\",\"delta\":{\"type\":\"text\",\"text\":\"\"},"
                        + "\"metrics\":[{\"metric\":\"num_completion_tokens\",\"value\":" + tokens
                        + ",\"unit\":\"tokens\"}]}}"));
        return new SampleAnswer(events, tokens);
    }

    private static SampleAnswer ollama(int tokens) {
        String start = "{\"model\":\"llama3.2\",\"created_at\":\"2025-11-26T03:06:45.123456789Z\",\"message\":"
                + "{\"role\":\"assistant\",\"content\":\"";
        var events = new ArrayList<byte[]>();
        words(events, tokens, word -> (start + word + "\"},\"done\":false}\n").getBytes(UTF_8));
        events.add((start
                        + "\"},\"done_reason\":\"stop\",\"done\":true,\"total_duration\":4883583458,\"load_duration\":1334875,"
                        + "\"prompt_eval_count\":9,\"prompt_eval_duration\":342546000,\"eval_count\":" + tokens
                        + ",\"eval_duration\":4535599000}\n")
                .getBytes(UTF_8));
        return new SampleAnswer(events, tokens);
    }

    private static void words(List<byte[]> events, int tokens, Function<String, byte[]> event) {
        for (int i = 0; i < tokens; i++) {
            events.add(event.apply(word(i)));
        }
    }

    private static String word(int index) {
        return WORDS.get(index % WORDS.size());
    }

    private static byte[] sse(String data) {
        return ("data: " + data + "\n\n").getBytes(UTF_8);
    }

    private static byte[] sse(String event, String data) {
        return ("event: " + event + "\ndata: " + data + "\n\n").getBytes(UTF_8);
    }
}
