package dev.latencylens.simulated;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Where and how a simulated provider listens.
///
/// `host` null is loopback: 127.0.0.1, and ::1 on the same port where the host has it. `port` 0 is
/// any free one. `record` is the file of the record of truth, `replay` a file that answers every
/// request or a folder from which a request picks with `replay=name`. `models` empty accepts every
/// model; `apiKey` null accepts every caller. `cpus` empty leaves the loop thread unpinned.
public record ServerOptions(
        @Nullable String host,
        int port,
        @Nullable TlsIdentity tls,
        @Nullable Path record,
        @Nullable Path replay,
        Set<Integer> cpus,
        boolean spin,
        @Nullable String apiKey,
        List<String> models,
        Capacity capacity) {
    public ServerOptions {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port: expected 0 to 65535, was '" + port + "'");
        }
        cpus = Set.copyOf(cpus);
        models = List.copyOf(models);
    }

    /// Cleartext on any free loopback port, without a record.
    public static ServerOptions defaults() {
        return new ServerOptions(null, 0, null, null, null, Set.of(), false, null, List.of(), Capacity.UNLIMITED);
    }

    public ServerOptions withTls(TlsIdentity identity) {
        return new ServerOptions(host, port, identity, record, replay, cpus, spin, apiKey, models, capacity);
    }

    public ServerOptions withRecord(Path file) {
        return new ServerOptions(host, port, tls, file, replay, cpus, spin, apiKey, models, capacity);
    }

    public ServerOptions withReplay(Path fileOrFolder) {
        return new ServerOptions(host, port, tls, record, fileOrFolder, cpus, spin, apiKey, models, capacity);
    }

    public ServerOptions withApiKey(String key) {
        return new ServerOptions(host, port, tls, record, replay, cpus, spin, key, models, capacity);
    }

    public ServerOptions withModels(List<String> known) {
        return new ServerOptions(host, port, tls, record, replay, cpus, spin, apiKey, known, capacity);
    }

    public ServerOptions withSpin(boolean on) {
        return new ServerOptions(host, port, tls, record, replay, cpus, on, apiKey, models, capacity);
    }

    public ServerOptions withCpus(Set<Integer> ids) {
        return new ServerOptions(host, port, tls, record, replay, ids, spin, apiKey, models, capacity);
    }

    public ServerOptions withCapacity(Capacity shared) {
        return new ServerOptions(host, port, tls, record, replay, cpus, spin, apiKey, models, shared);
    }
}
