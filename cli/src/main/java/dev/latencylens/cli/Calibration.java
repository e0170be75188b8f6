package dev.latencylens.cli;

import dev.latencylens.audit.ErrorBar;
import java.util.Objects;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/// What the client's own error was found to be for one shape of load, against the instants at which a provider in
/// another process truly wrote.
///
/// @param measuredAt on the wall clock, as ISO 8601 has it
/// @param rounds how many rounds the figures rest on
/// @param agreed whether the last two rounds agreed, which ended it; else it ended for its number of rounds
/// @param lostChunks output chunks that one side counted and the other did not
/// @param ttftErrorNs measured arrival of an answer's first output chunk - instant of the write that carried it
/// @param gapErrorNs how far each measured gap was from the true one, either way
/// @param arrivalErrorNs as `ttftErrorNs`, for every output chunk
/// @param readErrorNs instant after the read call that brought a chunk - instant of its write
/// @param readLagNs that instant - the kernel's stamp, empty where there is none
/// @param loopLagP99Ns over time, of the worst round
/// @param offsetUncertaintyNs of the kernel's stamps, 0 where there are none
record Calibration(
        Shape shape,
        String measuredAt,
        int rounds,
        long roundNs,
        boolean agreed,
        long answers,
        long chunks,
        long lostChunks,
        Spread ttftErrorNs,
        Spread gapErrorNs,
        Spread arrivalErrorNs,
        Spread readErrorNs,
        Spread readLagNs,
        long loopLagP99Ns,
        long loopLagLongestNs,
        long offsetUncertaintyNs) {
    /// A file without one of them is no calibration.
    Calibration {
        Objects.requireNonNull(shape);
        Objects.requireNonNull(measuredAt);
        Objects.requireNonNull(ttftErrorNs);
        Objects.requireNonNull(gapErrorNs);
        Objects.requireNonNull(arrivalErrorNs);
        Objects.requireNonNull(readErrorNs);
        Objects.requireNonNull(readLagNs);
    }

    /// Whether its counts and times can be what was measured.
    boolean isPossible() {
        return LongStream.of(
                                rounds,
                                roundNs,
                                answers,
                                chunks,
                                lostChunks,
                                gapErrorNs.min(),
                                loopLagP99Ns,
                                loopLagLongestNs,
                                offsetUncertaintyNs)
                        .allMatch(value -> value >= 0)
                && Stream.of(ttftErrorNs, gapErrorNs, arrivalErrorNs, readErrorNs, readLagNs)
                        .allMatch(Spread::isPossible);
    }

    String json() {
        return JsonMapper.shared().writeValueAsString(this);
    }

    ErrorBar errorBar() {
        return new ErrorBar(ttftErrorNs.boundNs(), gapErrorNs.boundNs(), arrivalErrorNs.boundNs());
    }

    /// `3 rounds of 2.00 s, until two agreed; 1,934 answers`.
    String basis() {
        return rounds + (rounds == 1 ? " round of " : " rounds of ") + Figures.seconds(roundNs) + " s, "
                + (agreed ? "until two agreed" : "no two agreed") + "; " + Figures.count(answers) + " answers";
    }
}
