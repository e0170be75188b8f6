package dev.latencylens.provider;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.latencylens.exchange.Dialect;
import dev.latencylens.exchange.Tokenizer;
import org.junit.jupiter.api.Test;

class DependencyTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.latencylens.provider");

    @Test
    void providersKnowOnlyTheExchangeJacksonAndTokenizers() {
        assertThat(CLASSES).hasSizeGreaterThan(8);
        classes()
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                                "java..",
                                "javax.crypto..",
                                "org.jspecify..",
                                "tools.jackson..",
                                "com.knuddels.jtokkit..",
                                "ai.djl.huggingface.tokenizers..",
                                "dev.latencylens.exchange",
                                "dev.latencylens.provider")
                        .or(describe(
                                "arrays of primitives",
                                (JavaClass type) -> type.getBaseComponentType().isPrimitive())))
                .check(CLASSES);
    }

    @Test
    void providersReadNoClockAndNoStandardStreams() {
        noClasses().should().callMethod(System.class, "nanoTime").check(CLASSES);
        noClasses().should().callMethod(System.class, "currentTimeMillis").check(CLASSES);
        noClasses()
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .check(CLASSES);
    }

    @Test
    void dialectsTheirOptionsTokenizersPricesAndAdviceOnRetriesAreAllThatIsPublic() {
        classes()
                .that()
                .arePublic()
                .and()
                .areTopLevelClasses()
                .should()
                .beAssignableTo(Dialect.class)
                .orShould()
                .beAssignableTo(Tokenizer.class)
                .orShould()
                .be(DialectName.class)
                .orShould()
                .be(DialectOptions.class)
                .orShould()
                .be(PromptCache.class)
                .orShould()
                .be(Provider.class)
                .orShould()
                .be(Secret.class)
                .orShould()
                .be(AwsCredentials.class)
                .orShould()
                .be(Price.class)
                .orShould()
                .be(Prices.class)
                .orShould()
                .be(Cost.class)
                .orShould()
                .be(CostSummary.class)
                .orShould()
                .be(RetryAdvice.class)
                .check(CLASSES);
    }
}
