package dev.latencylens.cli;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/// Texts that must appear in no file, log or message, and what takes them out.
///
/// Fill it before the run starts; reading is then safe from any thread.
final class Secrets {
    static final String INSTEAD = "***";
    /// A shorter text is a placeholder such as `EMPTY` or `none`; taking it out would tear other words apart.
    private static final int SHORTEST = 8;
    /// So many of a secret's first characters at the end of a shortened text are taken out as well.
    private static final int SHORTEST_PREFIX = 6;
    /// So many of them, and half of them, are taken out wherever they stand.
    private static final int SHORTEST_PART = 12;

    private static final String SHORTENED = "...";

    /// A name and a value in the query of a URL.
    private static final Pattern QUERY_VALUE = Pattern.compile("([?&]([^=&#?]*)=)([^&#]+)");

    /// What stands before the host of a URL, well formed or not: a scheme, and what an `@` ends if the part that
    /// begins there has one too, or has a colon with no port after it.
    private static final Pattern USER_INFO = Pattern.compile(
            "^(\\s*(?:[a-z][a-z0-9+.-]*:/+|https?:|/+)?)(?=[^/?#]*@|[^\\[/?#:]*:(?!\\d*(?:[/?#]|$))).*@",
            Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    /// How keys of well-known providers begin.
    private static final Pattern KEY =
            Pattern.compile("\\b(?:sk|gsk|xai|pplx|nvapi|hf|AIza|AKIA)[-_]?[A-Za-z0-9_-]{20,}");

    /// What would make secrets of names that are known to be none.
    private static final Pattern INNOCENT =
            Pattern.compile("tokeni[sz]|cache[-_]?key|key(?:board|word)|author(?!i[sz])");

    /// Words of names that are too short to be looked for within others.
    private static final Set<String> SECRET_WORDS = Set.of("sig", "signature", "pass", "passphrase", "pwd");

    /// Words that make a number of tokens of a token: `max_tokens`, `token-count`.
    private static final Set<String> COUNTING_WORDS = Set.of("max", "min", "num", "count", "limit", "budget", "total");

    private final List<String> values = new ArrayList<>();

    void add(String value) {
        String secret = value.strip();
        if (secret.length() >= SHORTEST && !values.contains(secret)) {
            values.add(secret);
            values.sort(Comparator.comparingInt(String::length).reversed());
        }
    }

    /// A header's value, and what follows a scheme such as `Bearer`.
    void addHeaderValue(String value) {
        add(value);
        int blank = value.strip().indexOf(' ');
        if (blank > 0) {
            add(value.strip().substring(blank));
        }
    }

    /// The values in a URL's query whose names are those of secrets, as they stand there and decoded.
    void addUrl(String url) {
        var matcher = QUERY_VALUE.matcher(url);
        while (matcher.find()) {
            if (isSecretName(matcher.group(2))) {
                add(matcher.group(3));
                add(decoded(matcher.group(3)));
            }
        }
    }

    /// The URL without those values, however short they are, and without a user's name and password.
    static String redactUrl(String url) {
        String anonymous = USER_INFO.matcher(url).replaceFirst("$1" + INSTEAD + "@");
        return QUERY_VALUE.matcher(anonymous).replaceAll(match -> isSecretName(match.group(2)) ? "$1" + INSTEAD : "$0");
    }

    /// What looks like a provider's key, whatever it is called.
    void addKeys(String text) {
        KEY.matcher(text).results().forEach(key -> add(key.group()));
    }

    /// The text without what looks like a provider's key.
    static String redactKeys(String text) {
        return KEY.matcher(text).replaceAll(INSTEAD);
    }

    /// What [#redactJson] takes out.
    void addJson(String json) {
        redactJson(json, this::add);
    }

    /// A JSON text without the texts under names of secrets, and without what looks like a key. What is no JSON
    /// stays as it is.
    static String redactJson(String json) {
        return redactJson(json, _ -> {});
    }

    /// The labels without values of such names, and without what looks like a key.
    static Map<String, String> redactLabels(Map<String, String> labels) {
        var shown = new LinkedHashMap<String, String>();
        labels.forEach((name, value) -> shown.put(name, isSecretName(name) ? INSTEAD : redactKeys(value)));
        return shown;
    }

    /// Whether a header, a label, or a member of a query or of JSON of this name carries a secret.
    static boolean isSecretName(String header) {
        String dashed = header.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
        String name = INNOCENT.matcher(dashed).replaceAll("");
        Set<String> words = new HashSet<>(List.of(name.split("[^a-z0-9]+")));
        return name.contains("auth")
                || name.contains("key")
                || (name.contains("token") && Collections.disjoint(words, COUNTING_WORDS))
                || name.contains("secret")
                || name.contains("cookie")
                || name.contains("credential")
                || name.contains("passw")
                || !Collections.disjoint(words, SECRET_WORDS);
    }

    /// The text without any secret, as it is or percent-encoded, without half of one or more, and without the
    /// beginning of one where the text was shortened in the middle of it.
    String redact(String text) {
        String clean = text;
        for (String secret : values) {
            clean = without(clean, secret);
        }
        return clean;
    }

    private static String redactJson(String json, Consumer<String> found) {
        try {
            JsonNode node = JsonMapper.shared().readTree(json);
            JsonNode shown = shown(node, false, found);
            return shown.equals(node) ? json : shown.toString();
        } catch (JacksonException noJson) {
            return json;
        }
    }

    private static JsonNode shown(JsonNode node, boolean secret, Consumer<String> found) {
        return switch (node) {
            case ObjectNode object -> {
                ObjectNode copy = object.objectNode();
                object.forEachEntry((name, value) -> copy.set(name, shown(value, isSecretName(name), found)));
                yield copy;
            }
            case ArrayNode array -> {
                ArrayNode copy = array.arrayNode();
                array.forEach(value -> copy.add(shown(value, secret, found)));
                yield copy;
            }
            case StringNode text
            when secret && !text.asString().isEmpty() -> {
                found.accept(text.asString());
                yield StringNode.valueOf(INSTEAD);
            }
            case StringNode text -> {
                KEY.matcher(text.asString()).results().forEach(key -> found.accept(key.group()));
                yield StringNode.valueOf(redactKeys(text.asString()));
            }
            default -> node;
        };
    }

    private static String decoded(String value) {
        try {
            return URLDecoder.decode(value, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException notEncoded) {
            return value;
        }
    }

    private static String without(String text, String secret) {
        int end = text.length() - (text.endsWith(SHORTENED) ? SHORTENED.length() : 0);
        int enough = Math.min(secret.length(), Math.max(SHORTEST_PART, (secret.length() + 1) / 2));
        var clean = new StringBuilder();
        int copied = 0;
        int at = 0;
        while (at < end) {
            int same = 0;
            int behind = at;
            for (int next = at; next >= 0 && same < secret.length(); ) {
                next = behind(text, next, secret.codePointAt(same));
                if (next >= 0) {
                    same += Character.charCount(secret.codePointAt(same));
                    behind = next;
                }
            }
            if (same >= enough || (same >= SHORTEST_PREFIX && behind >= end)) {
                clean.append(text, copied, at).append(INSTEAD);
                copied = behind;
                at = behind;
            } else {
                at++;
            }
        }
        return copied == 0 ? text : clean.append(text, copied, text.length()).toString();
    }

    /// Where a text goes on behind a character that is to stand there, as it is or percent-encoded; -1 if it does
    /// not.
    private static int behind(String text, int at, int character) {
        if (at >= text.length()) {
            return -1;
        }
        if (text.codePointAt(at) == character) {
            return at + Character.charCount(character);
        }
        if (text.charAt(at) == '+' && character == ' ') {
            return at + 1;
        }
        if (text.charAt(at) != '%') {
            return -1;
        }
        int next = at;
        for (byte octet : Character.toString(character).getBytes(StandardCharsets.UTF_8)) {
            if (!text.regionMatches(true, next, "%" + HexFormat.of().toHexDigits(octet), 0, 3)) {
                return -1;
            }
            next += 3;
        }
        return next;
    }
}
