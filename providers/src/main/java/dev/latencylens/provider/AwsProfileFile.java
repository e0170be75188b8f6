package dev.latencylens.provider;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The files that AWS's tools share: sections in brackets, below them `name = value`, comments behind `#` or `;`.
final class AwsProfileFile {
    private static final Pattern COMMENT = Pattern.compile("\\s[#;].*");
    private static final Pattern BLANKS = Pattern.compile("\\s+");

    private AwsProfileFile() {}

    /// The sections of a profile: of the credentials file `[name]`, of the config file `[profile name]`.
    static List<Map<String, String>> sections(@Nullable Path credentials, @Nullable Path config, String profile)
            throws IOException {
        List<Map<String, String>> sections = new ArrayList<>();
        if (credentials != null) {
            sections.add(section(lines(credentials), profile));
        }
        if (config != null) {
            List<String> lines = lines(config);
            sections.add(section(lines, "profile " + profile));
            if (profile.equals("default")) {
                sections.add(section(lines, profile));
            }
        }
        return sections;
    }

    /// Lines that are indented belong to a setting that has settings of its own, and are left out.
    static Map<String, String> section(List<String> lines, String wanted) {
        Map<String, String> settings = new HashMap<>();
        boolean inside = false;
        for (String line : lines) {
            if (line.startsWith("[")) {
                int end = line.indexOf(']');
                String name = line.substring(1, end < 0 ? line.length() : end).strip();
                inside = BLANKS.matcher(name).replaceAll(" ").equals(wanted);
            } else if (inside && !line.isBlank() && "#; \t".indexOf(line.charAt(0)) < 0) {
                int equals = line.indexOf('=');
                if (equals > 0) {
                    String value = COMMENT.matcher(line.substring(equals + 1)).replaceFirst("");
                    settings.put(line.substring(0, equals).strip(), value.strip());
                }
            }
        }
        return settings;
    }

    private static List<String> lines(Path file) throws IOException {
        try {
            return Files.readAllLines(file);
        } catch (NoSuchFileException absent) {
            return List.of();
        }
    }
}
