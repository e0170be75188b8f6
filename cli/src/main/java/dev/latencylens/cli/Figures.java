package dev.latencylens.cli;

import dev.latencylens.stats.Interval;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/// Numbers as people read them: four significant digits at most, and no digit that was not measured.
final class Figures {
    private static final double NS_PER_MS = 1e6;
    /// Amounts from here on are told to the cent.
    private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);

    private Figures() {}

    static String millis(long ns) {
        return millis((double) ns);
    }

    /// Milliseconds, down to the microsecond.
    static String millis(double ns) {
        return significant(ns / NS_PER_MS, 3);
    }

    /// `[1.234, 5.678]` in milliseconds; an end that is not known is `-`, and so is all where neither is.
    static String millis(Interval ns) {
        boolean unbounded = Double.isInfinite(ns.low()) && Double.isInfinite(ns.high());
        return unbounded ? "-" : "[" + end(ns.low(), millis(ns.low())) + ", " + end(ns.high(), millis(ns.high())) + "]";
    }

    /// `+4.7 %`, of a share.
    static String percent(double share) {
        return String.format(Locale.ROOT, "%+.1f %%", 100 * share);
    }

    /// `95 %`, `99.9 %`, of a share.
    static String share(double share) {
        return String.format(Locale.ROOT, "%.2f", 100 * share).replaceFirst("\\.?0+$", "") + " %";
    }

    /// `[+2.5, +7.0] %`, of shares.
    static String percent(Interval share) {
        return "[" + signed(share.low()) + ", " + signed(share.high()) + "] %";
    }

    private static String signed(double share) {
        return end(share, String.format(Locale.ROOT, Math.abs(share) < 1 ? "%+.1f" : "%+.0f", 100 * share));
    }

    static String end(double end, String text) {
        return Double.isFinite(end) ? text : "-";
    }

    /// A rate or a ratio.
    static String rate(double value) {
        return significant(value, 2);
    }

    /// Microseconds, down to a tenth.
    static String micros(long ns) {
        return significant(ns / 1e3, 1);
    }

    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /// `1 token`, `1,000 tokens`.
    static String count(long number, String noun) {
        return count(number) + " " + noun + (number == 1 ? "" : "s");
    }

    static String seconds(long ns) {
        return significant(ns / 1e9, 2);
    }

    /// An amount of money: `0.0000235 USD`, `0.50 USD`, `1,234.50 USD`.
    static String usd(BigDecimal amount) {
        if (amount.compareTo(HUNDRED) >= 0) {
            return String.format(Locale.ROOT, "%,.2f USD", amount);
        }
        BigDecimal rounded = amount.round(new MathContext(4)).stripTrailingZeros();
        return (rounded.scale() < 2 ? rounded.setScale(2, RoundingMode.UNNECESSARY) : rounded).toPlainString() + " USD";
    }

    private static String significant(double value, int mostDecimals) {
        return String.format(Locale.ROOT, "%." + decimals(value, mostDecimals) + "f", value);
    }

    private static int decimals(double value, int most) {
        double size = Math.abs(value);
        return Math.min(size >= 1_000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3, most);
    }
}
