package dev.latencylens.simulated;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Decides how a request is answered. Used on the loop thread.
final class Routes {
    /// Settings of `X-Simulate` headers that are kept parsed; they repeat from request to request.
    private static final int MOST_REMEMBERED = 1_000;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final String NEWER_ANTHROPIC = "2026-10-21";
    private static final Set<String> ANTHROPIC_VERSIONS = Set.of("2023-06-01", NEWER_ANTHROPIC);

    private final Behaviour defaults;
    private final Engine engine;
    private final @Nullable String apiKey;
    private final @Nullable String bearer;
    private final List<String> models;
    private final Replays replays;
    private final long startedAtNs;
    private final long startedAtSeconds;
    private final Map<String, Behaviour> remembered = new HashMap<>();
    private final Map<String, ChatText> texts = new HashMap<>();
    private final PromptCache cache = new PromptCache();
    private byte[] lastBody = {};
    private @Nullable Route lastRoute;
    private int lastBlock;
    private @Nullable ChatRequest lastRequest;
    private long requests;

    Routes(
            Behaviour defaults,
            Engine engine,
            @Nullable String apiKey,
            List<String> models,
            Replays replays,
            long wallSeconds) {
        this.defaults = defaults;
        this.engine = engine;
        this.apiKey = apiKey;
        this.bearer = apiKey == null ? null : "Bearer " + apiKey;
        this.models = models;
        this.replays = replays;
        this.startedAtNs = TrueClock.nowNs();
        this.startedAtSeconds = wallSeconds;
    }

    /// A request whose behaviour is known.
    private record Asked(Request request, Truth truth, Behaviour behaviour, Fault fault, Dice dice, long number) {}

