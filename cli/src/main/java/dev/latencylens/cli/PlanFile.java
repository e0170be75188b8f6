package dev.latencylens.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.OptionSpec;

/// A plan as it was written: the runs, and what each says instead of flags. docs/plans.md describes the form.
///
/// References to the environment and to files stay as they are; [#words] resolves them. Secrets may stand in a
/// plan as such references only, so that a plan can be given away.
///
/// @param file what messages call it
/// @param base where the paths of `${file:PATH}` begin
/// @param runs at least one
/// @param single whether the plan is one run, with no list of runs
record PlanFile(String file, Path base, List<Run> runs, boolean single) {
    static final String SCENARIOS = "scenarios";
    static final String NAME = "name";

    private static final Pattern RUN_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern REFERENCE = Pattern.compile("\\$\\$\\{|\\$\\{(?:(env|file):([^}]+)\\})?");

    /// One run's part, the shared keys before its own.
    record Run(String name, List<Entry> entries) {}

    /// @param values as written, one for each time that the flag would be given
    record Entry(String key, int line, int column, List<String> values) {}

    PlanFile {
        runs = List.copyOf(runs);
    }

    static PlanFile read(Path path, PlanKeys keys) {
        try {
            Path folder = path.toAbsolutePath().getParent();
            return parse(path.toString(), folder == null ? path : folder, Files.readString(path), keys);
        } catch (IOException e) {
            throw CommandFailure.usage(
                    "cannot read the plan '" + path + "'; give a YAML file, docs/plans.md shows its form", e);
        }
    }

    static PlanFile parse(String file, Path base, String text, PlanKeys keys) {
        return new Reader(file, base, keys).plan(YamlNode.parse(file, text));
    }

    /// The flags that one run comes to.
    ///
    /// @param run one of [#runs]
    /// @param instead keys that are given elsewhere
    List<String> words(Run run, Set<String> instead, PlanKeys keys, Map<String, String> environment) {
        var words = new ArrayList<String>();
        for (Entry entry : run.entries()) {
            if (instead.contains(entry.key())) {
                continue;
            }
            OptionSpec flag = keys.all().get(entry.key());
            for (String raw : entry.values()) {
                String value = resolved(entry, raw, environment);
                if (flag != null && flag.typeInfo().isBoolean()) {
                    switch (value) {
                        case "true" -> words.add("--" + entry.key());
                        case "false" -> {}
                        default -> throw wrong(entry, "is true or false, was '" + value + "'");
                    }
                } else {
                    words.add("--" + entry.key() + "=" + value);
                }
            }
        }
        return words;
    }

    /// `plan.yaml:3:5: 'concurrency' ...`.
    CommandFailure wrong(Entry entry, String what) {
        return at(file, entry.line(), entry.column(), "'" + entry.key() + "' " + what);
    }

    static CommandFailure at(String file, int line, int column, String what) {
        return CommandFailure.usage(file + ":" + line + ":" + column + ": " + what);
    }

    private String resolved(Entry entry, String raw, Map<String, String> environment) {
        return REFERENCE.matcher(raw).replaceAll(match -> {
            if (match.group().equals("$${")) {
                return Matcher.quoteReplacement("${");
            }
            if (match.group(1) == null) {
                throw wrong(
                        entry, "holds a '${' that is neither ${env:NAME} nor ${file:PATH}; write $${ for the signs");
            }
            return Matcher.quoteReplacement(
                    match.group(1).equals("env")
                            ? variable(entry, match.group(2), environment)
                            : content(entry, match.group(2)));
        });
    }

    private String variable(Entry entry, String name, Map<String, String> environment) {
        String value = environment.get(name);
        if (value == null || value.isEmpty()) {
            throw wrong(entry, "needs the environment variable " + name + ", which is not set");
        }
        return value;
    }

    /// Without the line break at its end, which editors add.
    private String content(Entry entry, String path) {
        try {
            return Files.readString(base.resolve(path)).replaceFirst("\\R$", "");
        } catch (IOException e) {
            throw wrong(entry, "needs the file '" + base.resolve(path) + "', which cannot be read");
        }
    }

    /// Whether a key's value is, or holds, what must not be written down.
    static boolean holdsSecret(String key, String value) {
        boolean literal = switch (key) {
            case "api-key" -> !value.isEmpty() && !refers(value);
            case "header" -> {
                int colon = value.indexOf(':');
                yield colon > 0 && Secrets.isSecretName(value.substring(0, colon)) && !refers(value);
            }
            case "url" -> {
                String plain = REFERENCE.matcher(value).replaceAll("");
                yield !Secrets.redactUrl(plain).equals(plain);
            }
            case "label" -> {
                int equals = value.indexOf('=');
                yield equals > 0 && Secrets.isSecretName(value.substring(0, equals)) && !refers(value);
            }
            case "extra-body" -> {
                String plain = REFERENCE.matcher(value).replaceAll("");
                yield !Secrets.redactJson(plain).equals(plain);
            }
            default -> false;
        };
        return literal || !Secrets.redactKeys(value).equals(value);
    }

