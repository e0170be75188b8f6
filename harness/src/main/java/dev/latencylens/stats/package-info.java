@NullMarked
package dev.latencylens.stats;

import org.jspecify.annotations.NullMarked;
