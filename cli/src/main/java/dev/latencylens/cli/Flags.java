package dev.latencylens.cli;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.IGetter;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;

/// The flags of a command, each told to picocli with what takes its value.
///
/// Without annotations on fields: Java makes classes at each start for each kind of annotation, and for the first
/// look at each type of field.
final class Flags {
    private final CommandSpec command;

    Flags(CommandSpec command) {
        this.command = command;
    }

    /// @param names the first long one is the flag's key in a plan
    static OptionSpec.Builder named(String... names) {
        return OptionSpec.builder(names);
    }

    <T> void add(OptionSpec.Builder flag, Class<T> type, Consumer<T> field) {
        addTo(flag.type(type), field);
    }

    <T> void addList(OptionSpec.Builder flag, Class<T> each, Consumer<List<T>> field) {
        addTo(flag.type(List.class).auxiliaryTypes(each), field);
    }

    void addMap(OptionSpec.Builder flag, Consumer<Map<String, String>> field) {
        addTo(flag.type(Map.class).auxiliaryTypes(String.class, String.class), field);
    }

    void addHelp() {
        command.addOption(named("-h", "--help")
                .usageHelp(true)
                .description("Show this help message and exit.")
                .build());
        command.addOption(named("-V", "--version")
                .versionHelp(true)
                .description("Print version information and exit.")
                .build());
        command.versionProvider(new Lens.Version());
    }

    private <T> void addTo(OptionSpec.Builder flag, Consumer<T> field) {
        var value = new Value<>(field);
        command.addOption(
                flag.getter(value).setter(value).hasInitialValue(false).build());
    }

    /// Hands a value on to its field, and keeps it for picocli, which asks for a list to add to it.
    private static final class Value<T> implements IGetter, ISetter {
        private final Consumer<T> field;
        private @Nullable Object last;

        Value(Consumer<T> field) {
            this.field = field;
        }

        @Override
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
        public <V> @Nullable V get() {
            return (V) last;
        }

        /// @param value of the type that picocli was told
        @Override
        @SuppressWarnings("unchecked")
        public <V> @Nullable V set(V value) {
            V before = get();
            last = value;
            field.accept((T) value);
            return before;
        }
    }
}
