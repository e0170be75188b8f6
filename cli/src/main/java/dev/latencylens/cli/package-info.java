@NullMarked
package dev.latencylens.cli;

import org.jspecify.annotations.NullMarked;
