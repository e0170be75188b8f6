@NullMarked
package dev.latencylens.load;

import org.jspecify.annotations.NullMarked;
