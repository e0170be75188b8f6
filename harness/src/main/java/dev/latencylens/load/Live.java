package dev.latencylens.load;

/// How many of something were live at a time, as long as the load was offered: from the first measured request
/// until no thread had more to start, so that neither warm-up nor the ebb at the end counts.
///
/// @param watchedNs how long that was; 0 where nothing was measured
/// @param mean over time
/// @param p50 as many or fewer were live for half of the time
public record Live(long watchedNs, double mean, int p50, int max) {
    /// Nobody looked.
    public static final Live NONE = new Live(0, 0, 0, 0);

    /// @param levelNs how long each number was live
    static Live of(long[] levelNs, int max) {
        long watchedNs = 0;
        double weighed = 0;
        for (int level = 0; level < levelNs.length; level++) {
            watchedNs += levelNs[level];
            weighed += (double) level * levelNs[level];
        }
        if (watchedNs <= 0) {
            return NONE;
        }
        long belowNs = 0;
        int p50 = 0;
        while (p50 < levelNs.length && (belowNs += levelNs[p50]) * 2 < watchedNs) {
            p50++;
        }
        return new Live(watchedNs, weighed / watchedNs, p50, max);
    }
}