    private static boolean refers(String raw) {
        Matcher matcher = REFERENCE.matcher(raw);
        while (matcher.find()) {
            if (matcher.group(1) != null) {
                return true;
            }
        }
        return false;
    }

    /// Turns nodes into entries, and says where what is wrong.
    private record Reader(String file, Path base, PlanKeys keys) {
        PlanFile plan(YamlNode root) {
            if (!(root instanceof YamlNode.Members members)) {
                throw at(root, "a plan is a mapping of keys to values, such as 'model: m'");
            }
            YamlNode list = null;
            var shared = new ArrayList<Entry>();
            for (YamlNode.Member member : members.members()) {
                if (member.name().equals(SCENARIOS)) {
                    list = member.value();
                } else {
                    shared.add(entry(member));
                }
            }
            if (list == null) {
                return new PlanFile(file, base, List.of(new Run("run", shared)), true);
            }
            if (!(list instanceof YamlNode.Items items) || items.items().isEmpty()) {
                throw at(list, "'scenarios' is a list of runs, each with a name and keys of its own");
            }
            var runs = new ArrayList<Run>();
            var names = new HashSet<String>();
            for (YamlNode item : items.items()) {
                Run run = run(item, shared, runs.size() + 1);
                if (!names.add(run.name())) {
                    throw at(item, "two runs are called '" + run.name() + "'");
                }
                runs.add(run);
            }
            return new PlanFile(file, base, runs, false);
        }

        private Run run(YamlNode item, List<Entry> shared, int number) {
            if (!(item instanceof YamlNode.Members members)) {
                throw at(item, "a run is a mapping of keys to values, such as 'name: short'");
            }
            String name = "run-" + number;
            Map<String, Entry> entries = new LinkedHashMap<>();
            shared.forEach(entry -> entries.put(entry.key(), entry));
            for (YamlNode.Member member : members.members()) {
                if (member.name().equals(NAME)) {
                    name = name(member);
                } else if (member.name().equals("output-dir")) {
                    throw at(member, "'output-dir' belongs to the whole plan; each run has a folder in it");
                } else {
                    entries.put(member.name(), entry(member));
                }
            }
            return new Run(name, List.copyOf(entries.values()));
        }

        private String name(YamlNode.Member member) {
            if (member.value() instanceof YamlNode.Scalar scalar
                    && RUN_NAME.matcher(scalar.text()).matches()) {
                return scalar.text();
            }
            throw at(member, "a run's name is of letters, digits, '.', '_' and '-', for it names a folder too");
        }

        private Entry entry(YamlNode.Member member) {
            OptionSpec flag = keys.flag(member.name())
                    .orElseThrow(() -> at(member, "unknown key '" + member.name() + "'; " + keys.cure(member.name())));
            var values = values(member, flag);
            values.forEach(value -> noSecret(member, value));
            return new Entry(member.name(), member.line(), member.column(), values);
        }

        private List<String> values(YamlNode.Member member, OptionSpec flag) {
            return switch (member.value()) {
                case YamlNode.Scalar scalar -> List.of(text(member, scalar));
                case YamlNode.Items items
                when flag.isMultiValue() -> {
                    var values = items.items().stream()
                            .map(item -> text(member, item))
                            .toList();
                    yield flag.splitRegex().isEmpty() ? values : List.of(String.join(",", values));
                }
                case YamlNode.Members members
                when flag.isMultiValue() && flag.splitRegex().isEmpty() -> {
                    String between = flag.typeInfo().isMap() ? "=" : ": ";
                    yield members.members().stream()
                            .map(each -> each.name() + between + text(each, each.value()))
                            .toList();
                }
                case YamlNode.Items _, YamlNode.Members _ ->
                    throw at(member, "'" + member.name() + "' takes one value");
            };
        }

        private String text(YamlNode.Member member, YamlNode node) {
            if (node instanceof YamlNode.Scalar scalar && !scalar.isNull()) {
                return scalar.text();
            }
            throw at(node, "'" + member.name() + "' needs a value");
        }

        private void noSecret(YamlNode.Member member, String value) {
            if (holdsSecret(member.name(), value)) {
                // The value is not quoted, for it is what must not be shown.
                throw at(
                        member,
                        "'" + member.name() + "' holds a secret, and plans are kept and shared; write ${env:NAME} or"
                                + " ${file:PATH} in its place");
            }
        }

        private CommandFailure at(YamlNode node, String what) {
            return PlanFile.at(file, node.line(), node.column(), what);
        }

        private CommandFailure at(YamlNode.Member member, String what) {
            return PlanFile.at(file, member.line(), member.column(), what);
        }
    }
}
