@NullMarked
package dev.latencylens.audit;

import org.jspecify.annotations.NullMarked;
