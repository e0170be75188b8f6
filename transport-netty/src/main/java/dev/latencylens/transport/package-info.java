@NullMarked
package dev.latencylens.transport;

import org.jspecify.annotations.NullMarked;
