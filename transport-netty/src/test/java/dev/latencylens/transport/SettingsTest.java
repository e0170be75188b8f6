package dev.latencylens.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SettingsTest {
    @Test
    void everyTimeoutMustBePositive() {
        assertThatThrownBy(() -> Client.timeouts(0, 1, 1, 1)).hasMessage("the connect timeout must be positive, was 0 ms");
        assertThatThrownBy(() -> Client.timeouts(1, -2, 1, 1))
                .hasMessage("the first byte timeout must be positive, was -2 ms");
        assertThatThrownBy(() -> Client.timeouts(1, 1, 0, 1)).hasMessage("the silence timeout must be positive, was 0 ms");
        assertThatThrownBy(() -> Client.timeouts(1, 1, 1, 0)).hasMessage("the whole timeout must be positive, was 0 ms");
        assertThat(Timeouts.DEFAULT.connect()).isEqualTo(Duration.ofSeconds(10));
    }

    @Test
    void aConnectionHasAtLeastOneStream() {
        assertThatThrownBy(() -> Client.to(Endpoint.parse("http://x")).maxStreams(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("streams per connection must be at least 1, was 0");
    }

    @Test
    void choicesAreNamedAsOnTheCommandLine() {
        assertThat(Arrays.stream(HttpVersion.values()).map(HttpVersion::label)).containsExactly("negotiated", "1.1", "2");
        assertThat(Arrays.stream(Reuse.values()).map(Reuse::label)).containsExactly("pooled", "never", "sticky");
        assertThat(Arrays.stream(SocketKind.values()).map(SocketKind::label)).containsExactly("epoll", "io_uring", "nio");
    }

    @Test
    void theBestSocketsAreEpollWhereItWorks() {
        assertThat(SocketKind.best())
                .isEqualTo(SocketKind.EPOLL.unavailable() == null ? SocketKind.EPOLL : SocketKind.NIO);
        assertThat(SocketKind.NIO.unavailable()).isNull();
    }
}
