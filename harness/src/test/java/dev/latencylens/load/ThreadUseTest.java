package dev.latencylens.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThreadUseTest {
    @TempDir
    Path folder;

    @Test
    void whatAThreadUsedIsTheDifferenceOfTwoLooks() throws IOException {
        tell("100 20 3", "4");
        ThreadUse before = ThreadUse.read(folder, "io-0", 1_000).orElseThrow();
        tell("350 70 5", "9");

        assertThat(ThreadUse.read(folder, "io-0", 1_600).orElseThrow().since(before))
                .isEqualTo(new ThreadUse("io-0", 250, 50, 5, 600));
    }

    @Test
    void aSystemThatTellsNothingIsNoFailure() throws IOException {
        assertThat(ThreadUse.read(folder, "io-0", 0)).isEmpty();

        tell("", "4");
        assertThat(ThreadUse.read(folder, "io-0", 0)).isEmpty();
    }

    private void tell(String schedstat, String switches) throws IOException {
        Files.writeString(folder.resolve("schedstat"), schedstat + "\n");
        Files.writeString(
                folder.resolve("status"),
                "Name:\tio-0\nvoluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t" + switches + "\n");
    }
}
