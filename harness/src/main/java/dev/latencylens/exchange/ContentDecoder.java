package dev.latencylens.exchange;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/// Undoes a response's `content-encoding` ahead of the dialect's decoder: gzip (RFC 1952) and deflate (RFC 1950,
/// and the bare RFC 1951 that some servers send under that name).
///
/// What a piece of the encoded body yields is decoded during the same call, so a chunk keeps the stamp of the read
/// that completed it.
final class ContentDecoder implements StreamDecoder {
    private enum State {
        /// The ten bytes that every gzip member begins with.
        GZIP_FIXED,
        GZIP_EXTRA_LENGTH,
        GZIP_EXTRA,
        GZIP_NAME,
        GZIP_COMMENT,
        GZIP_HEADER_CRC,
        /// Whether deflate is wrapped shows in its first two bytes.
        DEFLATE_FIRST,
        INFLATE,
        GZIP_TRAILER,
        /// Whatever follows the end is not ours.
        OVER,
        FAILED
    }

    private static final int GZIP_HEADER_BYTES = 10;
    private static final int GZIP_TRAILER_BYTES = 8;
    private static final int HEADER_CRC = 0x02;
    private static final int EXTRA = 0x04;
    private static final int NAME = 0x08;
    private static final int COMMENT = 0x10;

    private final StreamDecoder inner;
    private final boolean gzip;
    private final byte[] plain = new byte[8192];
    private final CRC32 crc = new CRC32();
    private @Nullable Inflater inflater;
    private State state;
    /// Bytes of a field of known length that is being collected, and how many there are.
    private final byte[] field = new byte[GZIP_HEADER_BYTES];

    private int fieldBytes;
    private int extraLeft;
    private int flags;
    private @Nullable String malformed;

    private ContentDecoder(StreamDecoder inner, boolean gzip) {
        this.inner = inner;
        this.gzip = gzip;
        state = gzip ? State.GZIP_FIXED : State.DEFLATE_FIRST;
    }

    /// The decoder for a response's body as it comes: the dialect's own where nothing is encoded.
    static StreamDecoder of(ResponseHead head, StreamDecoder inner) {
        String encoding =
                head.header("content-encoding").orElse("identity").strip().toLowerCase(Locale.ROOT);
        return switch (encoding) {
            case "", "identity" -> inner;
            case "gzip", "x-gzip" -> new ContentDecoder(inner, true);
            case "deflate" -> new ContentDecoder(inner, false);
            default -> new Unreadable("expected content-encoding gzip, deflate or none, saw '" + encoding + "'");
        };
    }

    @Override
    public void decode(byte[] bytes, int offset, int length, ChunkSink sink) {
        int end = offset + length;
        int at = offset;
        while (at < end && state != State.OVER && state != State.FAILED) {
            at += state == State.INFLATE ? inflate(bytes, at, end - at, sink) : one(bytes[at], sink);
        }
    }

    @Override
    public void end(ChunkSink sink) {
        if (inflater != null) {
            inflater.end();
        }
        inner.end(sink);
    }

    @Override
    public Completion completion() {
        Completion plainly = inner.completion();
        return malformed == null ? plainly : plainly.but(malformed);
    }

