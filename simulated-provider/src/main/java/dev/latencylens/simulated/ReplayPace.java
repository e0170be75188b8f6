package dev.latencylens.simulated;

/// How the bytes of a replayed file leave: `whole`, `event:20ms` (an event or line at a time) or
/// `bytes:7:1ms` (so many bytes at a time).
record ReplayPace(Unit unit, int bytes, long gapNs) {
    static final ReplayPace WHOLE = new ReplayPace(Unit.WHOLE, 0, 0);

    enum Unit {
        WHOLE,
        EVENT,
        BYTES
    }

    static ReplayPace parse(String key, String text) {
        String[] parts = text.split(":", -1);
        if (text.equals("whole")) {
            return WHOLE;
        }
        if (parts.length == 2 && parts[0].equals("event")) {
            return new ReplayPace(Unit.EVENT, 0, Durations.parseNs(key, parts[1]));
        }
        if (parts.length == 3 && parts[0].equals("bytes") && parts[1].matches("[1-9][0-9]{0,8}")) {
            return new ReplayPace(Unit.BYTES, Integer.parseInt(parts[1]), Durations.parseNs(key, parts[2]));
        }
        throw new IllegalArgumentException(key + ": expected whole, event:20ms or bytes:7:1ms, was '" + text + "'");
    }
}
