package dev.latencylens.provider;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AwsCredentialsTest {
    @TempDir
    private Path home = Path.of("");

    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void homeIsAFolderOfTheTest() {
        environment.put("HOME", home.toString());
    }

    private AwsCredentials find() throws IOException {
        return AwsCredentials.find(environment::get).orElseThrow();
    }

    private void write(String name, String text) throws IOException {
        Files.createDirectories(home.resolve(".aws"));
        Files.writeString(home.resolve(".aws").resolve(name), text);
    }

    private static void assertKeys(AwsCredentials found, String id, String secret) {
        assertThat(found.accessKeyId()).isEqualTo(id);
        assertThat(found.secretAccessKey().reveal()).isEqualTo(secret);
    }

    @Test
    void nothingIsFoundWhereNothingIsSet() throws IOException {
        assertThat(AwsCredentials.find(environment::get)).isEmpty();
        assertThat(AwsCredentials.findRegion(environment::get)).isEmpty();
        environment.clear();
        assertThat(AwsCredentials.find(environment::get)).isEmpty();
    }

    @Test
    void environmentComesFirst() throws IOException {
        write("credentials", "[default]\naws_access_key_id = OTHER\naws_secret_access_key = other\n");
        environment.put("AWS_ACCESS_KEY_ID", " AKID ");
        environment.put("AWS_SECRET_ACCESS_KEY", "hidden1");
        environment.put("AWS_SESSION_TOKEN", "hidden2");

        AwsCredentials found = find();

        assertKeys(found, "AKID", "hidden1");
        assertThat(requireNonNull(found.sessionToken()).reveal()).isEqualTo("hidden2");
        assertThat(found.toString()).contains("AKID").doesNotContain("hidden");
    }

    @Test
    void keyGivenByHalvesIsRefused() throws IOException {
        environment.put("AWS_ACCESS_KEY_ID", "AKID");
        assertThatThrownBy(this::find)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("AWS access key in the environment is given by halves: the secret key is missing");

        environment.remove("AWS_ACCESS_KEY_ID");
        write("credentials", "[default]\naws_secret_access_key = hidden\n");
        assertThatThrownBy(this::find)
                .hasMessage("AWS access key in AWS profile 'default' is given by halves: the key id is missing");
    }

    @Test
    void keyIdIsAWord() {
        assertThatThrownBy(() -> new AwsCredentials("A KID", Secret.of("x"), null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("KID");
        assertThatThrownBy(() -> new AwsCredentials("", Secret.of("x"), null))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void profileIsReadFromTheCredentialsFile() throws IOException {
        write("credentials", """
                # a comment
                [default]
                aws_access_key_id=AKID1
                aws_secret_access_key=secret1

                [work] ; another
                aws_access_key_id = AKID2   # of the year
                aws_secret_access_key = se#cret/2=
                aws_session_token = token2
                nonsense
                s3 =
                  aws_access_key_id = NESTED
                """);
        assertKeys(find(), "AKID1", "secret1");

        environment.put("AWS_PROFILE", "work");
        assertKeys(find(), "AKID2", "se#cret/2=");
        assertThat(requireNonNull(find().sessionToken()).reveal()).isEqualTo("token2");
    }

    @Test
    void configFileHoldsRegionAndPerhapsKeys() throws IOException {
        write("config", """
                [default]
                region = us-east-1
                [profile  work]
                region = eu-west-1
                aws_access_key_id = AKID3
                aws_secret_access_key = secret3
                """);
        assertThat(AwsCredentials.findRegion(environment::get)).contains("us-east-1");
        assertThat(AwsCredentials.find(environment::get)).isEmpty();

        environment.put("AWS_PROFILE", "work");
        assertThat(AwsCredentials.findRegion(environment::get)).contains("eu-west-1");
        assertKeys(find(), "AKID3", "secret3");

        environment.put("AWS_DEFAULT_REGION", "eu-west-2");
        assertThat(AwsCredentials.findRegion(environment::get)).contains("eu-west-2");
        environment.put("AWS_REGION", "eu-west-3");
        assertThat(AwsCredentials.findRegion(environment::get)).contains("eu-west-3");
    }

    @Test
    void filesMayLieElsewhere() throws IOException {
        Files.writeString(home.resolve("keys"), "[default]\naws_access_key_id=A\naws_secret_access_key=s\n");
        Files.writeString(home.resolve("conf"), "[profile default]\nregion=eu-north-1\n[unclosed");
        environment.put("AWS_SHARED_CREDENTIALS_FILE", home.resolve("keys").toString());
        environment.put("AWS_CONFIG_FILE", "~/conf");

        assertKeys(find(), "A", "s");
        assertThat(AwsCredentials.findRegion(environment::get)).contains("eu-north-1");

        environment.put("AWS_SHARED_CREDENTIALS_FILE", home.resolve("absent").toString());
        environment.remove("HOME");
        environment.put("USERPROFILE", home.toString());
        assertThat(AwsCredentials.find(environment::get)).isEmpty();
        assertThat(AwsCredentials.findRegion(environment::get)).contains("eu-north-1");
    }

    @Test
    void namedProfileWithoutKeysIsRefusedWithAWayOut() throws IOException {
        write("config", "[profile work]\nsso_session = corp\n");
        environment.put("AWS_PROFILE", "work");

        assertThatThrownBy(this::find)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("AWS profile 'work'")
                .hasMessageContaining("aws configure export-credentials --profile work --format env");
    }
}
