package dev.latencylens.simulated;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.io.JsonStringEncoder;

/// Decides how a request is answered. Used on the loop thread.
final class Routes {
    /// Settings of `X-Simulate` headers that are kept parsed; they repeat from request to request.
    private static final int MOST_REMEMBERED = 1_000;
    private static final String[] RETRY_LATER = {"retry-after", "1", "retry-after-ms", "1000"};
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final Behaviour defaults;
    private final @Nullable String authorization;
    private final List<String> models;
    private final Replays replays;
    private final long startedAtNs;
    private final long startedAtSeconds;
    private final Map<String, Behaviour> remembered = new HashMap<>();
    private final Map<String, ChatText> texts = new HashMap<>();
    private byte[] lastBody = {};
    private @Nullable ChatRequest lastRequest;
    private long requests;

    Routes(Behaviour defaults, @Nullable String apiKey, List<String> models, Replays replays, long wallSeconds) {
        this.defaults = defaults;
        this.authorization = apiKey == null ? null : "Bearer " + apiKey;
        this.models = models;
        this.replays = replays;
        this.startedAtNs = TrueClock.nowNs();
        this.startedAtSeconds = wallSeconds;
    }

    Reply reply(Request request, Truth truth, boolean http2, byte[] body, int offset, int length) {
        long number = ++requests;
        truth.id = request.id == null ? "sim-" + number : request.id;
        try {
            Behaviour behaviour = behaviour(request.simulate);
            Dice dice = new Dice(behaviour.seed, number);
            boolean struck = dice.nextDouble() < behaviour.faultRate;
            Fault fault = struck ? behaviour.fault : Fault.NONE;
            if (fault.needsHttp2() && !http2) {
                throw new IllegalArgumentException(
                        "fault: '" + fault.label() + "' needs HTTP/2, the request came by HTTP/1.1");
            }
            return route(request, truth, behaviour, fault, dice, number, body, offset, length);
        } catch (IllegalArgumentException e) {
            return error(400, String.valueOf(e.getMessage()), "invalid_request_error", "invalid_request");
        }
    }

    private Behaviour behaviour(@Nullable String settings) {
        if (settings == null) {
            return defaults;
        }
        Behaviour known = remembered.get(settings);
        if (known == null) {
            known = defaults.with(settings);
            if (remembered.size() < MOST_REMEMBERED) {
                remembered.put(settings, known);
            }
        }
        return known;
    }

    private Reply route(
            Request request,
            Truth truth,
            Behaviour behaviour,
            Fault fault,
            Dice dice,
            long number,
            byte[] body,
            int offset,
            int length) {
        if (authorization != null && !authorization.equals(request.authorization)) {
            return error(401, "Incorrect API key provided", "invalid_request_error", "invalid_api_key");
        }
        String path = pathOnly(request.path);
        if (path.equals("/v1/models") || path.equals("/models")) {
            return request.method.equals("GET") ? modelList() : wrongMethod(request);
        }
        ReplayFile replay = replays.find(behaviour);
        boolean chat = path.equals("/v1/chat/completions") || path.equals("/chat/completions");
        if (!chat && replay == null) {
            return error(
                    404, "Unknown request URL: " + request.method + " " + path, "invalid_request_error", "unknown_url");
        }
        if (!request.method.equals("POST")) {
            return wrongMethod(request);
        }
        if (fault.status() != 0) {
            return faultReply(fault);
        }
        if (replay != null) {
            long firstNs = behaviour.ttft.sampleNs(dice, number);
            return new Reply(
                    behaviour, fault, 200, new ReplayAnswer(replay, behaviour.replayPace, firstNs), Reply.NO_HEADERS);
        }
        ChatRequest chatRequest = parse(body, offset, length);
        truth.model = chatRequest.model();
        if (!models.isEmpty() && !models.contains(chatRequest.model())) {
            return error(
                    404,
                    "The model '" + chatRequest.model() + "' does not exist or you do not have access to it.",
                    "invalid_request_error",
                    "model_not_found");
        }
        return new Reply(behaviour, fault, 200, answer(chatRequest, behaviour, fault, dice, number), Reply.NO_HEADERS);
    }

