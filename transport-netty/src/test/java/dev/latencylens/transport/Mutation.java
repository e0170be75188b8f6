package dev.latencylens.transport;

import java.io.ByteArrayOutputStream;
import java.util.Random;

/// Valid bytes with a few random faults in them.
final class Mutation {
    private Mutation() {}

    static byte[] of(byte[] valid, Random random) {
        byte[] bytes = valid;
        for (int fault = 0; fault <= random.nextInt(3); fault++) {
            bytes = once(bytes, random);
        }
        return bytes;
    }

    private static byte[] once(byte[] bytes, Random random) {
        if (bytes.length == 0) {
            return new byte[] {(byte) random.nextInt()};
        }
        int at = random.nextInt(bytes.length);
        int length = Math.min(1 + random.nextInt(12), bytes.length - at);
        var out = new ByteArrayOutputStream();
        out.write(bytes, 0, at);
        switch (random.nextInt(5)) {
            case 0 -> {
                // A flipped bit.
                out.write(bytes[at] ^ (1 << random.nextInt(8)));
                out.write(bytes, at + 1, bytes.length - at - 1);
            }
            case 1 -> {
                // Another byte.
                out.write(random.nextInt());
                out.write(bytes, at + 1, bytes.length - at - 1);
            }
            case 2 ->
                // A hole.
                out.write(bytes, at + length, bytes.length - at - length);
            case 3 -> {
                // A piece twice.
                out.write(bytes, at, length);
                out.write(bytes, at, bytes.length - at);
            }
            default -> {
                // The end is missing.
            }
        }
        return out.toByteArray();
    }
}
