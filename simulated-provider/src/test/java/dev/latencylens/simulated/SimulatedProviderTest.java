package dev.latencylens.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SimulatedProviderTest {
    @Test
    void portInUseIsAnError() throws Exception {
        try (RunningProvider server = RunningProvider.with("")) {
            int port = server.provider.port();
            assertThatThrownBy(() -> SimulatedProvider.start(
                            new ServerOptions(
                                    null, port, null, null, null, Set.of(), false, null, List.of(), Capacity.UNLIMITED),
                            Behaviour.defaults()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("cannot listen on")
                    .hasMessageContaining(Integer.toString(port));
        }
    }

    @Test
    void cpuThatDoesNotExistIsAnError() {
        assertThatThrownBy(() ->
                        SimulatedProvider.start(ServerOptions.defaults().withCpus(Set.of(1_000)), Behaviour.defaults()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1000");
        assertThatThrownBy(() ->
                        SimulatedProvider.start(ServerOptions.defaults().withCpus(Set.of(5_000)), Behaviour.defaults()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("5000");
    }

    @Test
    void pinnedAndSpinningServerAnswers() throws Exception {
        ServerOptions options = ServerOptions.defaults().withCpus(Set.of(0)).withSpin(true);
        try (RunningProvider server = new RunningProvider(options, Behaviour.defaults());
                RawHttp1 client = server.http1()) {
            assertThat(client.chat("ttft=2ms").status()).isEqualTo(200);
        }
    }

    @Test
    void hostMayBeNamed() throws Exception {
        ServerOptions options = new ServerOptions(
                "localhost", 0, null, null, null, Set.of(), false, null, List.of(), Capacity.UNLIMITED);
        try (RunningProvider server = new RunningProvider(options, Behaviour.defaults());
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.provider.port())) {
            assertThat(socket.isConnected()).isTrue();
            assertThat(server.provider.baseUrl()).hasToString("http://localhost:" + server.provider.port() + "/v1");
        }
    }

    @Test
    void portOutOfRangeIsNamed() {
        assertThatThrownBy(() -> new ServerOptions(
                        null, 70_000, null, null, null, Set.of(), false, null, List.of(), Capacity.UNLIMITED))
                .hasMessage("port: expected 0 to 65535, was '70000'");
    }

    @Test
    void closingTwiceIsHarmless() throws Exception {
        RunningProvider server = RunningProvider.with("");
        server.close();
        server.close();
    }

    @Test
    void sameSeedGivesTheSameGaps() throws Exception {
        assertThat(gaps(21)).isEqualTo(gaps(21)).isNotEqualTo(gaps(22));
    }

    /// The due instants of a stream, as its answer plans them.
    private static List<Long> gaps(long seed) {
        Behaviour behaviour = Behaviour.defaults().with("ttft=exponential:5ms; gap=lognormal:2ms:0.5; tokens=10");
        Plan plan = PlanTest.plan(Route.CHAT, behaviour, "{\"model\":\"m\",\"stream\":true}");
        Script stream = new Script(plan, new ChatWire(plan, new ChatText("m", 1)), new Dice(seed, 1));
        List<Long> due = new java.util.ArrayList<>();
        io.netty.buffer.ByteBuf sink = io.netty.buffer.Unpooled.buffer();
        while (stream.hasNext()) {
            due.add(stream.dueNs());
            stream.encode(sink);
        }
        return due;
    }
}
