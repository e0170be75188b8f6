package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.ImportOrderer;
import com.palantir.javaformat.java.JavaFormatterOptions;
import com.palantir.javaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Holds all Java sources of the repository to palantir-java-format.
///
/// It is a test and not a Maven plugin because Maven itself may run on Java 17, where that formatter, which
/// uses the
/// compiler of the JVM that it runs in, cannot parse Java 25. `mvn -pl cli -am verify -Dtest=FormattingTest
/// -Dsurefire.failIfNoSpecifiedTests=false -Dformat=apply` rewrites the files instead.
class FormattingTest {
    private static final Path ROOT = Path.of(System.getProperty("lens.root"));

    private static final int COLUMNS = 120;
    /// The formatter tears comments of a little under its limit as well.
    private static final int COMMENT_COLUMNS = 115;

    private static final Pattern COMMENT = Pattern.compile("^ *///? (?=\\S)");

    @Test
    void allSourcesAreFormatted() throws Exception {
        var formatter = Formatter.createFormatter(JavaFormatterOptions.builder()
                .style(JavaFormatterOptions.Style.PALANTIR)
                .build());
        boolean apply = "apply".equals(System.getProperty("format"));
        var unformatted = new ArrayList<String>();
        var tooLong = new ArrayList<String>();
        List<Path> sources = sources();
        for (Path source : sources) {
            String text = Files.readString(source);
            // The formatter breaks a long line comment in two and leaves the second half as code.
            text.lines()
                    .filter(line -> !apply && line.strip().startsWith("//") && line.length() > COLUMNS)
                    .forEach(line -> tooLong.add(ROOT.relativize(source) + ": " + line.strip()));
            if (!tooLong.isEmpty()) {
                continue;
            }
            String formatted = formatted(formatter, source, apply ? withWrappedComments(text) : text);
            if (!text.equals(formatted)) {
                if (apply) {
                    Files.writeString(source, formatted);
                } else {
                    unformatted.add(ROOT.relativize(source).toString());
                }
            }
        }

        assertThat(sources).hasSizeGreaterThan(100);
        assertThat(tooLong).as("comments longer than " + COLUMNS + " columns").isEmpty();
        assertThat(unformatted)
                .as("not as palantir-java-format writes it; -Dformat=apply rewrites them")
                .isEmpty();
    }

    /// Moves what stands beyond the limit of a comment's line to the front of the paragraph's next.
    private static String withWrappedComments(String text) {
        var wrapped = new StringBuilder(text.length() + 100);
        String carried = "";
        String carriedPrefix = "";
        for (String line : text.lines().toList()) {
            Matcher comment = COMMENT.matcher(line);
            String prefix = comment.find() ? comment.group() : "";
            String rest = line;
            if (!carried.isEmpty()) {
                boolean goesOn =
                        prefix.equals(carriedPrefix) && Character.isLetterOrDigit(line.charAt(prefix.length()));
                if (goesOn) {
                    rest = carriedPrefix + carried + line.substring(prefix.length());
                } else {
                    wrapped.append(carriedPrefix).append(carried.strip()).append('\n');
                }
                carried = "";
            }
            int at = rest.lastIndexOf(' ', COMMENT_COLUMNS);
            if (!prefix.isEmpty() && rest.length() > COMMENT_COLUMNS && at > prefix.length()) {
                carried = rest.substring(at + 1) + " ";
                carriedPrefix = prefix;
                rest = rest.substring(0, at);
            }
            wrapped.append(rest).append('\n');
        }
        return wrapped.toString();
    }

    private static String formatted(Formatter formatter, Path source, String text) throws FormatterException {
        try {
            String imports = ImportOrderer.reorderImports(
                    RemoveUnusedImports.removeUnusedImports(text), JavaFormatterOptions.Style.PALANTIR);
            return formatter.formatSource(imports);
        } catch (FormatterException e) {
            throw new FormatterException(source + ": " + e.getMessage());
        }
    }

    /// What git tracks or could, so that generated and left-over files do not count.
    private static List<Path> sources() throws IOException, InterruptedException {
        Process git = new ProcessBuilder("git", "ls-files", "--cached", "--others", "--exclude-standard", "*.java")
                .directory(ROOT.toFile())
                .start();
        String listed = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(git.waitFor()).isZero();
        return listed.lines().map(ROOT::resolve).filter(Files::exists).toList();
    }
}
