package dev.latencylens.simulated;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/// What the simulated provider needs of a chat request; the rest of the body is checked to be JSON
/// and passed over.
///
/// `maxTokens` is -1 where the request names no limit. `promptTokens` is the number of words,
/// separated by blanks, of all message contents, and at least 1. `samples` tells whether a temperature
/// or the like is set.
record ChatRequest(
        String model,
        boolean stream,
        boolean includeUsage,
        boolean obfuscate,
        int choices,
        int maxTokens,
        int promptTokens,
        boolean samples,
        Prompt prompt) {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int MOST_CHOICES = 128;

    /// Reads a body; a wrong one gives an [IllegalArgumentException] that says what is wrong.
    ///
    /// @param block of the prompt's cache, [PromptCache.Rule#block]
    static ChatRequest parse(Route route, int block, byte[] body, int offset, int length) {
        try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), body, offset, length)) {
            return parse(route, new Prompt(block), json);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("the request body is not valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static ChatRequest parse(Route route, Prompt prompt, JsonParser json) {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("the request body must be a JSON object");
        }
        Dialect dialect = route.dialect();
        String model = route.model();
        boolean stream = dialect == Dialect.OLLAMA;
        boolean samples = false;
        int choices = 1;
        int maxTokens = -1;
        StreamOptions options = StreamOptions.NONE;
        boolean marksAll = false;
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            json.nextToken();
            switch (name) {
                case "model" -> model = route.model().isEmpty() ? text(name, json) : skipped(json, model);
                case "stream" -> stream = flag(name, json);
                case "n" -> choices = number(name, json, 1, MOST_CHOICES);
                case "max_tokens", "max_completion_tokens", "max_output_tokens" ->
                    maxTokens = number(name, json, 0, Integer.MAX_VALUE);
                case "generationConfig", "inferenceConfig", "options" -> maxTokens = limit(json);
                case "temperature", "top_p", "top_k" -> {
                    samples |= json.currentToken() != JsonToken.VALUE_NULL;
                    json.skipChildren();
                }
                case "messages", "input", "contents", "system", "systemInstruction", "instructions" ->
                    read(json, prompt);
                case "cache_control" -> {
                    marksAll = json.currentToken() == JsonToken.START_OBJECT;
                    read(json, prompt);
                }
                case "stream_options" -> options = StreamOptions.read(json);
                default -> json.skipChildren();
            }
        }
        if (model.isEmpty()) {
            throw new IllegalArgumentException("you must provide a model parameter");
        }
        if (marksAll) {
            prompt.mark();
        }
        boolean manyChoices = dialect == Dialect.OPENAI_CHAT || dialect == Dialect.AZURE_OPENAI;
        return new ChatRequest(
                model,
                route.form() == Route.Form.AS_ASKED ? stream : route.form() != Route.Form.WHOLE,
                options.usage(),
                options.obfuscation(),
                manyChoices ? choices : 1,
                maxTokens,
                Math.max(1, prompt.words()),
                samples,
                prompt);
    }

    private record StreamOptions(boolean usage, boolean obfuscation) {
        static final StreamOptions NONE = new StreamOptions(false, true);

        static StreamOptions read(JsonParser json) {
            boolean usage = false;
            boolean obfuscation = true;
            if (json.currentToken() != JsonToken.START_OBJECT) {
                json.skipChildren();
                return NONE;
            }
            for (String name = json.nextName(); name != null; name = json.nextName()) {
                json.nextToken();
                switch (name) {
                    case "include_usage" -> usage = flag(name, json);
                    case "include_obfuscation" -> obfuscation = flag(name, json);
                    default -> json.skipChildren();
                }
            }
            return new StreamOptions(usage, obfuscation);
        }
    }

    private static String skipped(JsonParser json, String model) {
        json.skipChildren();
        return model;
    }

    /// The limit of the answer inside an object of settings, or -1.
    private static int limit(JsonParser json) {
        int limit = -1;
        if (json.currentToken() != JsonToken.START_OBJECT) {
            json.skipChildren();
            return limit;
        }
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            json.nextToken();
            switch (name) {
                case "maxOutputTokens", "maxTokens", "num_predict" -> limit = number(name, json, -2, Integer.MAX_VALUE);
                default -> json.skipChildren();
            }
        }
        return Math.max(-1, limit);
    }

    private static String text(String name, JsonParser json) {
        if (json.currentToken() != JsonToken.VALUE_STRING) {
            throw new IllegalArgumentException("'" + name + "' must be a string");
        }
        return json.getString();
    }

    private static boolean flag(String name, JsonParser json) {
        return switch (json.currentToken()) {
            case VALUE_TRUE -> true;
            case VALUE_FALSE, VALUE_NULL -> false;
            default -> throw new IllegalArgumentException("'" + name + "' must be true or false");
        };
    }

    private static int number(String name, JsonParser json, int least, int most) {
        if (json.currentToken() == JsonToken.VALUE_NULL) {
            return name.equals("n") ? 1 : -1;
        }
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw new IllegalArgumentException("'" + name + "' must be a whole number");
        }
        long value = json.getLongValue();
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    "'" + name + "' must be between " + least + " and " + most + ", was " + value);
        }
        return (int) value;
    }

    /// Takes every string under a `content` or `text` name, at any depth, and a bare string. The object that has a
    /// `cache_control`, or a `cachePoint`, is a breakpoint where it ends.
    private static void read(JsonParser json, Prompt prompt) {
        int depth = 0;
        boolean counted = json.currentToken() == JsonToken.VALUE_STRING;
        boolean lifetime = false;
        boolean point = false;
        int marked = -1;
        do {
            switch (json.currentToken()) {
                case START_ARRAY -> depth++;
                case START_OBJECT -> {
                    marked = point ? depth : marked;
                    point = false;
                    depth++;
                }
                case END_ARRAY -> depth--;
                case END_OBJECT -> {
                    if (depth == marked) {
                        prompt.mark();
                        marked = -1;
                    }
                    point = false;
                    depth--;
                }
                case PROPERTY_NAME -> {
                    String name = json.currentName();
                    point = name.equals("cache_control") || name.equals("cachePoint");
                    counted = name.equals("content") || name.equals("text");
                    lifetime = name.equals("ttl");
                }
                case VALUE_STRING -> {
                    if (counted) {
                        prompt.add(json);
                    } else if (lifetime && json.getString().equals("1h")) {
                        prompt.keepForAnHour();
                    }
                }
                default -> {}
            }
        } while (depth > 0 && json.nextToken() != null);
    }
}
