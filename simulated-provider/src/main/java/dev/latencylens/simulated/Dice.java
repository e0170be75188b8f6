package dev.latencylens.simulated;

/// A seeded source of random numbers (SplitMix64, Steele, Lea and Flood 2014) that is set anew for
/// each request, so that seed and request index alone decide what a request gets.
final class Dice {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private long state;

    Dice(long seed, long requestIndex) {
        state = mix(seed) ^ mix(requestIndex * GOLDEN_GAMMA + 1);
    }

    long nextLong() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    /// Uniform in [0, 1).
    double nextDouble() {
        return (nextLong() >>> 11) * 0x1.0p-53;
    }

    /// Exponential with mean 1, by inversion.
    double nextExponential() {
        return -Math.log1p(-nextDouble());
    }

    /// Standard normal, by Box and Muller; the second value is thrown away so that no state stays.
    double nextGaussian() {
        return Math.sqrt(2 * nextExponential()) * Math.cos(2 * Math.PI * nextDouble());
    }

    private static long mix(long z) {
        long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
        return b ^ (b >>> 31);
    }
}
