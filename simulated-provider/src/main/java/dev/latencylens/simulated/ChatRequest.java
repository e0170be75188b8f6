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
/// separated by blanks, of all message contents, and at least 1.
record ChatRequest(
        String model,
        boolean stream,
        boolean includeUsage,
        boolean obfuscate,
        int choices,
        int maxTokens,
        int promptTokens) {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int MOST_CHOICES = 128;

    /// Reads a body; a wrong one gives an [IllegalArgumentException] that says what is wrong.
    static ChatRequest parse(byte[] body, int offset, int length) {
        try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), body, offset, length)) {
            return parse(json);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("the request body is not valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static ChatRequest parse(JsonParser json) {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("the request body must be a JSON object");
        }
        String model = "";
        boolean stream = false;
        boolean includeUsage = false;
        boolean obfuscate = true;
        int choices = 1;
        int maxTokens = -1;
        int words = 0;
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            JsonToken value = json.nextToken();
            switch (name) {
                case "model" -> model = text(name, json);
                case "stream" -> stream = flag(name, json);
                case "n" -> choices = number(name, json, 1, MOST_CHOICES);
                case "max_tokens", "max_completion_tokens" -> maxTokens = number(name, json, 0, Integer.MAX_VALUE);
                case "messages" -> words = wordsOfMessages(json);
                case "stream_options" -> {
                    if (value == JsonToken.START_OBJECT) {
                        for (String option = json.nextName(); option != null; option = json.nextName()) {
                            json.nextToken();
                            if (option.equals("include_usage")) {
                                includeUsage = flag(option, json);
                            } else if (option.equals("include_obfuscation")) {
                                obfuscate = flag(option, json);
                            } else {
                                json.skipChildren();
                            }
                        }
                    }
                }
                default -> json.skipChildren();
            }
        }
        if (model.isEmpty()) {
            throw new IllegalArgumentException("you must provide a model parameter");
        }
        return new ChatRequest(model, stream, includeUsage, obfuscate, choices, maxTokens, Math.max(1, words));
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

    /// Counts the words of every string under a `content` or `text` name, at any depth.
    private static int wordsOfMessages(JsonParser json) {
        int depth = 0;
        int words = 0;
        boolean counted = false;
        do {
            switch (json.currentToken()) {
                case START_ARRAY, START_OBJECT -> depth++;
                case END_ARRAY, END_OBJECT -> depth--;
                case PROPERTY_NAME -> {
                    String name = json.currentName();
                    counted = name.equals("content") || name.equals("text");
                }
                case VALUE_STRING -> {
                    if (counted) {
                        words += words(json);
                    }
                }
                default -> {}
            }
        } while (depth > 0 && json.nextToken() != null);
        return words;
    }

    private static int words(JsonParser json) {
        char[] text = json.getStringCharacters();
        int end = json.getStringOffset() + json.getStringLength();
        int words = 0;
        boolean inWord = false;
        for (int i = json.getStringOffset(); i < end; i++) {
            boolean blank = Character.isWhitespace(text[i]);
            if (!blank && !inWord) {
                words++;
            }
            inWord = !blank;
        }
        return words;
    }
}
