package dev.latencylens.transport;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/// A server on loopback that does to each connection what its script says, byte for byte.
final class Peer implements AutoCloseable {
    private static final Pattern CONTENT_LENGTH = Pattern.compile("(?i)content-length: *(\\d+)");

    /// What happens on one connection; afterwards it is closed.
    interface Script {
        void serve(Line line) throws IOException;
    }

    /// Requests as read, in the order of arrival, over all connections.
    final List<String> requests = new CopyOnWriteArrayList<>();

    private final ServerSocket server;
    private final @Nullable Identity identity;
    private final Script script;
    private final AtomicInteger connections = new AtomicInteger();
    private final List<Line> lines = new CopyOnWriteArrayList<>();

    private Peer(String address, @Nullable Identity identity, Script script) {
        try {
            server = new ServerSocket(0, 50, InetAddress.getAllByName(address)[0]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.identity = identity;
        this.script = script;
        Thread.ofVirtual().start(this::accept);
    }

    static Peer serving(Script script) {
        return at("127.0.0.1", script);
    }

    static Peer at(String address, Script script) {
        return new Peer(address, null, script);
    }

    /// Speaks TLS with this identity.
    static Peer serving(Identity identity, Script script) {
        return new Peer("127.0.0.1", identity, script);
    }

    /// Answers every request on a kept connection with this.
    static Script answering(String... pieces) {
        return line -> {
            while (line.hasRequest()) {
                line.write(pieces);
            }
        };
    }

    /// A response of known length.
    static String ok(String body) {
        return "HTTP/1.1 200 OK\r\ncontent-length: " + body.length() + "\r\n\r\n" + body;
    }

    int port() {
        return server.getLocalPort();
    }

    int connections() {
        return connections.get();
    }

    Endpoint endpoint() {
        String scheme = identity == null ? "http" : "https";
        return Endpoint.parse(scheme + "://127.0.0.1:" + port());
    }

    Endpoint endpoint(String host) {
        Endpoint byAddress = endpoint();
        return new Endpoint(byAddress.tls(), host, byAddress.port(), "");
    }

    /// Closes every connection there is, from outside the script.
    void closeConnections() {
        for (Line line : lines) {
            line.close();
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket tcp = server.accept();
                Socket socket = identity == null ? tcp : identity.wrap(tcp);
                var line = new Line(tcp, socket, connections.incrementAndGet());
                lines.add(line);
                Thread.ofVirtual().start(() -> serve(line));
            } catch (IOException e) {
                // Closed, or a client that left before it was accepted.
            }
        }
    }

    private void serve(Line line) {
        try {
            script.serve(line);
        } catch (IOException e) {
            // The client broke off, which is the client's test's affair.
        } finally {
            line.close();
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        closeConnections();
    }

    /// One connection, from the server's side.
    final class Line {
        /// Counts the peer's connections from 1.
        final int number;

        final Socket socket;
        private final Socket tcp;
        private String lastRequest = "";

        private Line(Socket tcp, Socket socket, int number) {
            this.tcp = tcp;
            this.socket = socket;
            this.number = number;
        }

        /// Reads one HTTP/1.1 request with its body; false if the client has closed instead.
        boolean hasRequest() throws IOException {
            InputStream in = socket.getInputStream();
            var head = new ByteArrayOutputStream();
            while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
                int next = in.read();
                if (next < 0) {
                    return false;
                }
                head.write(next);
            }
            String text = head.toString(StandardCharsets.ISO_8859_1);
            Matcher length = CONTENT_LENGTH.matcher(text);
            byte[] body = length.find() ? in.readNBytes(Integer.parseInt(length.group(1))) : new byte[0];
            lastRequest = text + new String(body, StandardCharsets.ISO_8859_1);
            requests.add(lastRequest);
            return true;
        }

        /// The request that this connection read last.
        String lastRequest() {
            return lastRequest;
        }

        void write(String... pieces) throws IOException {
            for (String piece : pieces) {
                write(piece.getBytes(StandardCharsets.ISO_8859_1));
            }
        }

        void write(byte[] bytes) throws IOException {
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
        }

        /// Reads until the client closes.
        void awaitClose() throws IOException {
            socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
        }

        /// Ends the connection with a TCP reset.
        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        /// Reads what an HTTP/2 client sends first.
        void preface() throws IOException {
            socket.getInputStream().readNBytes(24);
        }

        Frames.Frame frame() throws IOException {
            InputStream in = socket.getInputStream();
            byte[] header = in.readNBytes(9);
            if (header.length < 9) {
                throw new IOException("the client has closed");
            }
            int length = ((header[0] & 0xFF) << 16) | ((header[1] & 0xFF) << 8) | (header[2] & 0xFF);
            return Frames.read(Frames.joined(header, in.readNBytes(length))).getFirst();
        }

        /// Reads frames up to the one that ends this stream's request.
        void endOfRequest(int stream) throws IOException {
            Frames.Frame frame = frame();
            while (frame.stream() != stream || frame.type() > Frames.HEADERS || !frame.endsStream()) {
                frame = frame();
            }
        }

        /// What ALPN agreed on; empty for nothing.
        String protocolAfterHandshake() throws IOException {
            var tls = (SSLSocket) socket;
            tls.startHandshake();
            return tls.getApplicationProtocol();
        }

        /// Writes to the TCP connection under a TLS one.
        void beneathTls(byte[] bytes) throws IOException {
            tcp.getOutputStream().write(bytes);
            tcp.getOutputStream().flush();
        }

        /// Keeps the TCP connection open, whatever comes under TLS, until the client closes it.
        void stayUntilClosed() throws IOException {
            tcp.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
        }

        /// Ends the TCP connection under a TLS one, which says nothing.
        void abort() throws IOException {
            tcp.shutdownOutput();
            stayUntilClosed();
        }

        void close() {
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
