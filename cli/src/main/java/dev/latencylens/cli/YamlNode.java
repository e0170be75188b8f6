package dev.latencylens.cli;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLParser;

/// YAML with the place of everything, and every value in the letters that it was written in: `1.10` stays `1.10`.
sealed interface YamlNode {
    int line();

    int column();

    record Scalar(String text, boolean isNull, int line, int column) implements YamlNode {}

    record Items(List<YamlNode> items, int line, int column) implements YamlNode {}

    record Members(List<Member> members, int line, int column) implements YamlNode {}

    /// @param line of its name, as `column`
    record Member(String name, YamlNode value, int line, int column) {}

    /// @throws CommandFailure with line and column, where it is no YAML, or uses more of it than plans do
    static YamlNode parse(String file, String text) {
        try (YAMLParser parser = (YAMLParser) new YAMLFactory().createParser(ObjectReadContext.empty(), text)) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw PlanFile.at(file, 1, 1, "the plan is empty; docs/plans.md shows its form");
            }
            YamlNode root = new Reading(file, parser).node(first);
            if (parser.nextToken() != null) {
                TokenStreamLocation at = parser.currentTokenLocation();
                throw PlanFile.at(
                        file, at.getLineNr(), at.getColumnNr(), "a plan is one document; end it before '---'");
            }
            return root;
        } catch (JacksonException e) {
            TokenStreamLocation at = e.getLocation();
            String what =
                    String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
            throw PlanFile.at(
                    file,
                    at == null ? 1 : at.getLineNr(),
                    at == null ? 1 : at.getColumnNr(),
                    "this is no YAML: " + what);
        }
    }

    record Reading(String file, YAMLParser parser) {
        YamlNode node(JsonToken token) {
            TokenStreamLocation at = parser.currentTokenLocation();
            int line = at.getLineNr();
            int column = at.getColumnNr();
            if (parser.isCurrentAlias()) {
                throw PlanFile.at(
                        file,
                        line,
                        column,
                        "aliases (*) are not for plans; keys outside of" + " 'scenarios' are shared by all of them");
            }
            return switch (token) {
                case START_OBJECT -> members(line, column);
                case START_ARRAY -> {
                    var items = new ArrayList<YamlNode>();
                    for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
                        items.add(node(next));
                    }
                    yield new Items(items, line, column);
                }
                default -> new Scalar(parser.getString(), token == JsonToken.VALUE_NULL, line, column);
            };
        }

        private Members members(int line, int column) {
            var members = new ArrayList<Member>();
            var names = new HashSet<String>();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                TokenStreamLocation at = parser.currentTokenLocation();
                String name = parser.getString();
                if (!names.add(name)) {
                    throw PlanFile.at(file, at.getLineNr(), at.getColumnNr(), "'" + name + "' is given twice");
                }
                members.add(new Member(name, node(parser.nextToken()), at.getLineNr(), at.getColumnNr()));
            }
            return new Members(members, line, column);
        }
    }
}
