package dev.latencylens.provider;

import dev.latencylens.exchange.Header;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Signs requests with AWS Signature Version 4, in header fields.
///
/// The path is encoded once more than it is on the wire, as every service but S3 wants it: an id's `%3A` is signed
/// as
/// `%253A`. See "Create a signed AWS API request" in the IAM User Guide.
final class SigV4 {
    /// Where implementations differ.
    ///
    /// @param normalizePath whether `.`, `..` and empty segments are resolved before the path is signed
    /// @param sendBodyHash whether the body's hash goes in a field of its own, `x-amz-content-sha256`
    /// @param signToken whether a session token is signed, and not only sent
    record Rules(boolean normalizePath, boolean sendBodyHash, boolean signToken) {
        /// As AWS's SDKs sign for Bedrock.
        static final Rules BEDROCK = new Rules(true, true, true);
    }

    private static final String ALGORITHM = "AWS4-HMAC-SHA256";
    private static final String TERMINATOR = "aws4_request";
    private static final String UNRESERVED = "-_.~";
    private static final Pattern BLANKS = Pattern.compile("\\s+");
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final AwsCredentials credentials;
    private final String region;
    private final String service;
    private final Rules rules;

    SigV4(AwsCredentials credentials, String region, String service, Rules rules) {
        this.credentials = credentials;
        this.region = region;
        this.service = service;
        this.rules = rules;
    }

    /// The fields to send beside the request's own, `authorization` the last.
    ///
    /// @param target path and query as they are sent
    /// @param fields the request's fields that are to be signed, `host` among them
    List<Header> sign(String method, String target, List<Header> fields, byte[] body, Instant at) {
        String stamp = STAMP.format(at);
        String bodyHash = hex(sha256(body));
        List<Header> added = new ArrayList<>();
        List<Header> unsigned = new ArrayList<>();
        added.add(Header.of("x-amz-date", stamp));
        if (rules.sendBodyHash()) {
            added.add(Header.of("x-amz-content-sha256", bodyHash));
        }
        if (credentials.sessionToken() != null) {
            Header token = Header.secret(
                    "x-amz-security-token", credentials.sessionToken().reveal());
            (rules.signToken() ? added : unsigned).add(token);
        }
        List<Header> signed = Stream.concat(fields.stream(), added.stream()).toList();
        String scope = stamp.substring(0, 8) + "/" + region + "/" + service + "/" + TERMINATOR;
        String toSign = stringToSign(stamp, scope, canonicalRequest(method, target, signed, bodyHash));
        added.addAll(unsigned);
        added.add(Header.secret(
                "authorization",
                ALGORITHM + " Credential=" + credentials.accessKeyId() + "/" + scope + ", SignedHeaders="
                        + names(signed) + ", Signature=" + hex(hmac(key(stamp.substring(0, 8)), toSign))));
        return added;
    }

    String canonicalRequest(String method, String target, List<Header> signed, String bodyHash) {
        int mark = target.indexOf('?');
        String path = mark < 0 ? target : target.substring(0, mark);
        String query = mark < 0 ? "" : target.substring(mark + 1);
        StringBuilder request = new StringBuilder(method)
                .append('\n')
                .append(encode(rules.normalizePath() ? normalized(path) : path, UNRESERVED + "/"))
                .append('\n')
                .append(canonicalQuery(query))
                .append('\n');
        canonicalFields(signed)
                .forEach((name, value) ->
                        request.append(name).append(':').append(value).append('\n'));
        return request.append('\n')
                .append(names(signed))
                .append('\n')
                .append(bodyHash)
                .toString();
    }

    static String stringToSign(String stamp, String scope, String canonicalRequest) {
        return ALGORITHM + "\n" + stamp + "\n" + scope + "\n"
                + hex(sha256(canonicalRequest.getBytes(StandardCharsets.UTF_8)));
    }

    /// A segment of a path, or a part of a query, in which nothing is left that has a meaning of its own.
    static String encode(String text) {
        return encode(text, UNRESERVED);
    }

    private static String encode(String text, String kept) {
        StringBuilder encoded = new StringBuilder(text.length() + 16);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            boolean plain = (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9');
            if (plain || (b > 0 && kept.indexOf(b) >= 0)) {
                encoded.append((char) b);
            } else {
                encoded.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        return encoded.toString();
    }

    private static String normalized(String path) {
        Deque<String> segments = new ArrayDeque<>();
        for (String segment : path.split("/")) {
            switch (segment) {
                case "", "." -> {}
                case ".." -> segments.pollLast();
                default -> segments.addLast(segment);
            }
        }
        String end = path.endsWith("/") && !segments.isEmpty() ? "/" : "";
        return segments.stream().collect(Collectors.joining("/", "/", end));
    }

    /// The parameters, each part encoded exactly once, in the order of their names and then of their values.
    private static String canonicalQuery(String query) {
        record Parameter(String name, String value) {}
        List<Parameter> parameters = new ArrayList<>();
        for (String parameter : query.split("&")) {
            if (!parameter.isEmpty()) {
                int equals = parameter.indexOf('=');
                String name = equals < 0 ? parameter : parameter.substring(0, equals);
                String value = equals < 0 ? "" : parameter.substring(equals + 1);
                parameters.add(new Parameter(encode(decoded(name)), encode(decoded(value))));
            }
        }
        return parameters.stream()
                .sorted(Comparator.comparing(Parameter::name).thenComparing(Parameter::value))
                .map(parameter -> parameter.name() + "=" + parameter.value())
                .collect(Collectors.joining("&"));
    }

    private static String decoded(String text) {
        var bytes = new ByteArrayOutputStream();
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < encoded.length; i++) {
            if (encoded[i] == '%'
                    && i + 2 < encoded.length
                    && HexFormat.isHexDigit(encoded[i + 1])
                    && HexFormat.isHexDigit(encoded[i + 2])) {
                bytes.write(HexFormat.fromHexDigit(encoded[i + 1]) << 4 | HexFormat.fromHexDigit(encoded[i + 2]));
                i += 2;
            } else {
                bytes.write(encoded[i]);
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static String names(List<Header> signed) {
        return String.join(";", canonicalFields(signed).keySet());
    }

    private static SortedMap<String, String> canonicalFields(List<Header> signed) {
        SortedMap<String, String> fields = new TreeMap<>();
        for (Header field : signed) {
            String value = BLANKS.matcher(field.value().strip()).replaceAll(" ");
            fields.merge(field.name(), value, (before, more) -> before + "," + more);
        }
        return fields;
    }

    private byte[] key(String day) {
        byte[] secret = ("AWS4" + credentials.secretAccessKey().reveal()).getBytes(StandardCharsets.UTF_8);
        return hmac(hmac(hmac(hmac(secret, day), region), service), TERMINATOR);
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HmacSHA256", e);
        }
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
