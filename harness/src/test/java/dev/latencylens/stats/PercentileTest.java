package dev.latencylens.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PercentileTest {
    @ParameterizedTest
    @CsvSource({"50, 11", "90, 64", "95, 130", "99, 662", "99.9, 6636", "99.99, 66381", "10, 64"})
    void theFloorIsThatOfMlperf(double percent, long samples) {
        assertThat(new Percentile(percent).floor()).isEqualTo(samples);
    }

    @ParameterizedTest
    @CsvSource({
        "50, 1, 1",
        "50, 10, 5",
        "50, 11, 6",
        "90, 10, 9",
        "99, 100, 99",
        "99, 101, 100",
        "99.9, 1000, 999",
        "99.9, 1001, 1000",
        "99.99, 100000, 99990",
        "0.01, 5, 1"
    })
    void theRankIsTheNearestAndFreeOfRounding(double percent, long count, long rank) {
        assertThat(new Percentile(percent).rank(count)).isEqualTo(rank);
    }

    @ParameterizedTest
    @CsvSource({"99, p99", "99.0, p99", "p99.9, p99.9", "P50, p50", "99.99, p99.99"})
    void aPercentileIsReadAndNamedTheWayPeopleWriteIt(String text, String label) {
        assertThat(Percentile.parse(text).label()).isEqualTo(label);
    }

    @ParameterizedTest
    @ValueSource(strings = {"100", "0", "-1", "fifty", "99.99999", ""})
    void whatIsNoPercentileIsQuoted(String text) {
        assertThatThrownBy(() -> Percentile.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .containsAnyOf("'" + text + "'", "was " + text);
    }

    @Test
    void theUsualOnesRise() {
        assertThat(Percentile.USUAL).extracting(Percentile::label).containsExactly("p50", "p90", "p95", "p99", "p99.9");
    }
}
