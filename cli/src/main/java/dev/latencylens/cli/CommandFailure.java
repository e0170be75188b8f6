package dev.latencylens.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;

/// Ends a command with one line on standard error, which names what was seen and the cure, and an exit code.
final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int exitCode;

    private CommandFailure(int exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    private CommandFailure(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    static CommandFailure usage(String message) {
        return new CommandFailure(ExitCode.USAGE, message);
    }

    static CommandFailure usage(String message, Throwable cause) {
        return new CommandFailure(ExitCode.USAGE, message, cause);
    }

    static CommandFailure invalid(String message) {
        return new CommandFailure(ExitCode.INVALID, message);
    }

    static CommandFailure nothingMeasured(String message) {
        return new CommandFailure(ExitCode.NOTHING_MEASURED, message);
    }

    static CommandFailure nothingMeasured(String message, Throwable cause) {
        return new CommandFailure(ExitCode.NOTHING_MEASURED, message, cause);
    }

    /// @param exitCode which it was
    static CommandFailure ended(int exitCode, String message) {
        return new CommandFailure(exitCode, message);
    }

    /// What an I/O failure says of itself, with its kind where it names only a file, or a number.
    static String reason(IOException e) {
        String message = String.valueOf(e.getMessage());
        return switch (e) {
            case AccessDeniedException _, NoSuchFileException _, FileAlreadyExistsException _ ->
                message + ": " + kind(e);
            case CharacterCodingException _ -> "it is no text in UTF-8";
            default -> message;
        };
    }

    /// The same without the file.
    static String kind(IOException e) {
        return switch (e) {
            case AccessDeniedException _ -> "access denied";
            case NoSuchFileException _ -> "no such file";
            case FileAlreadyExistsException _ -> "a file is there already";
            case FileSystemException system
            when system.getReason() != null -> system.getReason().toLowerCase(Locale.ROOT);
            default -> String.valueOf(e.getMessage());
        };
    }

    String line() {
        return String.valueOf(getMessage());
    }

    int exitCode() {
        return exitCode;
    }
}
