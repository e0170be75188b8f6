package dev.latencylens.calibration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.calibration.Floors.Floor;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FloorsTest {
    private static final double ALLOWANCE = 1.2;
    private final Floor floor = new Floor("WholeWay.tokenEvent", Map.of("wire", "HTTP_2"), 2.0, Optional.of(0.0));

    @Test
    void aRatioUpToTheAllowanceAboveItsFloorIsGood() {
        assertThat(floor.broken(2.4, 0.01, ALLOWANCE)).isEmpty();
        assertThat(floor.broken(0.5, 0, ALLOWANCE)).isEmpty();
    }

    @Test
    void aRatioBeyondTheAllowanceIsToldWithItsFigures() {
        assertThat(floor.broken(2.41, 0, ALLOWANCE))
                .contains("WholeWay.tokenEvent wire=HTTP_2 takes 2.41 times its control, the floor is 2.00 and 2.40 is"
                        + " allowed");
    }

    @Test
    void anObjectAnEventIsTooMuchWhereNoneIsAllowed() {
        assertThat(floor.broken(2.0, 16, ALLOWANCE))
                .contains("WholeWay.tokenEvent wire=HTTP_2 allocates 16.0 B an event, 0.0 is allowed");
    }

    @Test
    void allocationIsNotHeldWhereTheFloorSaysNothingOfIt() {
        var unheld = new Floor("Readings.wholeWay", Map.of(), 2.0, Optional.empty());

        assertThat(unheld.broken(2.0, 500, ALLOWANCE)).isEmpty();
    }
}
