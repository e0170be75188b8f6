package dev.latencylens.provider;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Reads an amount of money from JSON, a number or a string of one, without ever making a double of it.
final class Amount {
    /// Digits before and after the point beyond which an amount is a mistake, or an attack on whoever prints it.
    private static final int MOST_INTEGER_DIGITS = 12;

    private static final int MOST_DECIMALS = 30;
    private static final int LONGEST_TEXT = 50;

    private Amount() {}

    /// The amount, or null for what is none: negative, absurdly long, or no number at all.
    static @Nullable BigDecimal of(JsonNode node) {
        BigDecimal amount = number(node);
        if (amount == null || amount.signum() < 0) {
            return null;
        }
        boolean sane =
                amount.scale() <= MOST_DECIMALS && (long) amount.precision() - amount.scale() <= MOST_INTEGER_DIGITS;
        return amount.signum() == 0 ? BigDecimal.ZERO : sane ? amount : null;
    }

    private static @Nullable BigDecimal number(JsonNode node) {
        if (node.isNumber()) {
            return node.decimalValue();
        }
        if (!node.isString() || node.stringValue().length() > LONGEST_TEXT) {
            return null;
        }
        try {
            return new BigDecimal(node.stringValue());
        } catch (NumberFormatException noNumber) {
            return null;
        }
    }
}
