package dev.latencylens.provider;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.ChunkKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Holds the scanner to what Jackson reads in the same document.
class ChatScannerTest {
    private static final JsonMapper JACKSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final JsonMapper WITHOUT_DUPLICATES = JACKSON.rebuild()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    static final List<String> DOCUMENTS = List.of(
            "{\"id\":\"c-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" once\"},\"finish_reason\":null}],\"p\":\"ab\"}",
            "{\"choices\":[{\"delta\":{\"content\":\"a\\u0041\\n\",\"reasoning\":\"r\",\"reasoning_content\":\"r\"},\"index\":1}]}",
            "{\"choices\":[{\"text\":\"t\",\"delta\":{\"content\":\"t\"}},{\"text\":\"u\",\"index\":3,\"finish_reason\":\"stop\"}]}",
            "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"i\",\"function\":{\"name\":\"n\",\"arguments\":\"{}\"}}]}}]}",
            "{\"choices\":[{\"message\":{\"content\":[{\"text\":\"a\"},{\"thinking\":[{\"text\":\"b\"}]},\"c\"],\"refusal\":\"d\"}}]}",
            "{\"choices\":[],\"usage\":{\"completion_tokens\":12,\"x\":[1.5e-3,-0,true,false,null,{}]},\"error\":null}",
            "{\"x_groq\":{\"usage\":{\"completion_tokens\":3}},\"error\":{\"message\":\"e\"},\"object\":\"chunk\"}",
            "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"timings\":{\"prompt_ms\":1.5,\"predicted_ms\":2}}",
            "{\"choices\":[{\"delta\":{\"function_call\":{\"name\":\"f\",\"arguments\":\"g\"}}}],\"object\":\"error\"}",
            "{\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"hm é漢😀\"}}],\"usage\":null}");

    private static final String ALPHABET = "{}[]\",:\\/0123456789.eE+-truefalsn \t\nub\u0001é😀\uD800";

    private static final List<String> NO_ERRORS = List.of("false", "{}", "\"\"");

    /// What is in a document, in words; null where it is malformed.
    private static @Nullable List<String> scanned(ChatScanner scanner, String document) {
        byte[] bytes = (">>" + document + "<<").getBytes(UTF_8);
        if (!scanner.scan(bytes, 2, bytes.length - 2)) {
            assertThat(scanner.failure()).startsWith("expected ");
            return null;
        }
        List<String> found = new ArrayList<>();
        for (int i = 0; i < scanner.pieces(); i++) {
            ChunkKind kind = scanner.kind(i);
            if (kind != null) {
                found.add(kind + " " + scanner.choice(i) + " " + scanner.text(i));
            }
        }
        for (int i = 0; i < scanner.finishes(); i++) {
            found.add("finish " + scanner.finishChoice(i) + " " + scanner.finishReason(i));
        }
        for (int i = 0; i < scanner.toolFragments(); i++) {
            found.add("tool " + scanner.toolChoice(i) + " " + scanner.toolIndex(i) + " " + scanner.toolId(i) + " "
                    + scanner.toolNamed(i));
        }
        if (scanner.hasUsage()) {
            found.add("usage "
                    + JACKSON.readTree(
                            new String(bytes, scanner.usageFrom(), scanner.usageTo() - scanner.usageFrom(), UTF_8))
                    + " " + scanner.completionTokens());
        }
        if (scanner.hasTimings()) {
            int length = scanner.timingsTo() - scanner.timingsFrom();
            found.add("timings " + JACKSON.readTree(new String(bytes, scanner.timingsFrom(), length, UTF_8)));
        }
        if (scanner.hasError()) {
            found.add("error "
                    + JACKSON.readTree(
                            new String(bytes, scanner.errorFrom(), scanner.errorTo() - scanner.errorFrom(), UTF_8)));
        }
        return found;
    }

    /// The same, read off Jackson's tree.
    private static List<String> expected(JsonNode document) {
        List<String> pieces = new ArrayList<>();
        List<String> finishes = new ArrayList<>();
        List<String> tools = new ArrayList<>();
        if (document.path("choices").isArray()) {
            document.path("choices").forEach(choice -> addChoice(choice, pieces, finishes, tools));
        }
        List<String> all = new ArrayList<>(pieces);
        all.addAll(finishes);
        all.addAll(tools);
        JsonNode own = document.path("usage");
        JsonNode usage = own.isObject() ? own : document.path("x_groq").path("usage");
        if (usage.isObject()) {
            JsonNode tokens = usage.path("completion_tokens");
            all.add("usage " + usage + " " + (isCount(tokens) ? tokens.longValue() : -1));
        }
        if (document.path("timings").isObject()) {
            all.add("timings " + document.path("timings"));
        }
        JsonNode error = document.path("error");
        boolean none = error.isMissingNode() || error.isNull() || NO_ERRORS.contains(error.toString());
        if (!none) {
            all.add("error " + error);
        } else if (document.path("object").isString()
                && document.path("object").stringValue().equals("error")) {
            all.add("error " + document);
        }
        return all;
    }

