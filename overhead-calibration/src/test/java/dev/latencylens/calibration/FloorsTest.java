package dev.latencylens.calibration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.calibration.Floors.Floor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    void onTheCpuOfTheFloorsAFifthIsAllowedAndElsewhereMore(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("floors.json");
        Files.writeString(file, """
                {"control": "c", "cpu": "Some CPU, family 25, model 17", "allowance": 1.2, "allowanceElsewhere": 1.5,
                "floors": []}
                """);

        assertThat(Floors.read(file, List.of("cpu family\t: 25", "model\t\t: 17", "model name\t: Some CPU"))
                        .allowance())
                .isEqualTo(1.2);
        assertThat(Floors.read(file, List.of("cpu family\t: 25", "model\t\t: 1", "model name\t: Some CPU"))
                        .allowance())
                .isEqualTo(1.5);
        assertThat(Floors.read(file, List.of()).allowance()).isEqualTo(1.5);
    }

    @Test
    void allocationIsNotHeldWhereTheFloorSaysNothingOfIt() {
        var unheld = new Floor("Readings.wholeWay", Map.of(), 2.0, Optional.empty());

        assertThat(unheld.broken(2.0, 500, ALLOWANCE)).isEmpty();
    }
}
