package dev.latencylens.exchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentDecoderTest {
    private static final String TEXT = """
        data: {"choices":[{"delta":{"content":"Hello"}}]}

        data: {"choices":[{"delta":{"content":" world"}}]}

        data: [DONE]

        """;

    /// A dialect that only remembers what it was given, and after which piece.
    private static final class Heard implements StreamDecoder {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private boolean ended;

        @Override
        public void decode(byte[] piece, int offset, int length, ChunkSink sink) {
            bytes.write(piece, offset, length);
        }

        @Override
        public void end(ChunkSink sink) {
            ended = true;
        }

        @Override
        public Completion completion() {
            return new Completion(List.of("stop"), true, null, null, null, 0);
        }

        String text() {
            return bytes.toString(UTF_8);
        }
    }

    private static final ChunkSink NOBODY = new ChunkSink() {
        @Override
        public void event(long endOffset, int bytes) {}

        @Override
        public void chunk(ChunkKind kind, int choice, int tokens, CharSequence text) {}
    };

    private static ResponseHead encodedAs(String encoding) {
        return new ResponseHead(200, List.of(Header.of("content-encoding", encoding)));
    }

    record Encoded(String name, String encoding, byte[] bytes) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Encoded> encodings() throws IOException {
        return Stream.of(
                new Encoded("gzip", "gzip", gzip(TEXT)),
                new Encoded("gzip flushed after each event", "GZIP", flushedGzip(TEXT)),
                new Encoded("gzip by its old name", "x-gzip", gzip(TEXT)),
                new Encoded(
                        "gzip in two members", "gzip", joined(gzip(TEXT.substring(0, 30)), gzip(TEXT.substring(30)))),
                new Encoded("gzip with every header field", "gzip", withEveryField(gzip(TEXT))),
                new Encoded("gzip with an empty extra field", "gzip", withEmptyExtra(gzip(TEXT))),
                new Encoded("deflate with zlib's wrapping", "deflate", deflate(TEXT, false)),
                new Encoded("deflate without", "deflate", deflate(TEXT, true)),
                new Encoded("deflate with bytes after its end", "deflate", joined(deflate(TEXT, false), new byte[] {1, 2
                })));
    }

    @ParameterizedTest
    @MethodSource("encodings")
    void everySplitOfAnEncodedBodyYieldsTheSameText(Encoded encoded) {
        for (int cut = 0; cut <= encoded.bytes().length; cut++) {
            var heard = new Heard();
            StreamDecoder decoder = ContentDecoder.of(encodedAs(encoded.encoding()), heard);
            decoder.decode(encoded.bytes(), 0, cut, NOBODY);
            decoder.decode(encoded.bytes(), cut, encoded.bytes().length - cut, NOBODY);
            decoder.end(NOBODY);

            assertThat(heard.text()).as("cut at " + cut).isEqualTo(TEXT);
            assertThat(heard.ended).isTrue();
            assertThat(decoder.completion().malformed()).isNull();
        }
    }

    @ParameterizedTest
    @MethodSource("encodings")
    void byteByByteYieldsTheSameText(Encoded encoded) {
        var heard = new Heard();
        StreamDecoder decoder = ContentDecoder.of(encodedAs(encoded.encoding()), heard);
        for (int i = 0; i < encoded.bytes().length; i++) {
            decoder.decode(encoded.bytes(), i, 1, NOBODY);
        }
        decoder.end(NOBODY);

        assertThat(heard.text()).isEqualTo(TEXT);
    }

    @Test
    void aFlushedEventIsHeardBeforeTheNextOneComes() throws IOException {
        var heard = new Heard();
        StreamDecoder decoder = ContentDecoder.of(encodedAs("gzip"), heard);
        List<byte[]> pieces = flushes(TEXT);
        var expected = new StringBuilder();
        String[] events = TEXT.split("(?<=\n\n)");
        for (int i = 0; i < events.length; i++) {
            decoder.decode(pieces.get(i), 0, pieces.get(i).length, NOBODY);
            expected.append(events[i]);
            assertThat(heard.text()).isEqualTo(expected.toString());
        }
    }

    @Test
    void aBodyLargerThanAnyBufferComesWhole() throws IOException {
        String large = new Random(1)
                .ints(300_000, 'a', 'e')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        var heard = new Heard();
        StreamDecoder decoder = ContentDecoder.of(encodedAs("gzip"), heard);
        byte[] bytes = gzip(large);
        decoder.decode(bytes, 0, bytes.length, NOBODY);

        assertThat(heard.text()).isEqualTo(large);
    }

    @ParameterizedTest
    @ValueSource(strings = {"identity", " Identity ", ""})
    void whatIsNotEncodedGoesToTheDialectItself(String encoding) {
        var heard = new Heard();

        assertThat(ContentDecoder.of(encodedAs(encoding), heard)).isSameAs(heard);
        assertThat(ContentDecoder.of(new ResponseHead(200, List.of()), heard)).isSameAs(heard);
    }

    @ParameterizedTest
    @ValueSource(strings = {"br", "zstd", "gzip, gzip"})
    void anyOtherEncodingIsMalformedAndNamed(String encoding) {
        var heard = new Heard();
        StreamDecoder decoder = ContentDecoder.of(encodedAs(encoding), heard);
        decoder.decode(TEXT.getBytes(UTF_8), 0, 10, NOBODY);
        decoder.end(NOBODY);

        assertThat(decoder.completion().malformed())
                .isEqualTo("expected content-encoding gzip, deflate or none, saw '" + encoding + "'");
        assertThat(heard.text()).isEmpty();
        assertThat(Outcome.of(TransportEnd.COMPLETE, 200, decoder.completion()).kind())
                .isEqualTo(Outcome.Kind.MALFORMED);
    }

    @Test
    void whatIsNotCompressedAsSaidIsMalformed() throws IOException {
        assertThat(malformed("gzip", TEXT.getBytes(UTF_8))).isEqualTo("expected a gzip header, saw bytes 64 61 74");
        assertThat(malformed("deflate", TEXT.getBytes(UTF_8))).startsWith("the compressed data cannot be read: ");
        byte[] checksum = gzip(TEXT);
        checksum[checksum.length - 8] ^= 1;
        assertThat(malformed("gzip", checksum)).startsWith("expected data with gzip checksum ");
        assertThat(malformed("deflate", withDictionary()))
                .isEqualTo("expected no preset dictionary, saw one asked for");
    }

    @Test
    void aCutBodyKeepsWhatCameAndIsNoFaultOfTheEncoding() throws IOException {
        byte[] bytes = flushedGzip(TEXT);
        var heard = new Heard();
        StreamDecoder decoder = ContentDecoder.of(encodedAs("gzip"), heard);
        decoder.decode(bytes, 0, bytes.length - 12, NOBODY);
        decoder.end(NOBODY);

        assertThat(heard.text()).startsWith("data: ");
        assertThat(decoder.completion().malformed()).isNull();
        assertThat(decoder.completion().terminatorSeen()).isTrue();
    }

    @Test
    void anyBytesAtAllAreTakenWithoutThrowing() throws IOException {
        var random = new Random(7);
        for (int round = 0; round < 2_000; round++) {
            byte[] bytes = withEveryField(gzip(TEXT));
            for (int i = 0; i < 4; i++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            StreamDecoder decoder = ContentDecoder.of(encodedAs(round % 2 == 0 ? "gzip" : "deflate"), new Heard());
            decoder.decode(bytes, 0, bytes.length, NOBODY);
            decoder.end(NOBODY);
            assertThat(decoder.completion().finishSeen()).isTrue();
        }
    }

    @Test
    void theInterpreterUndoesTheEncodingBeforeTheDialect() throws IOException {
        var heard = new Heard();
        var dialect = new Dialect() {
            @Override
            public String name() {
                return "heard";
            }

            @Override
            public Request request(Prompt prompt) {
                throw new AssertionError("nothing is asked");
            }

            @Override
            public StreamDecoder decoder(ResponseHead head) {
                return heard;
            }
        };
        var results = new ArrayList<ExchangeResult>();
        var interpreter = new Interpreter(dialect, results::add);
        var exchange = new Exchange(0, "x", new EncodedRequest(new byte[0], new byte[0], new byte[0]));
        byte[] body = gzip(TEXT);
        interpreter.fact(exchange, new ResponseFact(encodedAs("gzip")), 1);
        interpreter.body(exchange, 2, FlightLog.NO_STAMP, body, 0, body.length);
        interpreter.fact(exchange, TransportEnd.COMPLETE, 3);

        assertThat(heard.text()).isEqualTo(TEXT);
        assertThat(results.getFirst().outcome().kind()).isEqualTo(Outcome.Kind.COMPLETED);
        assertThat(results.getFirst().bodyBytes()).isEqualTo(body.length);
    }

    private static String malformed(String encoding, byte[] bytes) {
        StreamDecoder decoder = ContentDecoder.of(encodedAs(encoding), new Heard());
        for (byte one : bytes) {
            decoder.decode(new byte[] {one}, 0, 1, NOBODY);
        }
        decoder.end(NOBODY);
        return String.valueOf(decoder.completion().malformed());
    }

    private static byte[] gzip(String text) throws IOException {
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write(text.getBytes(UTF_8));
        }
        return out.toByteArray();
    }

    /// One piece for each event, and the trailer in the last.
    private static List<byte[]> flushes(String text) throws IOException {
        var out = new ByteArrayOutputStream();
        var pieces = new ArrayList<byte[]>();
        try (var gzip = new GZIPOutputStream(out, 512, true)) {
            for (String event : text.split("(?<=\n\n)")) {
                gzip.write(event.getBytes(UTF_8));
                gzip.flush();
                pieces.add(out.toByteArray());
                out.reset();
            }
        }
        pieces.add(out.toByteArray());
        return pieces;
    }

    private static byte[] flushedGzip(String text) throws IOException {
        return joined(flushes(text).toArray(new byte[0][]));
    }

    private static byte[] deflate(String text, boolean bare) throws IOException {
        var out = new ByteArrayOutputStream();
        var deflater = new Deflater(Deflater.BEST_COMPRESSION, bare);
        try (var deflate = new DeflaterOutputStream(out, deflater)) {
            deflate.write(text.getBytes(UTF_8));
        }
        deflater.end();
        return out.toByteArray();
    }

    private static byte[] withDictionary() throws IOException {
        var out = new ByteArrayOutputStream();
        var deflater = new Deflater();
        deflater.setDictionary("data: choices".getBytes(UTF_8));
        try (var deflate = new DeflaterOutputStream(out, deflater)) {
            deflate.write(TEXT.getBytes(UTF_8));
        }
        deflater.end();
        return out.toByteArray();
    }

    /// RFC 1952, 2.3: extra field, name, comment, header checksum.
    private static byte[] withEveryField(byte[] gzip) throws IOException {
        byte[] head = Arrays.copyOf(gzip, 10);
        head[3] = 0x02 | 0x04 | 0x08 | 0x10;
        byte[] fields = joined(head, new byte[] {3, 0, 9, 9, 9}, "name\0comment\0".getBytes(ISO_8859_1));
        var crc = new CRC32();
        crc.update(fields);
        byte[] check = {(byte) crc.getValue(), (byte) (crc.getValue() >> 8)};
        return joined(fields, check, Arrays.copyOfRange(gzip, 10, gzip.length));
    }

    private static byte[] withEmptyExtra(byte[] gzip) throws IOException {
        byte[] head = Arrays.copyOf(gzip, 10);
        head[3] = 0x04;
        return joined(head, new byte[2], Arrays.copyOfRange(gzip, 10, gzip.length));
    }

    private static byte[] joined(byte[]... pieces) throws IOException {
        var out = new ByteArrayOutputStream();
        for (byte[] piece : pieces) {
            out.write(piece);
        }
        return out.toByteArray();
    }
}
