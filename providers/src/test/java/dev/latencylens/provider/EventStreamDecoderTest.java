package dev.latencylens.provider;

import static dev.latencylens.provider.Frames.joined;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.latencylens.exchange.ProviderError;
import dev.latencylens.exchange.StreamDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class EventStreamDecoderTest {
    private static final Path VECTORS =
            Path.of(System.getProperty("lens.fixtures", "fixtures"), "aws-eventstream-vectors");

    private static final byte[] HI = Frames.event("contentBlockDelta", "{\"delta\":{\"text\":\"Hi\"}}");
    private static final byte[] STOP = Frames.event("messageStop", "{\"stopReason\":\"end_turn\"}");
    private static final byte[] METADATA = Frames.event("metadata", """
            {"usage":{"inputTokens":3,"outputTokens":4,"totalTokens":7},"metrics":{"latencyMs":605},"p":"a"}""");

    private static StreamDecoder decoder() {
        return decoder(List.of());
    }

    private static StreamDecoder decoder(List<Secret> secrets) {
        return new EventStreamDecoder(new ConverseAnswer(new ErrorReader(secrets)));
    }

    private static Reading read(byte[]... parts) {
        return Reading.of(decoder(), joined(parts));
    }

    private static String malformed(byte[]... parts) {
        return requireNonNull(read(parts).completion().malformed());
    }

    private static ProviderError error(byte[]... parts) {
        return requireNonNull(read(parts).completion().error());
    }

    @Test
    void eventEndsWithTheLastByteOfItsMessage() {
        Reading reading = read(HI, STOP, METADATA);

        assertThat(reading.said()).containsExactly("text 0 'Hi'");
        assertThat(reading.events)
                .containsExactly(
                        new Reading.Event(HI.length, HI.length),
                        new Reading.Event(HI.length + STOP.length, STOP.length),
                        new Reading.Event(HI.length + STOP.length + METADATA.length, METADATA.length));
        assertThat(reading.completion().whole()).isTrue();
        assertThat(reading.completion().terminatorSeen()).isFalse();
        assertThat(reading.completion().serverTimingsNs()).containsEntry("latencyMs", 605_000_000L);
    }

    @Test
    void everySplitYieldsTheSame() {
        byte[] body = joined(HI, STOP, METADATA, Frames.error("a", "b"));
        Reading whole = Reading.of(decoder(), body);
        for (int cut = 0; cut <= body.length; cut++) {
            RecordedAnswersTest.assertSame(Reading.of(decoder(), body, cut), whole);
        }
    }

    @Test
    void eventIsReportedWithTheReadThatBroughtItsLastByte() {
        byte[] body = joined(HI, STOP);
        Reading reading = Reading.of(decoder(), body, HI.length - 1, HI.length, body.length - 1);

        assertThat(reading.fedWhenReported).containsExactly((long) HI.length, (long) body.length);
    }

    @Test
    void exceptionIsTheProvidersErrorByItsType() {
        byte[] exception = Frames.exception("throttlingException", "{\"message\":\"Too many requests\"}");

        assertThat(error(HI, exception)).isEqualTo(new ProviderError("throttlingException", "Too many requests"));
        assertThat(read(HI, exception).events).hasSize(2);
        assertThat(read(HI, exception).completion().malformed()).isNull();
    }

    @Test
    void exceptionOfTheModelTellsWhatTheModelSaid() {
        byte[] exception = Frames.exception("modelStreamErrorException", """
                {"message":"The model failed","originalStatusCode":500,"originalMessage":"out of memory"}""");

        assertThat(error(exception).toString()).isEqualTo("modelStreamErrorException: The model failed: out of memory");
    }

    @Test
    void exceptionWithoutTypeOrJsonIsStillAnError() {
        assertThat(error(Frames.message("it broke", ":message-type", "exception")))
                .isEqualTo(new ProviderError("", "it broke"));
        assertThat(error(Frames.exception("internalServerException", "")).code())
                .isEqualTo("internalServerException");
    }

    @Test
    void unmodelledErrorHasCodeAndMessageInItsHeaders() {
        assertThat(error(Frames.error("InternalError", "An internal server error occurred")))
                .isEqualTo(new ProviderError("InternalError", "An internal server error occurred"));
    }

    @Test
    void errorDoesNotRepeatAKey() {
        var decoder = decoder(List.of(Secret.of("sesame")));

        assertThat(Reading.of(decoder, Frames.error("sesame", "no sesame here"))
                        .completion()
                        .error())
                .isEqualTo(new ProviderError("***", "no *** here"));
    }

    @Test
    void bodyCutInAMessageIsOnlyNotWhole() {
        byte[] body = joined(HI, STOP, METADATA);
        for (int length : new int[] {HI.length + 1, HI.length + 11, HI.length + 12, body.length - 1}) {
            Reading reading = Reading.of(decoder(), Arrays.copyOf(body, length));

            assertThat(reading.completion().malformed()).isNull();
            assertThat(reading.completion().whole()).isFalse();
        }
    }

    @Test
    void messageWithWrongCrcEndsTheReading() {
        byte[] wrong = HI.clone();
        wrong[wrong.length - 6] ^= 1;

        assertThat(malformed(HI, wrong, STOP))
                .startsWith("message at byte " + HI.length + ": CRC is ")
                .contains(", computed ");
        assertThat(read(HI, wrong, STOP).events).hasSize(1);
    }

    @Test
    void preludeWithWrongCrcEndsTheReading() {
        byte[] wrong = HI.clone();
        wrong[3] ^= 1;

        assertThat(malformed(HI, wrong, STOP)).startsWith("message at byte " + HI.length + ": prelude has CRC ");
        assertThat(read(HI, wrong, STOP).completion().finishSeen()).isFalse();
    }

    @Test
    void lengthsThatCannotBeAreRefused() {
        int most = EventStreamDecoder.MAX_MESSAGE_BYTES;

        assertThat(malformed(Frames.prelude(most + 1, 0)))
                .isEqualTo("message at byte 0: length is 25165825, expected 16 to 25165824");
        assertThat(malformed(HI, Frames.prelude(15, 0))).endsWith("length is 15, expected 16 to 25165824");
        assertThat(malformed(HI, Frames.prelude(-1, 0))).contains("length is 4294967295");
        assertThat(malformed(Frames.prelude(100, 85))).endsWith("length of headers is 85, expected at most 84");
        assertThat(malformed(Frames.prelude(100, -1))).contains("length of headers is 4294967295");
        assertThat(read(Frames.prelude(most, 0)).completion().malformed()).isNull();
    }

    @Test
    void headersThatDoNotFitAreRefused() {
        byte[] unknownType = {1, 'a', 10};
        byte[] noName = {0, 0};
        byte[] longName = {9, 'a', 7};
        byte[] longValue = {1, 'a', 7, 0, 2, 'b'};
        byte[] cutLength = {1, 'a', 7, 0};
        byte[] cutNumber = {1, 'a', 8, 0, 0, 0};
        for (byte[] headers : List.of(unknownType, noName, longName, longValue, cutLength, cutNumber)) {
            assertThat(malformed(Frames.message(headers, "{}".getBytes(UTF_8)), HI))
                    .isEqualTo("message at byte 0: header at byte 12 has no name, an unknown type or too few bytes");
        }
    }

    @Test
    void ofHeadersWithTheSameNameTheLastHolds() {
        byte[] twice = Frames.message(
                "{\"stopReason\":\"end_turn\"}", ":event-type", "metadata", ":event-type", "messageStop");

        assertThat(read(twice).completion().finishReasons()).containsExactly("end_turn");
    }

    @Test
    void headerThatIsNoStringTakesTheStringsPlace() {
        byte[] name = ":message-type".getBytes(UTF_8);
        byte[] text = joined(new byte[] {13}, name, new byte[] {7, 0, 5}, "error".getBytes(UTF_8));
        byte[] flag = joined(new byte[] {13}, name, new byte[] {0});

        assertThat(read(Frames.message(joined(text, flag), Bytes.NONE))
                        .completion()
                        .error())
                .isNull();
    }

    @Test
    void messageWithoutPayloadIsAnEventThatSaysNothing() {
        Reading reading = read(Frames.event("messageStart", ""), HI);

        assertThat(reading.events).hasSize(2);
        assertThat(reading.completion().malformed()).isNull();
    }

    @Test
    void payloadThatIsNoJsonIsNotUnderstoodButTheNextMessageIs() {
        Reading reading = read(HI, Frames.event("contentBlockDelta", "{'delta':1}"), STOP);

        assertThat(reading.completion().malformed()).startsWith("message at byte " + HI.length + " is no JSON: ");
        assertThat(reading.events).hasSize(3);
        assertThat(reading.completion().finishReasons()).containsExactly("end_turn");
    }

    @Test
    void bodyThatIsNoEventStreamIsQuoted() {
        assertThat(malformed("\n<html>\n<body>Bad gateway".getBytes(UTF_8)))
                .isEqualTo("expected an AWS event stream at byte 0, was '<html>'");
        assertThat(malformed("{\"a\":1}".getBytes(UTF_8)))
                .isEqualTo("expected an AWS event stream at byte 0, was '{\"a\":1}'");
        assertThat(malformed("x".repeat(9_000).getBytes(UTF_8))).hasSizeLessThan(200);
        assertThat(malformed("?".getBytes(UTF_8))).endsWith("was '?'");
        assertThat(read(Bytes.NONE).completion().malformed()).isNull();
    }

    @Test
    void quotedBodyDoesNotRepeatAKey() {
        byte[] body = ("a".repeat(96) + "sesame").getBytes(UTF_8);

        assertThat(Reading.of(decoder(List.of(Secret.of("sesame"))), body)
                        .completion()
                        .malformed())
                .contains("a***'")
                .doesNotContain("ses");
    }

    @Test
    void vectorsOfThreeVendorsAreAccepted() throws Exception {
        assumeTrue(Files.exists(VECTORS), "no vectors in " + VECTORS + ": set the system property lens.fixtures");
        List<Path> valid = vectors(true);
        assertThat(valid).hasSize(18);
        for (Path vector : valid) {
            byte[] body = Files.readAllBytes(vector);
            Reading reading = Reading.of(decoder(), body);
            assertThat(reading.events)
                    .as(vector.toString())
                    .containsExactly(new Reading.Event(body.length, body.length));
            RecordedAnswersTest.assertSame(Reading.of(decoder(), body, Reading.everyByte(body)), reading);
            String malformed = reading.completion().malformed();
            assertThat(malformed == null || malformed.contains("is no JSON")).isTrue();
        }
    }

    @Test
    void vectorsOfThreeVendorsAreRefused() throws Exception {
        assumeTrue(Files.exists(VECTORS), "no vectors in " + VECTORS + ": set the system property lens.fixtures");
        List<Path> invalid = vectors(false);
        assertThat(invalid).hasSize(17);
        for (Path vector : invalid) {
            byte[] body = Files.readAllBytes(vector);
            Reading reading = Reading.of(decoder(), body);
            assertThat(reading.events).as(vector.toString()).isEmpty();
            assertThat(reading.completion().malformed()).as(vector.toString()).isNotNull();
            RecordedAnswersTest.assertSame(Reading.of(decoder(), body, Reading.everyByte(body)), reading);
        }
    }

    private static List<Path> vectors(boolean valid) throws IOException {
        try (Stream<Path> files = Files.walk(VECTORS)) {
            return files.filter(file -> file.toString().endsWith(".bin"))
                    .filter(file -> isValid(file) == valid)
                    .sorted()
                    .toList();
        }
    }

    private static boolean isValid(Path file) {
        String name = String.valueOf(file.getFileName());
        return !name.startsWith("corrupted") && !name.startsWith("invalid");
    }

    @Test
    void errorOfTheVectorsIsRead() throws Exception {
        Path vector = VECTORS.resolve("botocore/error_event_message.bin");
        assumeTrue(Files.exists(vector), "no vectors in " + VECTORS + ": set the system property lens.fixtures");

        assertThat(error(Files.readAllBytes(vector))).isEqualTo(new ProviderError("code", "message"));
    }
}
