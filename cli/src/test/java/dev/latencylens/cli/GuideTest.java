package dev.latencylens.cli;

import static dev.latencylens.cli.LensRun.lens;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the guide and the README tell to type is there to be typed, and what the pages link to is there to be
/// read.
class GuideTest {
    private static final Path ROOT = Path.of(System.getProperty("lens.root"));
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```");
    private static final Pattern COMMAND = Pattern.compile("\\./lens ([a-z]+)([^\\n#&;()]*)");
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:)([^)#\\s]*)(?:#([^)\\s]*))?\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");
    private static final Pattern FLAG = Pattern.compile("(?<!\\S)(-[a-zA-Z]\\b|--[a-z][a-z0-9-]*)");

    @TempDir
    Path folder;

    @Test
    void everyFlagOfTheGuideAndTheReadmeIsOneOfItsCommand() throws IOException {
        var unknown = new ArrayList<String>();
        Map<String, String> helps = new HashMap<>();
        for (Path page : List.of(ROOT.resolve("README.md"), ROOT.resolve("docs/guide.md"))) {
            String text = blocks(page, "").replace("\\\n", "");
            List<MatchResult> commands = COMMAND.matcher(text).results().toList();
            assertThat(commands).as(page + " shows commands").hasSizeGreaterThan(5);
            for (MatchResult command : commands) {
                String name = command.group(1);
                String help = helps.computeIfAbsent(name, GuideTest::help);
                FLAG.matcher(command.group(2))
                        .results()
                        .map(MatchResult::group)
                        .filter(flag -> !Pattern.compile("(?<![\\w-])" + flag + "(?![\\w-])")
                                .matcher(help)
                                .find())
                        .forEach(flag -> unknown.add(page.getFileName() + ": lens " + name + " has no " + flag));
            }
        }
        assertThat(unknown).isEmpty();
    }

    @Test
    void thePlanOfTheGuideIsOne() throws IOException {
        Path plan = Files.writeString(folder.resolve("plan.yaml"), blocks(ROOT.resolve("docs/guide.md"), "yaml"));

        var validate = lens("plan", "validate", plan.toString());

        assertThat(validate.err()).isEmpty();
        assertThat(validate.exitCode()).isZero();
    }

    @Test
    void everyLinkOfAPageLeadsToAPageAndAHeadingOfIt() throws IOException {
        var broken = new ArrayList<String>();
        int links = 0;
        for (Path page : pages()) {
            String prose = BLOCK.matcher(Files.readString(page)).replaceAll("");
            for (MatchResult link : LINK.matcher(prose).results().toList()) {
                links++;
                Path target = link.group(1).isEmpty()
                        ? page
                        : page.resolveSibling(link.group(1)).normalize();
                String heading = link.group(2);
                if (!Files.exists(target)
                        || (heading != null && !headings(target).contains(heading))) {
                    broken.add(ROOT.relativize(page) + ": " + link.group());
                }
            }
        }
        assertThat(links).isGreaterThan(30);
        assertThat(broken).isEmpty();
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> roots = Files.list(ROOT);
                Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            return Stream.concat(roots, docs)
                    .filter(file -> file.toString().endsWith(".md"))
                    .toList();
        }
    }

    /// As GitHub names them in an address.
    private static List<String> headings(Path page) throws IOException {
        return HEADING.matcher(BLOCK.matcher(Files.readString(page)).replaceAll(""))
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\w\\s-]", "")
                        .replace(' ', '-'))
                .toList();
    }

    private static String blocks(Path page, String language) throws IOException {
        return BLOCK.matcher(Files.readString(page))
                .results()
                .filter(block -> block.group(1).equals(language))
                .map(block -> block.group(2))
                .collect(Collectors.joining());
    }

    /// Sweep and search take the flags of a run too; the baseline's are those of what is done with it.
    private static String help(String command) {
        return switch (command) {
            case "sweep", "search" -> said(command, "--help") + said("run", "--help");
            case "baseline" -> said(command, "set", "--help");
            default -> said(command, "--help");
        };
    }

    private static String said(String... command) {
        var help = lens(command);
        assertThat(help.exitCode()).as(command[0]).isZero();
        return help.out();
    }
}
