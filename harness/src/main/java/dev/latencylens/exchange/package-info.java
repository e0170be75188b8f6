@NullMarked
package dev.latencylens.exchange;

import org.jspecify.annotations.NullMarked;
