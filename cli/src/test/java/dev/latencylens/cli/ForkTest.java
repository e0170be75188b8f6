package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ForkTest {
    @AfterEach
    void forget() {
        System.clearProperty("lens.libraries");
    }

    /// A run needs no library that makes certificates; the simulated provider that it is calibrated against does.
    @Test
    void anotherHasTheLibrariesThatThisOneWasStartedWithout() {
        System.setProperty("lens.libraries", ":lib/bcpkix.jar:lib/bcprov.jar");

        List<String> command = Fork.command(List.of("simulate", "--tls"));

        assertThat(command.get(command.indexOf("-cp") + 1))
                .isEqualTo(System.getProperty("java.class.path") + ":lib/bcpkix.jar:lib/bcprov.jar");
    }
}
