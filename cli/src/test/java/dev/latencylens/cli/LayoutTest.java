package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class LayoutTest {
    @TempDir
    Path home;

    private Path picocli;

    @BeforeEach
    void aFolderWithJars() throws Exception {
        Path lib = Files.createDirectory(home.resolve("lib"));
        picocli = Files.copy(original(), lib.resolve("picocli.jar"));
        nativeLibrary("library");
        Layout.main(new String[] {home.toString()});
    }

    private static Path original() throws URISyntaxException {
        return Path.of(CommandLine.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
    }

    private void nativeLibrary(String content) throws IOException {
        try (var jar = new ZipOutputStream(Files.newOutputStream(home.resolve("lib/native.jar")))) {
            jar.putNextEntry(new ZipEntry("META-INF/native/libone.so"));
            jar.write(content.getBytes(StandardCharsets.US_ASCII));
        }
    }

    @Test
    void classesFromBeforeJava6GetAFormThatTheCacheTakesAndPassTheVerifier() throws Exception {
        List<String> names = new ArrayList<>();
        try (var jar = new ZipFile(picocli.toFile())) {
            for (ZipEntry entry : jar.stream().toList()) {
                if (entry.getName().startsWith("picocli/") && entry.getName().endsWith(".class")) {
                    byte[] bytes = jar.getInputStream(entry).readAllBytes();
                    assertThat(ClassFile.of().parse(bytes).majorVersion())
                            .as(entry.getName())
                            .isGreaterThanOrEqualTo(ClassFile.JAVA_6_VERSION);
                    names.add(entry.getName().replace(".class", "").replace('/', '.'));
                }
            }
        }
        assertThat(names).hasSizeGreaterThan(200);
        try (var loader =
                new URLClassLoader(new URL[] {picocli.toUri().toURL()}, ClassLoader.getPlatformClassLoader())) {
            for (String name : names) {
                assertThat(Class.forName(name, true, loader).getClassLoader()).isSameAs(loader);
            }
        }
    }

    @Test
    void nobodyLooksForGroovyInEveryJarAtEachStart() throws Exception {
        try (var jar = new ZipFile(picocli.toFile())) {
            byte[] bytes = jar.getInputStream(jar.getEntry("picocli/CommandLine.class"))
                    .readAllBytes();

            assertThat(new String(bytes, StandardCharsets.ISO_8859_1)).doesNotContain("groovy.lang.Closure");
        }
    }

    @Test
    void whatRunningProcessesHaveOpenStaysAsItIs() throws Exception {
        Path library = Files.createLink(home.resolve("mapped.so"), home.resolve("native/libone.so"));
        Path before = Files.copy(original(), home.resolve("before.jar"));
        Files.copy(before, picocli, StandardCopyOption.REPLACE_EXISTING);
        Path jar = Files.createLink(home.resolve("open.jar"), picocli);
        nativeLibrary("newer");

        Layout.main(new String[] {home.toString()});

        assertThat(home.resolve("native/libone.so")).hasContent("newer");
        assertThat(library).hasContent("library");
        assertThat(Files.mismatch(jar, before)).isEqualTo(-1);
        assertThat(Files.mismatch(picocli, before)).isNotEqualTo(-1);
    }

    @Test
    void nativeLibrariesLieAsFiles() {
        assertThat(home.resolve("native/libone.so")).hasContent("library");
    }
}
