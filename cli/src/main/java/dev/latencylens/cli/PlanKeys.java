package dev.latencylens.cli;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// The keys of a plan: the long names of the flags of `lens run`, taken from the flags themselves so that the two
/// cannot drift apart.
final class PlanKeys {
    /// Flags that ask for help are no part of a run.
    private static final Set<String> NO_KEYS = Set.of("help", "version");

    /// A third of the letters may be wrong in what is taken for a slip.
    private static final int LETTERS_AN_EDIT = 3;

    private final Map<String, OptionSpec> flags = new LinkedHashMap<>();
    private final Map<String, String> otherNames = new LinkedHashMap<>();

    PlanKeys(CommandSpec run) {
        for (OptionSpec flag : run.options()) {
            List<String> names = Arrays.stream(flag.names())
                    .filter(name -> name.startsWith("--"))
                    .map(name -> name.substring(2))
                    .toList();
            if (names.isEmpty() || NO_KEYS.contains(names.getFirst())) {
                continue;
            }
            flags.put(names.getFirst(), flag);
            names.stream().skip(1).forEach(name -> otherNames.put(name, names.getFirst()));
        }
    }

    /// Each key with its flag, in the order of the flags.
    Map<String, OptionSpec> all() {
        return flags;
    }

    Optional<OptionSpec> flag(String key) {
        return Optional.ofNullable(flags.get(key));
    }

    /// The key that a flag goes by, empty for one that is no key.
    Optional<String> keyOf(OptionSpec flag) {
        return flags.entrySet().stream()
                .filter(entry -> entry.getValue().names()[0].equals(flag.names()[0]))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /// What to do about a key that there is not.
    String cure(String unknown) {
        String known = otherNames.get(unknown.replaceFirst("^--?", ""));
        if (known != null) {
            return "it is called '" + known + "' here";
        }
        return flags.keySet().stream()
                .min(Comparator.comparingInt(key -> edits(key, unknown)))
                .filter(nearest -> edits(nearest, unknown) <= unknown.length() / LETTERS_AN_EDIT)
                .map(nearest -> "did you mean '" + nearest + "'?")
                .orElse("the keys are the long flags of lens run, and 'scenarios'; lens plan schema lists them");
    }

    /// Characters to insert, to leave out or to change to make the one of the other (Levenshtein).
    private static int edits(String one, String other) {
        int[] row = new int[other.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int above = row[j];
                int changed = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(changed, Math.min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }
        return row[other.length()];
    }
}
