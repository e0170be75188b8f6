@NullMarked
package dev.latencylens.clock;

import org.jspecify.annotations.NullMarked;
