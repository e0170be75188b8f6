package dev.latencylens.stats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.stats.CoverageStudy.Count;
import dev.latencylens.stats.CoverageStudy.Data;
import dev.latencylens.stats.CoverageStudy.GapsOfAnswers;
import dev.latencylens.stats.CoverageStudy.Population;
import dev.latencylens.stats.CoverageStudy.Power;
import dev.latencylens.stats.CoverageStudy.TurnsOfConversations;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What the intervals and tests promise, held to simulated data whose truth is known.
class CoverageTest {
    /// Drawn from the system's random numbers on 2026-11-29, the first of those in docs/statistics.md. Neither the
    /// method nor a limit was changed after it had been drawn.
    private static final long SEED = 1_177_068_439;

    private final CoverageStudy study = new CoverageStudy(SEED);

    @ParameterizedTest
    @EnumSource
    void ninetyFivePercentIntervalsCoverAsOftenAsTheySay(Data data) {
        assertCoverage(data);
    }

    @Test
    void intervalsOfGapsCoverThoughGapsOfOneAnswerAreAlike() {
        assertCoverage(new GapsOfAnswers());
    }

    @Test
    void intervalsOfTurnsCoverThoughTurnsOfOneConversationAreAlike() {
        assertCoverage(new TurnsOfConversations());
    }

    @Test
    void turnsTakenForRequestsThatStandForThemselvesWouldCoverTooSeldom() {
        var turns = new TurnsOfConversations();

        List<Count> covered = study.coverage(new Population() {
            @Override
            public String name() {
                return turns.name();
            }

            @Override
            public Sample sample(SplittableRandom random) {
                return turns.sample(random, false);
            }

            @Override
            public double truth(double percent) {
                return turns.truth(percent);
            }
        });

        assertThat(covered.getFirst().share()).isLessThan(CoverageStudy.LEAST_COVERAGE);
    }

    private void assertCoverage(Population population) {
        List<Count> covered = study.coverage(population);

        for (int i = 0; i < covered.size(); i++) {
            assertThat(covered.get(i).share())
                    .as(CoverageStudy.PERCENTILES.get(i).label())
                    .isBetween(CoverageStudy.LEAST_COVERAGE, CoverageStudy.MOST_COVERAGE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingChangedRaisesAnAlarmNoMoreOftenThanAlpha(Data data) {
        Count alarms = study.alarms(data);

        assertThat(alarms.share()).isLessThanOrEqualTo(CoverageStudy.ALPHA);
    }

    @ParameterizedTest
    @EnumSource
    void aTrueChangeOfFivePercentIsFoundWithThePowerThatWasPromised(Data data) {
        for (Percentile percentile : List.of(Percentile.P50, Percentile.P90)) {
            Power power = study.power(data, percentile);

            assertThat(power.found().share())
                    .as("%s with %d requests", percentile.label(), power.requests())
                    .isBetween(Comparison.POWER - 0.05, Comparison.POWER + 0.1);
        }
    }
}
