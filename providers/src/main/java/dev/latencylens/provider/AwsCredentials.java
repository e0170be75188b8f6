package dev.latencylens.provider;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What signs a request to AWS, found where AWS's own tools look first: in the environment, then in the shared
/// files.
///
/// Profiles that get their keys from elsewhere (`sso_session`, `role_arn`, `credential_process`) are not followed;
/// `aws configure export-credentials --format env` turns them into environment variables.
///
/// @param sessionToken of keys that are temporary
public record AwsCredentials(
        String accessKeyId,
        Secret secretAccessKey,
        @Nullable Secret sessionToken) {
    private static final String KEY = "aws_access_key_id";
    private static final String SECRET = "aws_secret_access_key";
    private static final String TOKEN = "aws_session_token";
    private static final String PROFILE = "AWS_PROFILE";

    public AwsCredentials {
        if (accessKeyId.isBlank() || accessKeyId.chars().anyMatch(c -> c <= ' ' || c >= 127)) {
            throw new IllegalArgumentException("AWS access key id is blank or holds blanks or strange characters");
        }
    }

    /// Tells each value that must be seen nowhere.
    public void hide(Consumer<String> secrets) {
        secrets.accept(secretAccessKey.reveal());
        if (sessionToken != null) {
            secrets.accept(sessionToken.reveal());
        }
    }

    /// The credentials that the environment tells of; empty where it tells of none.
    ///
    /// @param environment the value of a variable, for example `System::getenv`
    /// @throws IllegalArgumentException where keys are given by halves, or `AWS_PROFILE` names a profile without
    /// keys
    public static Optional<AwsCredentials> find(Function<String, @Nullable String> environment) throws IOException {
        String key = value(environment, "AWS_ACCESS_KEY_ID");
        String secret = value(environment, "AWS_SECRET_ACCESS_KEY");
        if (key != null || secret != null) {
            return Optional.of(of("the environment", key, secret, value(environment, "AWS_SESSION_TOKEN")));
        }
        String profile = profile(environment);
        for (Map<String, String> section : sections(environment, profile)) {
            if (section.containsKey(KEY) || section.containsKey(SECRET)) {
                return Optional.of(
                        of("AWS profile '" + profile + "'", section.get(KEY), section.get(SECRET), section.get(TOKEN)));
            }
        }
        if (value(environment, PROFILE) != null) {
            throw new IllegalArgumentException("AWS profile '" + profile + "' is not found or holds no " + KEY
                    + "; run aws configure export-credentials --profile " + profile + " --format env and set what"
                    + " it prints");
        }
        return Optional.empty();
    }

    /// The region that the environment or the profile tells of.
    public static Optional<String> findRegion(Function<String, @Nullable String> environment) throws IOException {
        for (String variable : new String[] {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
            String region = value(environment, variable);
            if (region != null) {
                return Optional.of(region);
            }
        }
        for (Map<String, String> section : sections(environment, profile(environment))) {
            String region = section.get("region");
            if (region != null) {
                return Optional.of(region);
            }
        }
        return Optional.empty();
    }

    private static AwsCredentials of(
            String where, @Nullable String key, @Nullable String secret, @Nullable String token) {
        if (key == null || key.isBlank() || secret == null || secret.isBlank()) {
            throw new IllegalArgumentException("AWS access key in " + where + " is given by halves: "
                    + (key == null || key.isBlank() ? "the key id" : "the secret key") + " is missing");
        }
        return new AwsCredentials(key, Secret.of(secret), token == null || token.isBlank() ? null : Secret.of(token));
    }

    private static String profile(Function<String, @Nullable String> environment) {
        String profile = value(environment, PROFILE);
        return profile == null ? "default" : profile;
    }

    /// What the two shared files say of a profile, the credentials file first.
    private static Iterable<Map<String, String>> sections(
            Function<String, @Nullable String> environment, String profile) throws IOException {
        Path credentials = file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
        Path config = file(environment, "AWS_CONFIG_FILE", "config");
        return AwsProfileFile.sections(credentials, config, profile);
    }

    private static @Nullable Path file(
            Function<String, @Nullable String> environment, String variable, String usualName) {
        String given = value(environment, variable);
        String home = value(environment, "HOME");
        if (home == null) {
            home = value(environment, "USERPROFILE");
        }
        if (given != null && !given.startsWith("~/")) {
            return Path.of(given);
        }
        if (home == null) {
            return null;
        }
        Path path = given == null ? Path.of(home, ".aws", usualName) : Path.of(home, given.substring(2));
        return given == null && !Files.exists(path) ? null : path;
    }

    /// Null where it is not set, or blank.
    private static @Nullable String value(Function<String, @Nullable String> environment, String variable) {
        String value = environment.apply(variable);
        return value == null || value.isBlank() ? null : value.strip();
    }
}
