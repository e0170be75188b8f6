package dev.latencylens.audit;

/// Things that were counted in two places and must come to the same.
///
/// @param what was counted, for example `bytes of answers`
/// @param where they were counted, for example `logged by the I/O threads`
public record Tally(String what, long count, String where, long otherCount, String elsewhere) {
    boolean agrees() {
        return count == otherCount;
    }
}
