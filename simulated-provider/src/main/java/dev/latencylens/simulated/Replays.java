package dev.latencylens.simulated;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The recorded bodies that a server may replay: one file for all requests, or a folder to pick from.
final class Replays {
    private final @Nullable Path folder;
    private final @Nullable ReplayFile always;
    private final Map<String, ReplayFile> read = new HashMap<>();

    Replays(@Nullable Path fileOrFolder) throws IOException {
        boolean isFolder = fileOrFolder != null && Files.isDirectory(fileOrFolder);
        this.folder = fileOrFolder != null && isFolder ? fileOrFolder.toRealPath() : null;
        this.always = fileOrFolder != null && !isFolder ? ReplayFile.read(fileOrFolder) : null;
    }

    /// The file for a request, or null when nothing is replayed. A name leads nowhere outside the folder.
    @Nullable
    ReplayFile find(Behaviour behaviour) {
        String name = behaviour.replay;
        if (name == null) {
            return always;
        }
        if (folder == null) {
            throw new IllegalArgumentException("replay: the server has no replay folder to find '" + name + "' in");
        }
        ReplayFile known = read.get(name);
        if (known != null) {
            return known;
        }
        try {
            Path file = folder.resolve(name).toRealPath();
            if (!file.startsWith(folder) || !Files.isRegularFile(file)) {
                throw new IllegalArgumentException("replay: no file '" + name + "' in the replay folder");
            }
            ReplayFile replay = ReplayFile.read(file);
            read.put(name, replay);
            return replay;
        } catch (IOException e) {
            throw new IllegalArgumentException("replay: no file '" + name + "' in the replay folder", e);
        }
    }
}
