@NullMarked
package dev.latencylens.sdk;

import org.jspecify.annotations.NullMarked;
