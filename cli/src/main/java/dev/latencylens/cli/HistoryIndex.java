package dev.latencylens.cli;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is known of the runs below a folder, in an SQLite file beside them: a table that can be queried, and the
/// reason why a thousand runs are listed without reading a thousand files.
final class HistoryIndex implements AutoCloseable {
    static final String FILE = "history.sqlite";

    /// Rises when the table changes, or which runs are in it; one of another version is made anew.
    private static final int VERSION = 2;

    private static final String TABLE = """
            CREATE TABLE IF NOT EXISTS run (
                folder TEXT PRIMARY KEY, modified_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
                started_at TEXT NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL, arrivals TEXT NOT NULL,
                concurrency INTEGER NOT NULL, state TEXT NOT NULL, verdict TEXT NOT NULL,
                measured INTEGER NOT NULL, answered INTEGER NOT NULL, ttft_p50_ns INTEGER, e2e_p50_ns INTEGER)""";

    private final Connection connection;

    HistoryIndex(Path folder) throws SQLException {
        connection = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve(FILE));
        try (Statement statement = connection.createStatement()) {
            if (version(statement) != VERSION) {
                statement.execute("DROP TABLE IF EXISTS run");
                statement.execute("PRAGMA user_version = " + VERSION);
            }
            statement.execute(TABLE);
        }
    }

    List<History.Entry> read() throws SQLException {
        var entries = new ArrayList<History.Entry>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT * FROM run")) {
            while (row.next()) {
                entries.add(new History.Entry(
                        row.getString("folder"),
                        row.getLong("modified_ms"),
                        row.getLong("bytes"),
                        new History.Facts(
                                row.getString("started_at"),
                                row.getString("model"),
                                row.getString("provider"),
                                row.getString("arrivals"),
                                row.getLong("concurrency"),
                                row.getString("state"),
                                row.getString("verdict"),
                                row.getLong("measured"),
                                row.getLong("answered"),
                                whole(row, "ttft_p50_ns"),
                                whole(row, "e2e_p50_ns"))));
            }
        }
        return entries;
    }

    /// Makes the table what the folders are.
    ///
    /// @param known what was in it
    void write(List<History.Entry> entries, Map<String, History.Entry> known) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement put = connection.prepareStatement(
                        "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
                PreparedStatement remove = connection.prepareStatement("DELETE FROM run WHERE folder = ?")) {
            for (History.Entry entry : entries) {
                if (!entry.equals(known.get(entry.folder()))) {
                    put(put, entry);
                }
            }
            Map<String, History.Entry> there = History.byFolder(entries);
            for (String folder : known.keySet()) {
                if (!there.containsKey(folder)) {
                    remove.setString(1, folder);
                    remove.executeUpdate();
                }
            }
        }
        connection.commit();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }

    private static void put(PreparedStatement put, History.Entry entry) throws SQLException {
        History.Facts facts = entry.facts();
        List<@Nullable Object> values = new ArrayList<>(List.of(
                entry.folder(),
                entry.modifiedMs(),
                entry.bytes(),
                facts.startedAt(),
                facts.model(),
                facts.provider(),
                facts.arrivals(),
                facts.concurrency(),
                facts.state(),
                facts.verdict(),
                facts.measured(),
                facts.answered()));
        values.add(facts.ttftP50Ns());
        values.add(facts.e2eP50Ns());
        for (int i = 0; i < values.size(); i++) {
            put.setObject(i + 1, values.get(i));
        }
        put.executeUpdate();
    }

    private static int version(Statement statement) throws SQLException {
        try (ResultSet version = statement.executeQuery("PRAGMA user_version")) {
            return version.next() ? version.getInt(1) : 0;
        }
    }

    private static @Nullable Long whole(ResultSet row, String column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? null : value;
    }
}