    Reply reply(Request request, Truth truth, boolean http2, byte[] body, int offset, int length) {
        long number = ++requests;
        truth.id = request.id == null ? "sim-" + number : request.id;
        Dialect dialect = Dialect.OPENAI_CHAT;
        try {
            String path = pathOnly(request.path);
            Route route = Route.of(path, queryOf(request.path), defaults.dialect);
            dialect = route == null ? Dialect.OPENAI_CHAT : route.dialect();
            Behaviour behaviour = behaviour(request.simulate);
            if (route != null && behaviour.dialect != defaults.dialect) {
                route = Route.of(path, queryOf(request.path), behaviour.dialect);
                dialect = route == null ? dialect : route.dialect();
            }
            Dice dice = new Dice(behaviour.seed, number);
            boolean struck = dice.nextDouble() < behaviour.faultRate;
            Fault fault = struck ? behaviour.fault : Fault.NONE;
            if (fault.needsHttp2() && !http2) {
                throw new IllegalArgumentException(
                        "fault: '" + fault.label() + "' needs HTTP/2, the request came by HTTP/1.1");
            }
            Asked asked = new Asked(request, truth, behaviour, fault, dice, number);
            return route(asked, path, route, body, offset, length);
        } catch (IllegalArgumentException e) {
            return badRequest(dialect, String.valueOf(e.getMessage()));
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

    private Reply route(Asked asked, String path, @Nullable Route route, byte[] body, int offset, int length) {
        Request request = asked.request;
        Behaviour behaviour = asked.behaviour;
        Fault fault = asked.fault;
        Dialect dialect = route == null ? Dialect.OPENAI_CHAT : route.dialect();
        asked.truth.dialect = route == null ? "none" : dialect.label();
        if (!isAllowed(request, dialect)) {
            return error(dialect, ErrorReply.ofFault(401));
        }
        if (path.equals("/v1/models") || path.equals("/models")) {
            return request.method.equals("GET") ? modelList() : wrongMethod(dialect, request);
        }
        ReplayFile replay = replays.find(behaviour);
        if (route == null && replay == null) {
            String message = "Unknown request URL: " + request.method + " " + path;
            return error(dialect, new ErrorReply(404, message, "invalid_request_error", "unknown_url"));
        }
        if (!request.method.equals("POST")) {
            return wrongMethod(dialect, request);
        }
        if (fault.status() != 0) {
            ErrorReply error = ErrorReply.ofFault(fault.status());
            return new Reply(defaults, fault, error.status(), error.answer(dialect), null, error.headers(dialect));
        }
        if (engine.refuses()) {
            return error(dialect, ErrorReply.ofFault(engine.refusal()));
        }
        if (replay != null) {
            long firstNs = behaviour.ttft.sampleNs(asked.dice, asked.number);
            Answer answer = new ReplayAnswer(replay, behaviour.replayPace, firstNs);
            return new Reply(behaviour, fault, 200, answer, null, Reply.NO_HEADERS);
        }
        return answer(asked, route == null ? Route.CHAT : route, body, offset, length);
    }

    private Reply answer(Asked asked, Route route, byte[] body, int offset, int length) {
        Dialect dialect = route.dialect();
        int block = asked.behaviour.cacheFactor < 0
                ? PromptCache.NO_BLOCKS
                : PromptCache.Rule.of(asked.behaviour, dialect).block();
        ChatRequest request = parse(route, block, body, offset, length);
        asked.truth.model = request.model();
        if (!models.isEmpty() && !models.contains(request.model())) {
            String message = "The model '" + request.model() + "' does not exist or you do not have access to it.";
            return error(dialect, new ErrorReply(404, message, "invalid_request_error", "model_not_found"));
        }
        if (dialect == Dialect.ANTHROPIC) {
            checkAnthropic(asked.request, request);
        }
        Answer answer = answer(asked, route, request);
        Dialect telling = asked.behaviour.providerHeaders ? dialect : null;
        return new Reply(asked.behaviour, asked.fault, 200, answer, telling, Reply.NO_HEADERS);
    }

    private static void checkAnthropic(Request request, ChatRequest message) {
        String version = request.anthropicVersion;
        if (version == null) {
            throw new IllegalArgumentException("anthropic-version: header is required");
        }
        if (!ANTHROPIC_VERSIONS.contains(version)) {
            throw new IllegalArgumentException("anthropic-version: \"" + version + "\" is not a valid version");
        }
        if (message.maxTokens() < 0) {
            throw new IllegalArgumentException("max_tokens: Field required");
        }
        if (message.samples() && version.equals(NEWER_ANTHROPIC)) {
            throw new IllegalArgumentException(
                    "temperature, top_p and top_k: not permitted from anthropic-version " + NEWER_ANTHROPIC + " on");
        }
    }

    private Answer answer(Asked asked, Route route, ChatRequest request) {
        Fault fault = asked.fault;
        Plan plan = plan(asked, route, request);
        Wire wire = Wire.of(plan, text(request.model()));
        if (fault == Fault.EMPTY) {
            return new FixedAnswer(
                    new byte[0], ChunkKind.BODY, request.stream() ? wire.streamType() : wire.wholeType());
        }
        if (request.stream()) {
            return new Script(plan, wire, asked.dice);
        }
        return switch (fault) {
            case ERROR_EVENT, ERROR_NAMED ->
                new ErrorReply(500, "The simulated model failed", "server_error", "server_error")
                        .answer(route.dialect());
            case GARBAGE_BODY -> FixedAnswer.json(ChatText.ascii("{\"id\":\"chatcmpl-broken\",\"cho"), ChunkKind.ERROR);
            default -> new WholeAnswer(plan, wire, asked.dice);
        };
    }

    private Plan plan(Asked asked, Route route, ChatRequest request) {
        Behaviour behaviour = asked.behaviour;
        AnswerShape shape = AnswerShape.of(behaviour, request);
        boolean caches = behaviour.cacheFactor >= 0;
        PromptCache.Found found = caches
                ? cache.look(request.prompt(), PromptCache.Rule.of(behaviour, route.dialect()))
                : new PromptCache.Found(behaviour.cachedTokens, 0);
        double share = Math.min(1, (double) found.read() / request.promptTokens());
        return new Plan(
                route,
                request,
                behaviour,
                shape,
                Plan.segments(behaviour, shape, request.stream()),
                asked.number,
                nowSeconds(),
                found.read(),
                found.written(),
                caches ? 1 - share * (1 - behaviour.cacheFactor) : 1,
                behaviour.done && asked.fault != Fault.NO_DONE,
                asked.truth);
    }

    /// Clients under load repeat themselves: a body equal to the previous one is not parsed again.
    private ChatRequest parse(Route route, int block, byte[] body, int offset, int length) {
        ChatRequest last = lastRequest;
        // Most routes are the one constant, and a record's own equals is made of classes when it is first asked.
        if (last != null
                && Objects.equals(route, lastRoute)
                && block == lastBlock
                && Arrays.equals(lastBody, 0, lastBody.length, body, offset, offset + length)) {
            return last;
        }
        ChatRequest parsed = ChatRequest.parse(route, block, body, offset, length);
        lastBody = Arrays.copyOfRange(body, offset, offset + length);
        lastRoute = route;
        lastBlock = block;
        lastRequest = parsed;
        return parsed;
    }

    private long nowSeconds() {
        return startedAtSeconds + (TrueClock.nowNs() - startedAtNs) / NANOS_PER_SECOND;
    }

    private ChatText text(String model) {
        long seconds = nowSeconds();
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

    /// Each dialect's ways to give the key. A signature of Amazon's is taken as it is.
    private boolean isAllowed(Request request, Dialect dialect) {
        if (apiKey == null || bearer == null) {
            return true;
        }
        String authorization = request.authorization;
        if (bearer.equals(authorization)) {
            return true;
        }
        return switch (dialect) {
            case ANTHROPIC, AZURE_OPENAI -> apiKey.equals(request.key);
            case GEMINI -> apiKey.equals(request.key) || apiKey.equals(Route.parameter(queryOf(request.path), "key"));
            case BEDROCK_CONVERSE, BEDROCK_INVOKE ->
                authorization != null && authorization.startsWith("AWS4-HMAC-SHA256 ");
            default -> false;
        };
    }

    private Reply modelList() {
        StringBuilder list = new StringBuilder("{\"object\":\"list\",\"data\":[");
        String separator = "";
        for (String model : models.isEmpty() ? List.of("simulated") : models) {
            list.append(separator)
                    .append("{\"id\":\"")
                    .append(Json.quoted(model))
                    .append("\",\"object\":\"model\",\"created\":0,\"owned_by\":\"simulated\"}");
            separator = ",";
        }
        Answer body = FixedAnswer.json(ChatText.utf8(list.append("]}").toString()), ChunkKind.BODY);
        return new Reply(defaults, Fault.NONE, 200, body, null, Reply.NO_HEADERS);
    }

    private Reply wrongMethod(Dialect dialect, Request request) {
        String message = "Not allowed to " + request.method + " on " + pathOnly(request.path);
        return error(dialect, new ErrorReply(405, message, "invalid_request_error", "method_not_supported"));
    }

    private Reply badRequest(Dialect dialect, String message) {
        return error(dialect, new ErrorReply(400, message, "invalid_request_error", "invalid_request"));
    }

    private Reply error(Dialect dialect, ErrorReply error) {
        return new Reply(defaults, Fault.NONE, error.status(), error.answer(dialect), null, error.headers(dialect));
    }

    private static String pathOnly(String target) {
        int query = target.indexOf('?');
        String path = query < 0 ? target : target.substring(0, query);
        int scheme = path.indexOf("://");
        int slash = scheme < 0 ? 0 : path.indexOf('/', scheme + 3);
        return slash <= 0 ? path : path.substring(slash);
    }

    private static String queryOf(String target) {
        int query = target.indexOf('?');
        return query < 0 ? "" : target.substring(query + 1);
    }
}
