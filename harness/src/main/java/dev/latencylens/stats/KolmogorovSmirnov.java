package dev.latencylens.stats;

/// Whether two sides have the same distribution, whatever differs (Smirnov 1939), by its limit distribution, which
/// is on the safe side for few values.
///
/// @param distance the largest distance between the two distribution functions
/// @param independentPValue of one distribution, if all values were independent
/// @param pValue the same for as many values as there are independent ones: each side's number over its largest
/// [DesignEffect] at the quartiles
public record KolmogorovSmirnov(double distance, double independentPValue, double pValue) {

    public static KolmogorovSmirnov of(Sample a, Sample b) {
        double distance = distance(a.sorted(), b.sorted());
        return new KolmogorovSmirnov(
                distance, tail(distance, a.count(), b.count()), tail(distance, independent(a), independent(b)));
    }

    private static double tail(double distance, double countA, double countB) {
        return Probability.kolmogorovTail(distance * Math.sqrt(countA * countB / (countA + countB)));
    }

    private static double independent(Sample sample) {
        double effect = 1;
        for (int quarter = 1; quarter < 4; quarter++) {
            effect = Math.max(
                    effect,
                    sample.designEffect(sample.valueAt(new Percentile(quarter * 25)))
                            .factor());
        }
        return sample.count() / effect;
    }

    private static double distance(long[] a, long[] b) {
        int ofA = 0;
        int ofB = 0;
        double distance = 0;
        while (ofA < a.length && ofB < b.length) {
            long value = Math.min(a[ofA], b[ofB]);
            while (ofA < a.length && a[ofA] == value) {
                ofA++;
            }
            while (ofB < b.length && b[ofB] == value) {
                ofB++;
            }
            distance = Math.max(distance, Math.abs((double) ofA / a.length - (double) ofB / b.length));
        }
        return distance;
    }
}
