/// What measuring costs: benchmarks of a token's way, and the page that tells their results.
@NullMarked
package dev.latencylens.calibration;

import org.jspecify.annotations.NullMarked;
