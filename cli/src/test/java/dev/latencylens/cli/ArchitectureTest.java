package dev.latencylens.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.latencylens.audit.HotPath;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The lines between the modules, which hold what the design says.
class ArchitectureTest {
    private static final String[] HARNESS = {
        "dev.latencylens.clock..",
        "dev.latencylens.exchange..",
        "dev.latencylens.load..",
        "dev.latencylens.stats..",
        "dev.latencylens.audit.."
    };
    private static final String TRANSPORT = "dev.latencylens.transport..";
    private static final String PROVIDER = "dev.latencylens.provider..";
    private static final String SIMULATED = "dev.latencylens.simulated..";
    private static final String CLI = "dev.latencylens.cli..";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.latencylens");

    /// As many classes as each package has at least, so that no rule here is about nothing.
    @ParameterizedTest
    @CsvSource({
        "clock, 2",
        "exchange, 20",
        "load, 5",
        "stats, 5",
        "audit, 10",
        "transport, 15",
        "provider, 8",
        "simulated, 30",
        "cli, 15"
    })
    void everyPackageIsLookedAt(String name, int least) {
        Map<String, Long> counts =
                CLASSES.stream().collect(Collectors.groupingBy(JavaClass::getPackageName, Collectors.counting()));

        assertThat(counts.get("dev.latencylens." + name)).isGreaterThanOrEqualTo(least);
    }

    @Test
    void harnessKnowsNoNettyNoJacksonNoJmhAndNoTokenizer() {
        noClasses()
                .that()
                .resideInAnyPackage(HARNESS)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.netty..",
                        "tools.jackson..",
                        "com.fasterxml..",
                        "org.openjdk..",
                        "picocli..",
                        "com.knuddels..",
                        "ai.djl..")
                .check(CLASSES);
    }

    @Test
    void harnessDependsOnNoOtherModule() {
        noClasses()
                .that()
                .resideInAnyPackage(HARNESS)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(TRANSPORT, PROVIDER, SIMULATED, CLI)
                .check(CLASSES);
    }

    @Test
    void transportAndProvidersKnowHarnessAndNotEachOther() {
        noClasses()
                .that()
                .resideInAPackage(TRANSPORT)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(PROVIDER, SIMULATED, CLI)
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage(PROVIDER)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(TRANSPORT, SIMULATED, CLI, "io.netty..")
                .check(CLASSES);
    }

    @Test
    void theSimulatedProviderSharesNoCodeWithWhatItJudges() {
        noClasses()
                .that()
                .resideInAPackage(SIMULATED)
                .should()
                .dependOnClassesThat(are(resideInAPackage("dev.latencylens..").and(not(resideInAPackage(SIMULATED)))))
                .check(CLASSES);
    }

    /// Its own classes are not on this module's class path: they may use whatever they like.
    @Test
    void nothingDependsOnTheBenchmarks() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.latencylens.calibration..", "org.openjdk.jmh..")
                .check(CLASSES);
    }

    @Test
    void standardStreamsBelongToTheCommandLine() {
        noClasses()
                .that()
                .resideOutsideOfPackage(CLI)
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .callMethod(Throwable.class, "printStackTrace")
                .check(CLASSES);
    }

    @Test
    void theMonotonicClockIsReadInOnePlaceAndTheSimulatorsInAnother() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.latencylens.clock..")
                .and()
                .doNotHaveFullyQualifiedName("dev.latencylens.simulated.TrueClock")
                .should()
                .callMethod(System.class, "nanoTime")
                .check(CLASSES);
    }

    @Test
    void theHotPathConsistsOfClassesThatExist() {
        assertThat(HotPath.CLASSES)
                .allSatisfy(
                        name -> assertThat(Class.forName(name, false, getClass().getClassLoader()))
                                .isNotNull());
    }

    @Test
    void packagesAreFreeOfCycles() {
        slices().matching("dev.latencylens.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void packagesAreNullMarked() {
        classes()
                .should(new ArchCondition<JavaClass>("be in a null-marked package") {
                    @Override
                    public void check(JavaClass checked, ConditionEvents events) {
                        boolean marked = checked.getPackage().isAnnotatedWith(NullMarked.class);
                        events.add(new SimpleConditionEvent(
                                checked, marked, checked.getName() + " is in a package without @NullMarked"));
                    }
                })
                .check(CLASSES);
    }
}
