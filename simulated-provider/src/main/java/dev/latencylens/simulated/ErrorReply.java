package dev.latencylens.simulated;

import java.util.Arrays;

/// Errors in place of an answer: the body and the headers that each dialect's provider sends.
///
/// @param type OpenAI's type of the error
/// @param code OpenAI's code of it
record ErrorReply(int status, String message, String type, String code) {
    private static final String[] RETRY_LATER = {"retry-after", "1", "retry-after-ms", "1000"};
    private static final String[] RETRY_AFTER = {"retry-after", "1"};
    private static final String AMAZON = ":http://internal.amazon.com/coral/com.amazon.bedrock/";

    /// The simulated fault with this status.
    static ErrorReply ofFault(int status) {
        return switch (status) {
            case 400 -> new ErrorReply(400, "Simulated bad request", "invalid_request_error", "invalid_request");
            case 401 -> new ErrorReply(401, "Incorrect API key provided", "invalid_request_error", "invalid_api_key");
            case 404 -> new ErrorReply(404, "The model does not exist", "invalid_request_error", "model_not_found");
            case 429 -> new ErrorReply(429, "Rate limit reached, try again in 1s", "requests", "rate_limit_exceeded");
            case 503 ->
                new ErrorReply(503, "The engine is currently overloaded", "server_error", "service_unavailable");
            case 529 -> new ErrorReply(529, "Overloaded", "overloaded_error", "overloaded");
            default -> new ErrorReply(status, "The server had an error", "server_error", "internal_error");
        };
    }

    FixedAnswer answer(Dialect dialect) {
        return FixedAnswer.json(body(dialect), ChunkKind.ERROR);
    }

    byte[] body(Dialect dialect) {
        String said = Json.quoted(message);
        return switch (dialect) {
            case OPENAI_CHAT, OPENAI_RESPONSES, META_LLAMA -> ChatText.error(message, type, code);
            case ANTHROPIC ->
                ChatText.utf8("{\"type\":\"error\",\"error\":{\"type\":\"" + anthropicType() + "\",\"message\":\""
                        + said + "\"},\"request_id\":\"req_simulated\"}");
            case GEMINI -> ChatText.utf8(gemini(said));
            case BEDROCK_CONVERSE, BEDROCK_INVOKE -> ChatText.utf8("{\"message\":\"" + said + "\"}");
            case AZURE_OPENAI ->
                ChatText.utf8("{\"error\":{\"code\":\"" + azureCode() + "\",\"message\":\"" + said + "\"}}");
            case COHERE -> ChatText.utf8("{\"id\":\"simulated\",\"message\":\"" + said + "\"}");
            case MISTRAL -> ChatText.utf8("{\"message\":\"" + said + "\",\"request_id\":\"simulated\"}");
            case OLLAMA -> ChatText.utf8("{\"error\":\"" + said + "\"}");
        };
    }

    private String anthropicType() {
        return switch (status) {
            case 401 -> "authentication_error";
            case 403 -> "permission_error";
            case 404 -> "not_found_error";
            case 429 -> "rate_limit_error";
            case 500, 503 -> "api_error";
            case 529 -> "overloaded_error";
            default -> "invalid_request_error";
        };
    }

    /// Gemini says in the body when to come again.
    private String gemini(String said) {
        String name = switch (status) {
            case 401 -> "UNAUTHENTICATED";
            case 404 -> "NOT_FOUND";
            case 429 -> "RESOURCE_EXHAUSTED";
            case 500 -> "INTERNAL";
            case 503, 529 -> "UNAVAILABLE";
            default -> "INVALID_ARGUMENT";
        };
        String details = status != 429 ? "" : """
                ,
                    "details": [
                      {
                        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                        "violations": []
                      },
                      {
                        "@type": "type.googleapis.com/google.rpc.RetryInfo",
                        "retryDelay": "1s"
                      }
                    ]""";
        return "{\n  \"error\": {\n    \"code\": " + status + ",\n    \"message\": \"" + said
                + "\",\n    \"status\": \"" + name + "\"" + details + "\n  }\n}\n";
    }

    private String azureCode() {
        return status == 404 ? "DeploymentNotFound" : status == 400 ? "BadRequest" : Integer.toString(status);
    }

    private String amazonType() {
        return switch (status) {
            case 401, 403 -> "AccessDeniedException";
            case 404 -> "ResourceNotFoundException";
            case 429 -> "ThrottlingException";
            case 500 -> "InternalServerException";
            case 503, 529 -> "ServiceUnavailableException";
            default -> "ValidationException";
        };
    }

    /// The headers of the error: when to come again, and what kind of error it is.
    String[] headers(Dialect dialect) {
        boolean later = status == 429 || status == 503 || status == 529;
        String[] retry = switch (dialect) {
            case OPENAI_CHAT, OPENAI_RESPONSES, AZURE_OPENAI -> later ? RETRY_LATER : Reply.NO_HEADERS;
            case ANTHROPIC, MISTRAL, META_LLAMA -> later ? RETRY_AFTER : Reply.NO_HEADERS;
            case BEDROCK_CONVERSE, BEDROCK_INVOKE -> new String[] {"x-amzn-errortype", amazonType() + AMAZON};
            case GEMINI, COHERE, OLLAMA -> Reply.NO_HEADERS;
        };
        return status == 429 ? joined(retry, ProviderHeaders.limits(dialect, 0)) : retry;
    }

    private static String[] joined(String[] first, String... second) {
        String[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
