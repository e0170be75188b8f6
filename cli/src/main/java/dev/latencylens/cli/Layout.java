package dev.latencylens.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.instruction.ConstantInstruction;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/// Makes the folder that Maven has filled start sooner; the launcher calls it once after each build.
///
/// - Java's start-up cache takes no class of a form before Java 6, which has no stack maps. Such classes
/// (picocli's)
///   get the form of Java 8: at each start they would be read and checked anew, a tenth of a second.
/// - At each start picocli asks whether Groovy is there, and to find out that it is not opens every jar. It is
/// made to
///   ask for a class of Java's own that does not exist, which takes no jar.
/// - Netty would write its native libraries into a temporary file at each start; here they lie as files.
///
/// No file is written in place: a measurement that is under way may have the one that was there open, or mapped.
final class Layout {
    private static final int FIRST_WITH_STACK_MAPS = ClassFile.JAVA_6_VERSION;
    private static final String GROOVY = "groovy.lang.Closure";
    private static final String NOWHERE = "java.lang.NoClosure";
    private static final String NATIVE = "META-INF/native/";

    /// Also makes each method be written anew, and so get its stack maps.
    private static final CodeTransform WITHOUT_GROOVY = (code, element) -> {
        if (element instanceof ConstantInstruction constant
                && constant.constantValue().equals(GROOVY)) {
            code.loadConstant(NOWHERE);
        } else {
            code.with(element);
        }
    };

    private Layout() {}

    /// @param folder the one that holds `lib`
    public static void main(String[] folder) throws IOException {
        Path home = Path.of(folder[0]);
        Path libraries = Files.createDirectories(home.resolve("native"));
        List<Path> jars;
        try (var files = Files.list(home.resolve("lib"))) {
            jars = files.filter(file -> file.toString().endsWith(".jar")).toList();
        }
        for (Path jar : jars) {
            unpackLibraries(jar, libraries);
            if (hasOldClasses(jar)) {
                renew(jar);
            }
        }
    }

    private static void unpackLibraries(Path jar, Path folder) throws IOException {
        try (var entries = new ZipInputStream(Files.newInputStream(jar))) {
            for (ZipEntry entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
                if (entry.getName().startsWith(NATIVE) && entry.getName().endsWith(".so")) {
                    RunDirectory.replace(
                            folder.resolve(entry.getName().substring(NATIVE.length())), entries.readAllBytes());
                }
            }
        }
    }

    private static boolean hasOldClasses(Path jar) throws IOException {
        try (var entries = new ZipInputStream(Files.newInputStream(jar))) {
            for (ZipEntry entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
                if (entry.getName().endsWith(".class") && isOld(entries.readNBytes(8))) {
                    return true;
                }
            }
        }
        return false;
    }

    /// @param start the first bytes of a class file, which end with its major version
    private static boolean isOld(byte[] start) {
        return ByteBuffer.wrap(start).getShort(6) < FIRST_WITH_STACK_MAPS;
    }

    /// Gives each old class of a jar stack maps.
    static void renew(Path jar) throws IOException {
        var renewed = new ByteArrayOutputStream();
        try (var loader = new URLClassLoader(new URL[] {jar.toUri().toURL()});
                var entries = new ZipInputStream(Files.newInputStream(jar));
                var out = new ZipOutputStream(renewed)) {
            ClassFile classes = ClassFile.of(
                    ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
                    ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(loader)
                            .orElse(ClassHierarchyResolver.defaultResolver())));
            for (ZipEntry entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
                byte[] bytes = entries.readAllBytes();
                out.putNextEntry(new ZipEntry(entry.getName()));
                out.write(entry.getName().endsWith(".class") && isOld(bytes) ? renewed(classes, bytes) : bytes);
            }
        }
        RunDirectory.replace(jar, renewed.toByteArray());
    }

    private static byte[] renewed(ClassFile classes, byte[] bytes) {
        return classes.transformClass(
                classes.parse(bytes),
                ClassTransform.transformingMethodBodies(WITHOUT_GROOVY).andThen((builder, element) -> {
                    if (element instanceof ClassFileVersion) {
                        builder.withVersion(ClassFile.JAVA_8_VERSION, 0);
                    } else {
                        builder.with(element);
                    }
                }));
    }
}
