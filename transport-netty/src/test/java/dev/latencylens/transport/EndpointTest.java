package dev.latencylens.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EndpointTest {
    @ParameterizedTest
    @CsvSource({
        "https://api.openai.com/v1, true, api.openai.com, 443, /v1, api.openai.com",
        "https://api.openai.com/v1/, true, api.openai.com, 443, /v1, api.openai.com",
        "https://api.openai.com:443//, true, api.openai.com, 443, '', api.openai.com",
        "http://localhost:8000, false, localhost, 8000, '', localhost:8000",
        "http://localhost, false, localhost, 80, '', localhost",
        "HTTP://LocalHost:443/V1, false, localhost, 443, /V1, localhost:443",
        "'  http://10.0.0.1:1/a/b ', false, 10.0.0.1, 1, /a/b, 10.0.0.1:1",
        "http://[::1]:8080/v1, false, ::1, 8080, /v1, [::1]:8080",
        "https://[fe80::1], true, fe80::1, 443, '', [fe80::1]",
        "http://x/a%20b, false, x, 80, /a%20b, x"
    })
    void aBaseUrlIsReadIntoItsParts(String url, boolean tls, String host, int port, String basePath, String authority) {
        Endpoint endpoint = Endpoint.parse(url);

        assertThat(endpoint).isEqualTo(new Endpoint(tls, host, port, basePath));
        assertThat(endpoint.authority()).isEqualTo(authority);
        assertThat(endpoint).hasToString((tls ? "https://" : "http://") + authority + basePath);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "localhost:8000 | it has no http:// or https:// in front",
                "api.openai.com/v1 | it has no http:// or https:// in front",
                "'' | it has no http:// or https:// in front",
                "ftp://host | its scheme is 'ftp', not http or https",
                "http:///v1 | it names no valid host",
                "http://under_score/v1 | it names no valid host",
                "http://host:0 | port 0 is not between 1 and 65535",
                "http://host:65536 | port 65536 is not between 1 and 65535",
                "http://host/v1?key=1 | a base URL has no query and no fragment",
                "http://host/v1#top | a base URL has no query and no fragment",
                "http://a23456789b23456789c23456789d23456789e23456789f23456789g23456789h.io | a part of its host has more than 63 characters",
                "http://ho st/v1 | Illegal character in authority at position 9",
                "http://host/v 1 | Illegal character in path at position 13"
            })
    void aBadUrlIsQuotedWithWhatIsWrongAndTheCure(String url, String why) {
        assertThatThrownBy(() -> Endpoint.parse(url))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("bad URL '" + url + "': " + why + "; give a base URL such as https://api.openai.com/v1");
    }

    @Test
    void credentialsInTheUrlAreRefusedWithoutBeingShown() {
        assertThatThrownBy(() -> Endpoint.parse("https://user:canary@host"))
                .hasMessageContaining("holds a user name or password")
                .hasMessageNotContaining("canary");
    }
}