    private Answer answer(ChatRequest request, Behaviour behaviour, Fault fault, Dice dice, long number) {
        ChatText text = text(request.model());
        if (fault == Fault.EMPTY) {
            return new FixedAnswer(
                    new byte[0],
                    ChunkKind.BODY,
                    request.stream() ? "text/event-stream; charset=utf-8" : "application/json");
        }
        if (request.stream()) {
            return new ChatStream(text, number, behaviour, request, dice, behaviour.done && fault != Fault.NO_DONE);
        }
        return switch (fault) {
            case ERROR_EVENT, ERROR_NAMED ->
                FixedAnswer.json(
                        ChatText.error("The simulated model failed", "server_error", "server_error"), ChunkKind.ERROR);
            case GARBAGE_BODY -> FixedAnswer.json(ChatText.ascii("{\"id\":\"chatcmpl-broken\",\"cho"), ChunkKind.ERROR);
            default -> new WholeAnswer(text, number, behaviour, request, dice);
        };
    }

    /// Clients under load repeat themselves: a body equal to the previous one is not parsed again.
    private ChatRequest parse(byte[] body, int offset, int length) {
        ChatRequest last = lastRequest;
        if (last != null && Arrays.equals(lastBody, 0, lastBody.length, body, offset, offset + length)) {
            return last;
        }
        ChatRequest parsed = ChatRequest.parse(body, offset, length);
        lastBody = Arrays.copyOfRange(body, offset, offset + length);
        lastRequest = parsed;
        return parsed;
    }

    private ChatText text(String model) {
        long seconds = startedAtSeconds + (TrueClock.nowNs() - startedAtNs) / NANOS_PER_SECOND;
        ChatText known = texts.get(model);
        if (known == null || !known.isFor(model, seconds)) {
            known = new ChatText(model, seconds);
            if (texts.size() >= MOST_REMEMBERED) {
                texts.clear();
            }
            texts.put(model, known);
        }
        return known;
    }

    private Reply faultReply(Fault fault) {
        int status = fault.status();
        String[] headers = status == 429 || status == 503 || status == 529 ? RETRY_LATER : Reply.NO_HEADERS;
        Answer body = FixedAnswer.json(faultBody(status), ChunkKind.ERROR);
        return new Reply(defaults, fault, status, body, headers);
    }

    private static byte[] faultBody(int status) {
        return switch (status) {
            case 400 -> ChatText.error("Simulated bad request", "invalid_request_error", "invalid_request");
            case 401 -> ChatText.error("Incorrect API key provided", "invalid_request_error", "invalid_api_key");
            case 404 -> ChatText.error("The model does not exist", "invalid_request_error", "model_not_found");
            case 429 -> ChatText.error("Rate limit reached, try again in 1s", "requests", "rate_limit_exceeded");
            case 503 -> ChatText.error("The engine is currently overloaded", "server_error", "service_unavailable");
            case 529 -> ChatText.error("Overloaded", "overloaded_error", "overloaded");
            default -> ChatText.error("The server had an error", "server_error", "internal_error");
        };
    }

    private Reply modelList() {
        StringBuilder list = new StringBuilder("{\"object\":\"list\",\"data\":[");
        String separator = "";
        for (String model : models.isEmpty() ? List.of("simulated") : models) {
            list.append(separator)
                    .append("{\"id\":\"")
                    .append(JsonStringEncoder.getInstance().quoteAsCharArray(model))
                    .append("\",\"object\":\"model\",\"created\":0,\"owned_by\":\"simulated\"}");
            separator = ",";
        }
        Answer body = FixedAnswer.json(ChatText.utf8(list.append("]}").toString()), ChunkKind.BODY);
        return new Reply(defaults, Fault.NONE, 200, body, Reply.NO_HEADERS);
    }

    private Reply wrongMethod(Request request) {
        return error(
                405,
                "Not allowed to " + request.method + " on " + pathOnly(request.path),
                "invalid_request_error",
                "method_not_supported");
    }

    Reply error(int status, String message, String type, String code) {
        Answer body = FixedAnswer.json(ChatText.error(message, type, code), ChunkKind.ERROR);
        return new Reply(defaults, Fault.NONE, status, body, Reply.NO_HEADERS);
    }

    private static String pathOnly(String target) {
        int query = target.indexOf('?');
        String path = query < 0 ? target : target.substring(0, query);
        int scheme = path.indexOf("://");
        int slash = scheme < 0 ? 0 : path.indexOf('/', scheme + 3);
        return slash <= 0 ? path : path.substring(slash);
    }
}