    private static boolean isCount(JsonNode node) {
        return node.isIntegralNumber() && node.canConvertToLong() && node.longValue() >= 0;
    }

    private static int index(JsonNode node, int otherwise) {
        return isCount(node) && node.canConvertToInt() ? node.intValue() : otherwise;
    }

    private static void addChoice(JsonNode choice, List<String> pieces, List<String> finishes, List<String> tools) {
        if (!choice.isObject()) {
            return;
        }
        int index = index(choice.path("index"), 0);
        List<String> own = new ArrayList<>();
        int[] text = {-1};
        choice.properties().forEach(member -> {
            JsonNode value = member.getValue();
            switch (member.getKey()) {
                case "delta", "message" -> addDelta(value, index, own, tools);
                case "text" -> {
                    text[0] = isText(value) ? own.size() : -1;
                    add(own, "TEXT", index, value);
                }
                case "finish_reason" -> add(finishes, "finish", index, value);
                default -> {}
            }
        });
        if (text[0] >= 0
                && own.stream().filter(piece -> piece.startsWith("TEXT ")).count() > 1) {
            own.remove(text[0]);
        }
        pieces.addAll(own);
    }

    private static void addDelta(JsonNode delta, int index, List<String> pieces, List<String> tools) {
        if (!delta.isObject()) {
            return;
        }
        JsonNode reasoning = delta.path("reasoning");
        boolean twins = isText(reasoning) && reasoning.equals(delta.path("reasoning_content"));
        boolean[] said = {false};
        delta.properties().forEach(member -> {
            JsonNode value = member.getValue();
            switch (member.getKey()) {
                case "content" -> {
                    add(pieces, "TEXT", index, value);
                    value.values().stream()
                            .filter(part -> value.isArray())
                            .forEach(part -> addPart(part, index, pieces));
                }
                case "reasoning", "reasoning_content" -> {
                    if (!twins || !said[0]) {
                        add(pieces, "REASONING", index, value);
                    }
                    said[0] = true;
                }
                case "refusal" -> add(pieces, "REFUSAL", index, value);
                case "function_call" -> {
                    if (value.isObject()) {
                        tools.add("tool " + index + " -1  " + isText(value.path("name")));
                        addFunction(value, index, pieces);
                    }
                }
                case "tool_calls" ->
                    value.values().stream()
                            .filter(call -> value.isArray() && call.isObject())
                            .forEach(call -> {
                                tools.add("tool " + index + " " + index(call.path("index"), -1) + " "
                                        + (call.path("id").isString()
                                                ? call.path("id").stringValue()
                                                : "")
                                        + " " + isText(call.path("function").path("name")));
                                addFunction(call.path("function"), index, pieces);
                            });
                default -> {}
            }
        });
    }

    private static void addPart(JsonNode part, int index, List<String> pieces) {
        add(pieces, "TEXT", index, part);
        if (part.isObject()) {
            part.properties().forEach(member -> {
                JsonNode value = member.getValue();
                if (member.getKey().equals("text")) {
                    add(pieces, "TEXT", index, value);
                } else if (member.getKey().equals("thinking")) {
                    add(pieces, "REASONING", index, value);
                    value.values().stream()
                            .filter(thought -> value.isArray())
                            .forEach(thought -> add(pieces, "REASONING", index, thought.path("text")));
                }
            });
        }
    }

    private static void addFunction(JsonNode function, int index, List<String> pieces) {
        if (function.isObject()) {
            function.properties().forEach(member -> {
                if (member.getKey().equals("name") || member.getKey().equals("arguments")) {
                    add(pieces, "TOOL", index, member.getValue());
                }
            });
        }
    }

    private static boolean isText(JsonNode node) {
        return node.isString() && !node.stringValue().isEmpty();
    }

    private static void add(List<String> list, String kind, int index, JsonNode value) {
        if (isText(value)) {
            list.add(kind + " " + index + " " + value.stringValue());
        }
    }

    private static @Nullable JsonNode tree(JsonMapper mapper, String document) {
        try {
            JsonNode tree = mapper.readTree(document);
            return tree.isMissingNode() ? null : tree;
        } catch (JacksonException malformed) {
            return null;
        }
    }