    /// Takes one byte outside of the compressed data.
    private int one(byte taken, ChunkSink sink) {
        switch (state) {
            case GZIP_FIXED -> {
                if (isCollected(taken, GZIP_HEADER_BYTES)) {
                    gzipHeader();
                }
            }
            case GZIP_EXTRA_LENGTH -> {
                if (isCollected(taken, 2)) {
                    extraLeft = (field[0] & 0xFF) | ((field[1] & 0xFF) << 8);
                    if (extraLeft == 0) {
                        next();
                    } else {
                        state = State.GZIP_EXTRA;
                    }
                }
            }
            case GZIP_EXTRA -> {
                if (--extraLeft == 0) {
                    next();
                }
            }
            case GZIP_NAME -> {
                if (taken == 0) {
                    next();
                }
            }
            case GZIP_COMMENT -> {
                if (taken == 0) {
                    next();
                }
            }
            case GZIP_HEADER_CRC -> {
                if (isCollected(taken, 2)) {
                    next();
                }
            }
            case DEFLATE_FIRST -> {
                if (isCollected(taken, 2)) {
                    boolean wrapped =
                            (field[0] & 0x0F) == 8 && (((field[0] & 0xFF) << 8) | (field[1] & 0xFF)) % 31 == 0;
                    inflater = new Inflater(!wrapped);
                    state = State.INFLATE;
                    inflate(field.clone(), 0, 2, sink);
                }
            }
            case GZIP_TRAILER -> {
                if (isCollected(taken, GZIP_TRAILER_BYTES)) {
                    gzipTrailer();
                }
            }
            case INFLATE, OVER, FAILED -> throw new IllegalStateException("no single byte is due in " + state);
        }
        return 1;
    }

    private boolean isCollected(byte taken, int wanted) {
        field[fieldBytes++] = taken;
        if (fieldBytes < wanted) {
            return false;
        }
        fieldBytes = 0;
        return true;
    }

    private void gzipHeader() {
        if ((field[0] & 0xFF) != 0x1F || (field[1] & 0xFF) != 0x8B || field[2] != 8) {
            fail("expected a gzip header, saw bytes %02x %02x %02x".formatted(field[0], field[1], field[2]));
            return;
        }
        flags = field[3];
        crc.reset();
        next();
    }

    /// Goes on to the next optional field of a gzip header, in the order in which they come, or to the data.
    private void next() {
        if (takes(EXTRA)) {
            state = State.GZIP_EXTRA_LENGTH;
        } else if (takes(NAME)) {
            state = State.GZIP_NAME;
        } else if (takes(COMMENT)) {
            state = State.GZIP_COMMENT;
        } else if (takes(HEADER_CRC)) {
            state = State.GZIP_HEADER_CRC;
        } else {
            if (inflater == null) {
                inflater = new Inflater(true);
            } else {
                inflater.reset();
            }
            state = State.INFLATE;
        }
    }

    private boolean takes(int flag) {
        boolean set = (flags & flag) != 0;
        flags &= ~flag;
        return set;
    }

    private int inflate(byte[] bytes, int offset, int length, ChunkSink sink) {
        Inflater current = Objects.requireNonNull(inflater);
        current.setInput(bytes, offset, length);
        try {
            while (!current.finished()) {
                int made = current.inflate(plain);
                if (made > 0) {
                    crc.update(plain, 0, made);
                    inner.decode(plain, 0, made, sink);
                } else if (current.needsDictionary()) {
                    fail("expected no preset dictionary, saw one asked for");
                    return length;
                } else if (current.needsInput()) {
                    return length;
                }
            }
        } catch (DataFormatException e) {
            fail("the compressed data cannot be read: " + e.getMessage());
            return length;
        }
        state = gzip ? State.GZIP_TRAILER : State.OVER;
        return length - current.getRemaining();
    }

    private void gzipTrailer() {
        long expected = 0;
        for (int i = 3; i >= 0; i--) {
            expected = (expected << 8) | (field[i] & 0xFF);
        }
        if (expected != crc.getValue()) {
            fail("expected data with gzip checksum %08x, saw %08x".formatted(expected, crc.getValue()));
            return;
        }
        // Another member may follow.
        state = State.GZIP_FIXED;
    }

    private void fail(String what) {
        state = State.FAILED;
        malformed = what;
    }

    /// A body that nobody can read; nothing of it is decoded.
    private record Unreadable(String why) implements StreamDecoder {
        @Override
        public void decode(byte[] bytes, int offset, int length, ChunkSink sink) {}

        @Override
        public void end(ChunkSink sink) {}

        @Override
        public Completion completion() {
            return new Completion(List.of(), false, null, null, why, 0);
        }
    }
}
