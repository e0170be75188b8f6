@NullMarked
package dev.latencylens.provider;

import org.jspecify.annotations.NullMarked;