    /// Returns whether the document was well-formed, so that a test can tell that it was not vacuous.
    private static boolean assertReadAlike(ChatScanner scanner, String document) {
        List<String> found = scanned(scanner, document);
        JsonNode tree = tree(JACKSON, document);
        assertThat(found != null).as(document).isEqualTo(tree != null);
        JsonNode single = tree(WITHOUT_DUPLICATES, document);
        if (single != null) {
            assertThat(found).as(document).isEqualTo(expected(single));
        }
        return found != null;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "[1,2]",
                "0",
                "-0.5e+10",
                "\"a\"",
                " true ",
                "null",
                "{\"a\":{\"b\":[{}]}}",
                "",
                "{",
                "[",
                "\"",
                "{,}",
                "{\"a\"}",
                "{\"a\":}",
                "{\"a\":1,}",
                "[1,]",
                "[,1]",
                "01",
                "1.",
                ".5",
                "+1",
                "1e",
                "-",
                "tru",
                "truex",
                "\"\\x\"",
                "\"\\u12g4\"",
                "\"\\u12",
                "\"\u0001\"",
                "{} {}",
                "{'a':1}",
                "nul",
                "NaN",
                "\"\\",
                "{\"a\":1 \"b\":2}",
                "[1 2]",
                "{\"\\u0063hoices\":[{\"delta\":{\"cont\\u0065nt\":\"x\"}}]}",
                "{\"choices\":{}}",
                "1e5",
                "\u00A01"
            })
    void documentIsWellFormedExactlyWhenJacksonSaysSo(String document) {
        assertReadAlike(new ChatScanner(), document);
    }

    @Test
    void everyDocumentIsReadAsJacksonReadsIt() {
        var scanner = new ChatScanner();
        for (String first : DOCUMENTS) {
            assertThat(assertReadAlike(scanner, first)).isTrue();
            for (String second : DOCUMENTS) {
                assertReadAlike(scanner, first);
                assertReadAlike(scanner, second);
            }
        }
    }

    @Test
    void everyPrefixIsReadAsJacksonReadsIt() {
        var scanner = new ChatScanner();
        for (String document : DOCUMENTS) {
            for (int length = 0; length < document.length(); length++) {
                scanned(scanner, document);
                assertReadAlike(scanner, document.substring(0, length));
            }
        }
    }

    @Test
    void changedDocumentsAreReadAsJacksonReadsThem() {
        var random = new Random(611_953);
        var lasting = new ChatScanner();
        int wellFormed = 0;
        for (int i = 0; i < 20_000; i++) {
            String document = DOCUMENTS.get(random.nextInt(DOCUMENTS.size()));
            String changed = changed(document, random);
            scanned(lasting, document);
            assertReadAlike(lasting, changed);
            wellFormed += assertReadAlike(new ChatScanner(), changed) ? 1 : 0;
        }
        assertThat(wellFormed).isBetween(2_000, 18_000);
    }

    private static String changed(String document, Random random) {
        var text = new StringBuilder(document);
        for (int changes = 1 + random.nextInt(2); changes > 0; changes--) {
            int at = random.nextInt(text.length() + 1);
            int codePoint = ALPHABET.codePointAt(random.nextInt(ALPHABET.length()));
            String letter = codePoint >= 0xD800 && codePoint < 0xE000 ? "x" : Character.toString(codePoint);
            switch (random.nextInt(4)) {
                case 0 -> text.insert(at, letter);
                case 1 -> text.replace(at, Math.min(text.length(), at + 1), letter);
                case 2 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(3)));
                default -> {
                    String other = DOCUMENTS.get(random.nextInt(DOCUMENTS.size()));
                    int from = random.nextInt(other.length());
                    text.insert(at, other, from, Math.min(other.length(), from + random.nextInt(12)));
                }
            }
        }
        return new String(text.toString().getBytes(UTF_8), UTF_8);
    }

    @Test
    void chunksLikeTheOneBeforeAreReadAsJacksonReadsThem() {
        var scanner = new ChatScanner();
        var random = new Random(31_337);
        for (int i = 0; i < 3_000; i++) {
            String text = random.ints(random.nextInt(4), 0, 6)
                    .mapToObj(
                            n -> List.of("a", "\\n", "é", "\\u00e9", "😀", "\"").get(n))
                    .collect(Collectors.joining());
            String padding = random.nextInt(9) == 0 ? "\\" : "p".repeat(random.nextInt(9));
            String key = random.nextInt(20) == 0 ? "refusal" : "content";
            assertReadAlike(
                    scanner,
                    "{\"id\":\"%d\",\"choices\":[{\"index\":%d,\"delta\":{\"%s\":\"%s\"}}],\"o\":\"%s\",\"q\":\"%s\"%s}"
                            .formatted(
                                    i / 50,
                                    i % 1000 / 500,
                                    key,
                                    text,
                                    i % 100 / 90,
                                    padding,
                                    i % 70 == 0 ? ",\"usage\":{}" : ""));
        }
    }
}
