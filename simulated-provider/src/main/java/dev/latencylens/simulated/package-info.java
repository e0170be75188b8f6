@NullMarked
package dev.latencylens.simulated;

import org.jspecify.annotations.NullMarked;
