package dev.latencylens.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProviderTest {
    private static final Set<Provider> ONE_FOR_EACH_ACCOUNT =
            Set.of(Provider.AZURE, Provider.VERTEX, Provider.BEDROCK, Provider.BEDROCK_INVOKE);

    @ParameterizedTest
    @EnumSource
    void providerIsFoundByItsLabel(Provider provider) {
        assertThat(Provider.of(provider.label())).isEqualTo(provider);
        assertThat(provider.baseUrl() == null).isEqualTo(ONE_FOR_EACH_ACCOUNT.contains(provider));
    }

    @ParameterizedTest
    @EnumSource
    void dialectIsFoundByItsLabelAndNamesItself(DialectName name) {
        URI baseUrl = URI.create("https://bedrock-runtime.us-east-1.amazonaws.com");

        assertThat(DialectName.of(name.label())).isEqualTo(name);
        assertThat(name.with(DialectOptions.at(baseUrl, "anthropic.claude-v2")).name())
                .isEqualTo(name.label());
    }

    @Test
    void keysAreKeptWhereEachProvidersOwnToolsLook() {
        assertThat(Provider.COHERE.keyVariables()).containsExactly("CO_API_KEY", "COHERE_API_KEY");
        assertThat(Provider.OLLAMA.keyVariables()).isEmpty();
        assertThat(Provider.META_LLAMA.keyVariables()).containsExactly("LLAMA_API_KEY");
        assertThat(Provider.LLAMA_CPP.keyVariables()).containsExactly("LLAMA_CPP_API_KEY");
        assertThat(Provider.of("azure").dialect()).isEqualTo(DialectName.AZURE_OPENAI);
    }

    @Test
    void unknownNamesAreRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> Provider.of("x"))
                .hasMessageStartingWith("there is no provider 'x'; there are openai, ")
                .hasMessageContaining("ollama");
        assertThatThrownBy(() -> DialectName.of("x"))
                .hasMessageStartingWith("there is no dialect 'x'; there are openai-chat, ")
                .hasMessageContaining("meta-llama");
    }
}
