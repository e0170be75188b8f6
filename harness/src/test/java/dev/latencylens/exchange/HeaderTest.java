package dev.latencylens.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class HeaderTest {
    @Test
    void aSecretValueIsNeverShown() {
        assertThat(Header.secret("Authorization", "Bearer k")).hasToString("authorization: ***");
        assertThat(Header.of("X-A", "b")).hasToString("x-a: b");
    }

    @Test
    void aNameIsAToken() {
        assertThatThrownBy(() -> Header.of("two words", "x")).hasMessageContaining("'two words'");
    }

    @Test
    void aValueThatCouldSmuggleALineIsRefusedWithoutBeingQuoted() {
        assertThatThrownBy(() -> Header.secret("x-key", "hush\r\nx: y"))
                .hasMessageContaining("'x-key'")
                .message()
                .doesNotContain("hush");
    }

    @Test
    void theFirstFieldOfANameIsFound() {
        var head = new ResponseHead(204, List.of(Header.of("A", "1"), Header.of("a", "2")));

        assertThat(head.header("a")).contains("1");
        assertThat(head.header("b")).isEmpty();
        assertThat(head.isSuccess()).isTrue();
        assertThat(new ResponseHead(301, List.of()).isSuccess()).isFalse();
    }

    @Test
    void aRequestTargetIsAPathWithoutBlanks() {
        assertThatThrownBy(() -> new Request("POST", "/a b", List.of(), new byte[0]))
                .hasMessageContaining("'/a b'");
        assertThatThrownBy(() -> new Request("POST", "a", List.of(), new byte[0]))
                .hasMessageContaining("'a'");
    }

    @Test
    void anAnswersLengthIsNotNegative() {
        assertThatThrownBy(() -> new Prompt("x", -1)).hasMessage("output length must not be negative, was -1");
    }
}
