package dev.latencylens.simulated;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// An HTTP/1.1 client that keeps every byte it saw.
final class RawHttp1 implements AutoCloseable {
    static final String CHAT = """
        {"model":"m","stream":true,"stream_options":{"include_usage":true},\
        "messages":[{"role":"user","content":"how late are you"}]}\
        """;
    static final String WHOLE = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"how late are you\"}]}";

    /// How a response ended.
    enum End {
        PROPER,
        CLOSED,
        RESET
    }

    /// A response as it was read; `bytes` counts all of it, framing included.
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Response(String head, byte[] body, List<Integer> chunkSizes, long bytes, End end) {
        int status() {
            return Integer.parseInt(head.split(" ")[1]);
        }

        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private long read;

    RawHttp1(int port) throws IOException {
        this(new Socket(InetAddress.getLoopbackAddress(), port));
    }

    RawHttp1(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(20_000);
        this.in = new java.io.BufferedInputStream(socket.getInputStream());
        this.out = socket.getOutputStream();
    }

    Response chat(String simulate) throws IOException {
        return chat(simulate, CHAT);
    }

    Response chat(String simulate, String body) throws IOException {
        return send(simulate.isEmpty() ? "" : "X-Simulate: " + simulate + "\r\n", body);
    }

    Response send(String headers, String body) throws IOException {
        write(post(headers, body));
        return readResponse();
    }

    static String post(String headers, String body) {
        int length = body.getBytes(StandardCharsets.UTF_8).length;
        return "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + headers
                + "Content-Length: " + length + "\r\n\r\n" + body;
    }

    void write(String text) throws IOException {
        write(text.getBytes(StandardCharsets.UTF_8));
    }

    void write(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    /// One byte, or -1 at the end.
    int readByte() throws IOException {
        int b = in.read();
        if (b >= 0) {
            read++;
        }
        return b;
    }

    String readHead() throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int b = readByte();
            if (b < 0) {
                throw new EOFException("no head: " + head);
            }
            head.append((char) b);
        }
        return head.toString();
    }

    Response readResponse() throws IOException {
        long before = read;
        String head = readHead();
        String lower = head.toLowerCase(Locale.ROOT);
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        List<Integer> sizes = new ArrayList<>();
        End end = End.PROPER;
        try {
            if (lower.contains("transfer-encoding: chunked")) {
                readChunks(body, sizes);
            } else {
                int at = lower.indexOf("content-length: ");
                long length =
                        at < 0 ? Long.MAX_VALUE : Long.parseLong(lower.substring(at + 16, lower.indexOf('\r', at)));
                while (body.size() < length) {
                    int b = readByte();
                    if (b < 0) {
                        end = at < 0 ? End.PROPER : End.CLOSED;
                        break;
                    }
                    body.write(b);
                }
            }
        } catch (EOFException e) {
            end = End.CLOSED;
        } catch (java.net.SocketException e) {
            end = End.RESET;
        }
        return new Response(head, body.toByteArray(), sizes, read - before, end);
    }

    private void readChunks(ByteArrayOutputStream body, List<Integer> sizes) throws IOException {
        while (true) {
            int size = Integer.parseInt(readLine(), 16);
            for (int i = 0; i < size; i++) {
                body.write(need());
            }
            readLine();
            if (size == 0) {
                return;
            }
            sizes.add(size);
        }
    }

    private String readLine() throws IOException {
        StringBuilder line = new StringBuilder();
        while (true) {
            int b = need();
            if (b == '\n') {
                return line.toString().strip();
            }
            line.append((char) b);
        }
    }

    private int need() throws IOException {
        int b = readByte();
        if (b < 0) {
            throw new EOFException("the connection was closed");
        }
        return b;
    }

    /// Whether the server ends the connection without a further byte.
    boolean isClosedByServer() throws IOException {
        return readByte() < 0;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
