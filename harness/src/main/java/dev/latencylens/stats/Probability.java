package dev.latencylens.stats;

/// The distribution functions that intervals and tests need.
///
/// No library of them may enter this module, and it needs but five. They are right to about ten digits where
/// statistics look at them; `ProbabilityTest` holds them to SciPy's values. Formula numbers are those of the NIST
/// Digital Library of Mathematical Functions (<https://dlmf.nist.gov>).
public final class Probability {
    private static final double TINY = 1e-300;
    private static final double ENOUGH = 1e-15;
    /// The continued fractions need about the square root of their largest argument.
    private static final int MOST_TERMS = 100_000;
    /// From here on six terms of Stirling's series are right to the last digit.
    private static final double STIRLING_FROM = 15;

    private Probability() {}

    /// The standard normal distribution function, by the incomplete gamma function (DLMF 7.11.1).
    static double normal(double z) {
        double tail = 0.5 * gammaTail(0.5, z * z / 2);
        return z < 0 ? tail : 1 - tail;
    }

    /// Both tails beyond z together.
    static double normalTails(double z) {
        return gammaTail(0.5, z * z / 2);
    }

    /// The z that a standard normal value stays below with this probability: Acklam's rational approximation
    /// (2003), made exact by two of Halley's steps.
    static double normalQuantile(double probability) {
        if (probability <= 0 || probability >= 1) {
            return probability <= 0 ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        if (probability > 0.5) {
            return -normalQuantile(1 - probability);
        }
        double z = acklam(probability);
        for (int i = 0; i < 2; i++) {
            double error = (normal(z) - probability) * Math.sqrt(2 * Math.PI) * Math.exp(z * z / 2);
            z -= error / (1 + z * error / 2);
        }
        return z;
    }

    /// Both tails beyond t of Student's distribution (DLMF 8.17.5 in the form of Abramowitz and Stegun 26.7.1).
    static double studentTails(double t, double degrees) {
        return beta(degrees / (degrees + t * t), degrees / 2, 0.5);
    }

    /// The t that stays within both tails of this probability together.
    static double studentQuantile(double tails, double degrees) {
        double high = 1;
        while (studentTails(high, degrees) > tails) {
            high *= 2;
        }
        double low = 0;
        while (high - low > 1e-12 * high) {
            double middle = (low + high) / 2;
            if (studentTails(middle, degrees) > tails) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return high;
    }

    /// The upper tail of chi-squared.
    static double chiSquaredTail(double value, double degrees) {
        return gammaTail(degrees / 2, value / 2);
    }

    /// The upper tail of Kolmogorov's limit distribution (Kolmogorov 1933; Marsaglia, Tsang and Wang 2003 for the
    /// form that converges below 1).
    static double kolmogorovTail(double lambda) {
        if (lambda <= 0) {
            return 1;
        }
        double sum = 0;
        if (lambda < 1) {
            for (int odd = 1; odd < 20; odd += 2) {
                sum += Math.exp(-odd * odd * Math.PI * Math.PI / (8 * lambda * lambda));
            }
            return 1 - Math.sqrt(2 * Math.PI) / lambda * sum;
        }
        for (int k = 1; k < 20; k++) {
            sum += (k % 2 == 1 ? 2 : -2) * Math.exp(-2.0 * k * k * lambda * lambda);
        }
        return sum;
    }

    /// The regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22).
    static double beta(double x, double a, double b) {
        if (x <= 0 || x >= 1) {
            return x <= 0 ? 0 : 1;
        }
        if (x > (a + 1) / (a + b + 2)) {
            return 1 - beta(1 - x, b, a);
        }
        double front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
        double c = 1;
        double d = 1 / away(1 - (a + b) * x / (a + 1));
        double fraction = d;
        for (int m = 1; m < MOST_TERMS; m++) {
            double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 / away(1 + even * d);
            c = away(1 + even / c);
            fraction *= d * c;
            double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            d = 1 / away(1 + odd * d);
            c = away(1 + odd / c);
            double step = d * c;
            fraction *= step;
            if (Math.abs(step - 1) < ENOUGH) {
                break;
            }
        }
        return front * fraction;
    }

    /// The regularised upper incomplete gamma function Q(a, x): by the series of DLMF 8.11.4 or the continued
    /// fraction of 8.9.2, whichever converges.
    public static double gammaTail(double a, double x) {
        if (x <= 0) {
            return 1;
        }
        double front = Math.exp(a * Math.log(x) - x - logGamma(a));
        if (x < a + 1) {
            double term = 1 / a;
            double sum = term;
            for (double n = a + 1; term > sum * ENOUGH; n++) {
                term *= x / n;
                sum += term;
            }
            return 1 - front * sum;
        }
        double b = x + 1 - a;
        double c = 1 / TINY;
        double d = 1 / b;
        double fraction = d;
        for (int n = 1; n < MOST_TERMS; n++) {
            double an = -n * (n - a);
            b += 2;
            d = 1 / away(an * d + b);
            c = away(b + an / c);
            double step = d * c;
            fraction *= step;
            if (Math.abs(step - 1) < ENOUGH) {
                break;
            }
        }
        return front * fraction;
    }

    /// Stirling's series (DLMF 5.11.1), after as many steps upwards as it needs.
    static double logGamma(double x) {
        double product = 1;
        double up = x;
        while (up < STIRLING_FROM) {
            product *= up;
            up++;
        }
        double r = 1 / (up * up);
        double series = (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r * (1.0 / 1188))))) / up;
        return (up - 0.5) * Math.log(up) - up + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
    }

    /// Lentz's algorithm divides by what may be nothing.
    private static double away(double fromZero) {
        return Math.abs(fromZero) < TINY ? TINY : fromZero;
    }

    /// For probabilities up to a half, right to 1e-9.
    private static double acklam(double probability) {
        if (probability < 0.02425) {
            double q = Math.sqrt(-2 * Math.log(probability));
            return (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q
                                                            - 2.549732539343734)
                                                    * q
                                            + 4.374664141464968)
                                    * q
                            + 2.938163982698783)
                    / ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q
                                            + 3.754408661907416)
                                    * q
                            + 1);
        }
        double q = probability - 0.5;
        double r = q * q;
        return (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r
                                                        + 1.383577518672690e+02)
                                                * r
                                        - 3.066479806614716e+01)
                                * r
                        + 2.506628277459239)
                * q
                / (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r
                                                        + 6.680131188771972e+01)
                                                * r
                                        - 1.328068155288572e+01)
                                * r
                        + 1);
    }
}
