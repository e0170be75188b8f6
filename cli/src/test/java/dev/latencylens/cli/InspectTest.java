package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `lens inspect` says of bodies that stand here in full.
class InspectTest {
    private static final String CHAT = """
            data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

            data: {"choices":[{"index":0,"delta":{"reasoning":"hm"},"finish_reason":null}]}

            data: {"choices":[{"index":0,"delta":{"content":"H\\u00e9 \\ud83d"},"finish_reason":null}]}

            data: {"choices":[{"index":0,"delta":{"content":"\\ude00\\n"},"finish_reason":null}]}

            data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

            data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,\
            "prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}

            data: [DONE]

            """;

    private static final String ANTHROPIC = """
            event: message_start
            data: {"type":"message_start","message":{"role":"assistant","content":[],"usage":{"input_tokens":4,\
            "cache_creation_input_tokens":100,"cache_read_input_tokens":7,"output_tokens":1}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

            event: ping
            data: {"type": "ping"}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi there"}}

            event: content_block_start
            data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","name":"f","input":{}}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":30}}

            event: message_stop
            data: {"type":"message_stop"}

            """;

    @TempDir
    Path folder;

    @Test
    void jsonTellsEveryFigureOfAChatStream() throws IOException {
        var run = inspect(CHAT, "openai-chat", "--json");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).isEqualTo("""
                {"dialect":"openai-chat","events":6,"text_codepoints":5,"text_chunks":2,"reasoning_codepoints":2,\
                "reasoning_chunks":1,"tool_calls":0,"tool_chunks":0,"input_tokens":12,"output_tokens":5,\
                "cached_read_tokens":4,"cache_creation_tokens":null,"reasoning_tokens":2,\
                "usage":{"input_total":12,"cached_read":4,"cache_write":null,"output_total":5,"reasoning":2},\
                "finish":"stop","completion":"complete","terminator_seen":true,"mid_stream_error":null,\
                "malformed":null}
                """);
    }

    @Test
    void jsonGivesCountsAsReportedAndUsageInOneMeaning() throws IOException {
        var run = inspect(ANTHROPIC, "anthropic", "--json");

        assertThat(run.out()).isEqualTo("""
                {"dialect":"anthropic","events":8,"text_codepoints":8,"text_chunks":1,"reasoning_codepoints":0,\
                "reasoning_chunks":0,"tool_calls":1,"tool_chunks":2,"input_tokens":4,"output_tokens":30,\
                "cached_read_tokens":7,"cache_creation_tokens":100,"reasoning_tokens":null,\
                "usage":{"input_total":111,"cached_read":7,"cache_write":100,"output_total":30,"reasoning":null},\
                "finish":"tool_use","completion":"complete","terminator_seen":true,"mid_stream_error":null,\
                "malformed":null}
                """);
    }

    @Test
    void anEmptyThinkingDeltaIsADeltaOfReasoningAndNoOutput() throws IOException {
        String thinking = """
                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}

                event: content_block_delta
                data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":""}}

                """;

        assertThat(inspect(thinking, "anthropic", "--json").out())
                .contains("\"reasoning_codepoints\":2,\"reasoning_chunks\":2");
        assertThat(inspect(thinking, "anthropic").out()).contains("1 chunk");
    }

    @Test
    void aTokenizerCountsTheOutputOfEachKind() throws IOException {
        var run = inspect(CHAT, "openai-chat", "--tokenizer", "cl100k_base");
        var json = inspect(CHAT, "openai-chat", "--json", "--tokenizer", "cl100k_base");

        assertThat(run.out())
                .contains("Text        5 code points in 2 chunks, 4 tokens by cl100k_base")
                .contains("Reasoning   2 code points in 1 chunks, 1 tokens by cl100k_base");
        assertThat(json.out())
                .contains("\"malformed\":null,\"tokenizer\":\"cl100k_base\",\"text_tokens_counted\":4,"
                        + "\"reasoning_tokens_counted\":1,\"tool_tokens_counted\":0,\"refusal_tokens_counted\":0}");
    }

    @Test
    void theTableTellsWhyAnEventCountsOrDoesNot() throws IOException {
        var run = inspect(CHAT, "openai-chat");

        assertThat(rows(run)).hasSize(6);
        assertThat(rows(run).get(0)).startsWith("    1         0").endsWith("first chunk; role only/empty");
        assertThat(rows(run).get(1)).contains("reasoning  \"hm\"").endsWith("first token; reasoning is not visible");
        assertThat(rows(run).get(2)).contains("text       \"H\u00e9 ").endsWith("first visible");
        assertThat(rows(run).get(3)).contains("\\n\"").endsWith("\"");
        assertThat(rows(run).get(4)).contains("none       {\"choices\"").endsWith("finish");
        assertThat(rows(run).get(5)).endsWith("usage");
        assertThat(run.out())
                .contains("Body        openai-chat, ", " bytes, 6 events")
                .contains("Firsts      chunk in event 1, token in event 2, visible in event 3")
                .contains("Text        5 code points in 2 chunks")
                .contains("Usage       input_total 12, cached_read 4, cache_write -, output_total 5, reasoning 2")
                .contains("Completion  complete, terminator seen")
                .contains("Malformed   none");
    }

    @Test
    void offsetsAndLengthsCoverTheBody() throws IOException {
        var run = inspect(ANTHROPIC, "anthropic");

        long next = 0;
        for (String row : rows(run)) {
            String[] cells = row.strip().split(" +", 4);
            assertThat(Long.parseLong(cells[1])).isEqualTo(next);
            next += Long.parseLong(cells[2]);
        }
        assertThat(next).isEqualTo(ANTHROPIC.length());
        assertThat(rows(run).get(0)).endsWith("first chunk; usage");
        assertThat(rows(run).get(1)).endsWith("role only/empty");
        assertThat(rows(run).get(2)).contains("{\"type\": \"ping\"}").endsWith("no output");
        assertThat(rows(run).get(3)).endsWith("first token, first visible");
        assertThat(rows(run).get(6)).endsWith("finish, usage");
    }

    @Test
    void aLongStreamIsShownByItsEndsUnlessAllOfItIsAskedFor() throws IOException {
        String event =
                "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + "wide words ".repeat(20) + "\"}}]}\n\n";
        var run = inspect(event.repeat(40), "openai-chat");

        assertThat(run.out().lines()).allMatch(line -> line.length() <= 100);
        assertThat(rows(run)).hasSize(25);
        assertThat(run.out().lines().toList().get(21)).isEqualTo("... 15 more, --all shows them");
        assertThat(rows(run).get(20)).startsWith("   36 ");
        assertThat(rows(inspect(event.repeat(40), "openai-chat", "--all"))).hasSize(40);
        assertThat(rows(inspect(event.repeat(25), "openai-chat"))).hasSize(25);
    }

    @Test
    void aBodyOfLinesThatStopsAfterTheFinishIsUnterminated() throws IOException {
        var run = inspect("""
                {"choices":[{"index":0,"delta":{"content":"a"}}]}
                {"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}
                """, "openai-chat", "--json");

        assertThat(run.out())
                .contains("\"events\":2", "\"text_chunks\":1", "\"finish\":\"length\"")
                .contains("\"completion\":\"finish without terminator\",\"terminator_seen\":false");
    }

    @Test
    void aStreamThatJustStopsIsCut() throws IOException {
        var run = inspect(CHAT.substring(0, CHAT.indexOf("{},\"finish")), "openai-chat", "--json");

        assertThat(run.out()).contains("\"finish\":null,\"completion\":\"cut\",\"terminator_seen\":false");
    }

    @Test
    void anAnswerInOnePieceIsOneEvent() throws IOException {
        var run = inspect("""
                {"choices":[{"index":0,"message":{"role":"assistant","content":"All of it"},"finish_reason":"stop"}],
                 "usage":{"prompt_tokens":1,"completion_tokens":3}}
                """, "openai-chat", "--json");

        assertThat(run.out())
                .contains("\"events\":1,\"text_codepoints\":9,\"text_chunks\":1")
                .contains("\"finish\":\"stop\",\"completion\":\"complete\",\"terminator_seen\":true");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            openai-chat | {"error":{"message":"no such model","type":"invalid_request_error","code":"gone"}} | gone: no such model
            openai-chat | {"object":"error","message":"too long","type":"BadRequestError","code":400}       | BadRequestError: too long
            openai-chat | {"detail":"Not Found"}                                                            | Not Found
            anthropic   | {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}       | overloaded_error: Overloaded
            anthropic   | {"message":"Forbidden"}                                                           | Forbidden
            """)
    void aBodyThatIsAnErrorIsToldAsThat(String dialect, String body, String says) throws IOException {
        var run = inspect(body, dialect, "--json");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains("\"mid_stream_error\":\"" + says + "\",\"malformed\":null")
                .contains("\"completion\":\"cut\"");
    }

    @Test
    void anErrorInMidStreamIsTold() throws IOException {
        var run = inspect(CHAT.substring(0, CHAT.indexOf("data: {\"choices\":[],")) + """
                data: {"error":{"message":"overloaded","code":"busy"}}

                """, "openai-chat");

        assertThat(rows(run).getLast()).endsWith("error");
        assertThat(run.out()).contains("Error       busy: overloaded", "Completion  finish without terminator");
    }

    @Test
    void whatIsNotUnderstoodIsToldAndNoFailure() throws IOException {
        var html = inspect("<html>no</html>\n", "openai-chat", "--json");
        var broken = inspect("data: {\"choices\": nonsense\n\n", "openai-chat");

        assertThat(html.exitCode()).isZero();
        assertThat(html.out()).contains("\"malformed\":\"expected server-sent events, was '<html>no</html>'\"");
        assertThat(inspect("", "openai-chat", "--json").out()).contains("\"malformed\":\"the body is empty\"");
        assertThat(inspect(": only a comment\n\n", "openai-chat", "--json").out())
                .contains("\"malformed\":\"no event in 18 bytes of body\"");
        assertThat(broken.exitCode()).isZero();
        assertThat(rows(broken).getFirst()).endsWith("first chunk; not understood");
        assertThat(broken.out()).contains("Malformed   event at byte 0 is no JSON");
    }

    @Test
    void anotherDialectsStreamIsAskedAfter() throws IOException {
        assertThat(inspect(ANTHROPIC, "openai-chat").out()).contains("is openai-chat the right --dialect?");
    }

    @Test
    void nothingInABodyReachesTheTerminalAsACommand() throws IOException {
        var run =
                inspect("data: {\"choices\":[{\"delta\":{\"content\":\"\\u001b[31m\\u202ered\"}}]}\n\n", "openai-chat");

        assertThat(run.out()).contains("\".[31m.red\"").doesNotContain("\u001b", "\u202e");
    }

    @Test
    void charactersOfTwoColumnsAreCountedAsThat() {
        assertThat(Printable.cut("\u6f22\u5b57\u6f22\u5b57", 8)).isEqualTo("\u6f22\u5b57\u6f22\u5b57");
        assertThat(Printable.cut("\u6f22\u5b57\u6f22\u5b57", 7)).isEqualTo("\u6f22\u5b57...");
        assertThat(Printable.cut("abcdef", 2)).isEqualTo("..");
        assertThat(Printable.padded("\u6f22", 4)).isEqualTo("\u6f22  ");
    }

    @Test
    void aBodyMayComeFromStandardInput() {
        var run = LensRun.lens(CHAT, Map.of(), "inspect", "-", "--dialect", "openai-chat", "--json");

        assertThat(run.out()).contains("\"text_chunks\":2");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            inspect body.txt                         | --dialect is missing; give one of openai-chat, openai-responses
            inspect body.txt --dialect klingon       | there is no dialect 'klingon'; there are openai-chat, openai-responses
            inspect no/such/file --dialect anthropic | cannot read 'no/such/file': there is no such file
            inspect src --dialect anthropic          | cannot read 'src': it is a folder
            inspect --dialect anthropic              | FILE
            """)
    void everyMistakeIsAnsweredInOneLine(String line, String says) {
        var run = LensRun.lens(line.split(" +", -1));

        assertThat(run.err())
                .startsWith("lens: ")
                .contains(says)
                .hasLineCount(1)
                .doesNotContain("Exception");
        assertThat(run.out()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    }

    private LensRun inspect(String body, String dialect, String... more) throws IOException {
        Path file = Files.writeString(folder.resolve("body"), body);
        var arguments = new ArrayList<String>(List.of("inspect", file.toString(), "--dialect", dialect));
        arguments.addAll(List.of(more));
        return LensRun.lens(arguments.toArray(String[]::new));
    }

    /// The table's rows, without its heading.
    private static List<String> rows(LensRun run) {
        return run.out()
                .lines()
                .takeWhile(line -> !line.isEmpty())
                .skip(1)
                .filter(line -> !line.startsWith("..."))
                .toList();
    }
}
