package dev.latencylens.cli;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.OptionSpec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The JSON Schema of plans, made from the flags of `lens run`; published as docs/schema/plan.schema.json.
final class PlanSchema {
    private static final String REFERENCE = "\\$\\{(env|file):[^}]+\\}";

    private final JsonMapper mapper = JsonMapper.shared();

    private PlanSchema() {}

    static String of(PlanKeys keys) {
        return new PlanSchema().schema(keys).toPrettyString() + "\n";
    }

    private ObjectNode schema(PlanKeys keys) {
        ObjectNode schema = mapper.createObjectNode();
        schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.put("$id", "https://latencylens.dev/schema/plan.schema.json");
        schema.put("title", "A plan for lens run");
        schema.put(
                "description",
                "Keys are the long flags of lens run. Those outside of 'scenarios' are shared by all runs; ${env:NAME}"
                        + " and ${file:PATH} stand for what must not be written down.");
        schema.putObject("$defs").set("reference", text(REFERENCE));
        schema.put("type", "object");
        schema.put("additionalProperties", false);
        ObjectNode properties = schema.putObject("properties");
        keys.all().forEach((key, flag) -> properties.set(key, property(key, flag)));
        ObjectNode runs = properties.putObject(PlanFile.SCENARIOS);
        runs.put("type", "array");
        runs.put("minItems", 1);
        runs.put("description", "runs to make one after the other, each with keys of its own over the shared ones");
        ObjectNode run = runs.putObject("items");
        run.put("type", "object");
        run.put("additionalProperties", false);
        ObjectNode own = run.putObject("properties");
        ObjectNode name = text("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$");
        name.put("description", "names the run and its folder");
        own.set(PlanFile.NAME, name);
        for (String key : keys.all().keySet()) {
            if (!key.equals("output-dir")) {
                own.putObject(key).put("$ref", "#/properties/" + key);
            }
        }
        return schema;
    }

    private ObjectNode property(String key, OptionSpec flag) {
        ObjectNode property = mapper.createObjectNode();
        property.put("description", description(flag));
        ArrayNode forms = property.putArray("anyOf");
        if (key.equals("api-key")) {
            // Plans are kept and shared.
            forms.addObject().put("$ref", "#/$defs/reference");
            return property;
        }
        value(flag).forEach(forms::add);
        if (!flag.isMultiValue()) {
            forms.addObject().put("$ref", "#/$defs/reference");
        }
        return property;
    }

    private List<ObjectNode> value(OptionSpec flag) {
        var forms = new ArrayList<ObjectNode>();
        Class<?> type = flag.type();
        if (flag.typeInfo().isBoolean()) {
            forms.add(ofType("boolean"));
        } else if (flag.isMultiValue()) {
            ObjectNode list = ofType("array");
            list.set("items", scalar());
            forms.add(list);
            forms.add(scalar());
            if (flag.splitRegex().isEmpty()) {
                ObjectNode members = ofType("object");
                members.set("additionalProperties", scalar());
                forms.add(members);
            }
        } else if (type.isEnum() && flag.converters().length == 0) {
            ObjectNode names = mapper.createObjectNode();
            ArrayNode values = names.putArray("enum");
            Arrays.stream(type.getEnumConstants())
                    .forEach(constant -> values.add(constant.toString().toLowerCase(Locale.ROOT)));
            forms.add(names);
        } else if (isNumber(type)) {
            forms.add(ofType(type == Double.class || type == BigDecimal.class ? "number" : "integer"));
        } else {
            forms.add(scalar());
        }
        return forms;
    }

    private static boolean isNumber(Class<?> type) {
        return List.<Class<?>>of(Integer.class, Long.class, Double.class, BigDecimal.class)
                .contains(type);
    }

    /// What may be written without quotation marks, whatever YAML takes it for.
    private ObjectNode scalar() {
        ObjectNode scalar = mapper.createObjectNode();
        scalar.putArray("type").add("string").add("number").add("boolean");
        return scalar;
    }

    private ObjectNode ofType(String type) {
        return mapper.createObjectNode().put("type", type);
    }

    private ObjectNode text(String pattern) {
        return ofType("string").put("pattern", pattern);
    }

    private static String description(OptionSpec flag) {
        String text = String.join(" ", flag.description());
        Iterable<String> candidates = flag.completionCandidates();
        if (candidates == null) {
            return text;
        }
        return text.replace("${COMPLETION-CANDIDATES}", String.join(", ", candidates));
    }
}
