package dev.latencylens.simulated;

import com.fasterxml.jackson.annotation.JsonProperty;

/// What one event of a response carries, as the record of truth names it.
public enum ChunkKind {
    /// A delta that names the role and holds no output.
    @JsonProperty("role")
    ROLE,
    /// Visible text.
    @JsonProperty("text")
    TEXT,
    /// Reasoning that the model shows.
    @JsonProperty("reasoning")
    REASONING,
    /// A fragment of a tool call; the first one, which carries the name, holds 0 tokens.
    @JsonProperty("tool")
    TOOL,
    /// Opens or closes a part of the answer, and holds no output.
    @JsonProperty("structure")
    STRUCTURE,
    /// A chunk with an empty delta, as a keep-alive.
    @JsonProperty("empty")
    EMPTY,
    /// A comment line of the event stream.
    @JsonProperty("comment")
    COMMENT,
    /// The chunk with the finish reason.
    @JsonProperty("finish")
    FINISH,
    /// The chunk with the token counts.
    @JsonProperty("usage")
    USAGE,
    /// The terminator `[DONE]`.
    @JsonProperty("done")
    DONE,
    /// An event or body that tells of an error, or that is no JSON.
    @JsonProperty("error")
    ERROR,
    /// Bytes that are sent as they are: a piece of a replayed file, or a fixed body.
    @JsonProperty("body")
    BODY
}
