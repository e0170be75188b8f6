package dev.latencylens.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.classfile.ClassFile;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
        Path original = Path.of(CommandLine.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        picocli = Files.copy(original, lib.resolve("picocli.jar"));
        try (var jar = new ZipOutputStream(Files.newOutputStream(lib.resolve("native.jar")))) {
            jar.putNextEntry(new ZipEntry("META-INF/native/libone.so"));
            jar.write("library".getBytes(StandardCharsets.US_ASCII));
        }
        Layout.main(new String[] {home.toString()});
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
    void nativeLibrariesLieAsFiles() {
        assertThat(home.resolve("native/libone.so")).hasContent("library");
    }
}
