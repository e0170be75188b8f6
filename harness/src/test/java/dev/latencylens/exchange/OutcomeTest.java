package dev.latencylens.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class OutcomeTest {
    private static final Completion WHOLE = said(List.of("stop"), true, null, null);
    private static final Completion FINISHED = said(List.of("stop"), false, null, null);
    private static final Completion NOTHING = said(List.of(), false, null, null);

    @Test
    void aStreamWithItsTerminatorIsComplete() {
        assertThat(Outcome.of(TransportEnd.COMPLETE, 200, WHOLE)).isEqualTo(new Outcome(Outcome.Kind.COMPLETED, ""));
    }

    @Test
    void aConnectionThatBreaksAfterTheTerminatorTakesNothingBack() {
        var outcome = Outcome.of(end(TransportEnd.Kind.RESET, "reset by peer"), 200, WHOLE);

        assertThat(outcome)
                .isEqualTo(new Outcome(
                        Outcome.Kind.COMPLETED, "after the terminator the connection ended: reset by peer"));
    }

    @Test
    void aFinishedStreamWithoutTerminatorIsUnterminatedAndStillAnswered() {
        var atItsEnd = Outcome.of(TransportEnd.COMPLETE, 200, FINISHED);
        var cut = Outcome.of(end(TransportEnd.Kind.CUT, "closed"), 200, FINISHED);

        assertThat(atItsEnd.kind()).isEqualTo(Outcome.Kind.UNTERMINATED);
        assertThat(cut.kind()).isEqualTo(Outcome.Kind.UNTERMINATED);
        assertThat(cut.detail()).isEqualTo("finish reason seen, then closed");
        assertThat(cut.isAnswered()).isTrue();
    }

    @Test
    void aBodyThatEndsBeforeItsFinishIsCutThoughHttpWasContent() {
        assertThat(Outcome.of(TransportEnd.COMPLETE, 200, NOTHING).kind()).isEqualTo(Outcome.Kind.CUT);
        assertThat(Outcome.of(end(TransportEnd.Kind.CUT, "closed"), 200, NOTHING))
                .isEqualTo(new Outcome(Outcome.Kind.CUT, "closed"));
    }

    @Test
    void anErrorStatusIsAnHttpErrorInTheProvidersWords() {
        var error = said(List.of(), true, new ProviderError("invalid_api_key", "no such key"), null);

        assertThat(Outcome.of(TransportEnd.COMPLETE, 401, error))
                .isEqualTo(new Outcome(
                        Outcome.Kind.HTTP_ERROR, "HTTP 401: invalid_api_key: no such key", "invalid_api_key"));
        assertThat(Outcome.of(TransportEnd.COMPLETE, 401, error).status()).isEqualTo("HTTP 401");
        assertThat(Outcome.of(TransportEnd.COMPLETE, 503, NOTHING).detail()).isEqualTo("HTTP 503: no message");
        assertThat(Outcome.of(end(TransportEnd.Kind.CUT, "closed"), 401, error).kind())
                .isEqualTo(Outcome.Kind.HTTP_ERROR);
    }

    @Test
    void status429IsRateLimited() {
        assertThat(Outcome.of(TransportEnd.COMPLETE, 429, NOTHING).kind()).isEqualTo(Outcome.Kind.RATE_LIMITED);
    }

    @Test
    void anErrorInMidStreamIsTheProvidersEvenIfTheTerminatorFollows() {
        var error = said(List.of(), true, new ProviderError("", "overloaded"), null);

        assertThat(Outcome.of(TransportEnd.COMPLETE, 200, error))
                .isEqualTo(new Outcome(Outcome.Kind.PROVIDER_ERROR, "overloaded"));
    }

    @Test
    void whatCannotBeUnderstoodIsMalformed() {
        assertThat(Outcome.of(TransportEnd.COMPLETE, 200, said(List.of("stop"), true, null, "'{' at byte 3")))
                .isEqualTo(new Outcome(Outcome.Kind.MALFORMED, "'{' at byte 3"));
    }

    @ParameterizedTest
    @CsvSource({
        "RESET, RESET",
        "TIMEOUT, TIMEOUT",
        "MALFORMED, MALFORMED",
        "CONNECT_FAILED, CONNECT_FAILED",
        "TLS_FAILED, TLS_FAILED",
        "DNS_FAILED, DNS_FAILED",
        "CANCELLED, CANCELLED"
    })
    void otherwiseTheWiresEndIsTheOutcome(TransportEnd.Kind wire, Outcome.Kind outcome) {
        assertThat(Outcome.of(end(wire, "why"), 0, NOTHING)).isEqualTo(new Outcome(outcome, "why"));
    }

    @ParameterizedTest
    @EnumSource(Outcome.Kind.class)
    void everyKindIsFoundByItsLabel(Outcome.Kind kind) {
        assertThat(Outcome.Kind.of(kind.label())).isEqualTo(kind);
    }

    @Test
    void anUnknownLabelIsQuoted() {
        assertThatThrownBy(() -> Outcome.Kind.of("melted")).hasMessage("unknown outcome 'melted'");
    }

    @Test
    void aProvidersMessageIsOneShortLine() {
        var error = new ProviderError("code", " two\n lines " + "x".repeat(400));

        assertThat(error.message()).startsWith("two lines x").endsWith("...").hasSize(300);
        assertThat(error).hasToString("code: " + error.message());
    }

    private static TransportEnd end(TransportEnd.Kind kind, String detail) {
        return new TransportEnd(kind, detail);
    }

    private static Completion said(
            List<String> finish, boolean terminator, @Nullable ProviderError error, @Nullable String malformed) {
        return new Completion(finish, terminator, null, error, malformed, 0);
    }
}
