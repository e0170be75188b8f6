package dev.latencylens.transport;

import io.netty.channel.EventLoop;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DefaultDnsCache;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.resolver.dns.DnsServerAddressStreamProviders;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Turns host names into addresses: the hosts file first, then the machine's DNS servers, asked from this loop.
///
/// Answers are kept as long as their time to live says, so that only a lookup that really happened is timed as
/// one.
final class Names implements AutoCloseable {
    private final EventLoop loop;
    private final SocketKind sockets;
    private final Duration timeout;
    private final DnsServerAddressStreamProvider servers;
    private final DefaultDnsCache cache = new DefaultDnsCache();
    private @Nullable DnsNameResolver resolver;

    /// Receives either addresses or the one-line reason why there are none.
    interface Answer {
        void looked(List<InetAddress> addresses, @Nullable String failure);
    }

    Names(EventLoop loop, SocketKind sockets, Duration timeout) {
        this(loop, sockets, timeout, DnsServerAddressStreamProviders.platformDefault());
    }

    Names(EventLoop loop, SocketKind sockets, Duration timeout, DnsServerAddressStreamProvider servers) {
        this.servers = servers;
        this.loop = loop;
        this.sockets = sockets;
        this.timeout = timeout;
    }

    /// False for an address and for a name whose addresses are still known.
    boolean needsLookup(String host) {
        return !isAddress(host) && known(host).isEmpty();
    }

    /// The addresses that need no lookup; empty where one is needed.
    List<InetAddress> known(String host) {
        byte[] literal = NetUtil.createByteArrayFromIpAddressString(host);
        if (literal != null) {
            try {
                return List.of(InetAddress.getByAddress(literal));
            } catch (UnknownHostException e) {
                throw new IllegalStateException("an address of " + literal.length + " bytes", e);
            }
        }
        var entries = cache.get(host + ".", null);
        if (entries == null) {
            return List.of();
        }
        return entries.stream()
                .map(entry -> entry.address())
                .filter(Objects::nonNull)
                .toList();
    }

    void lookUp(String host, Answer answer) {
        resolver().resolveAll(host).addListener((Future<List<InetAddress>> future) -> {
            if (future.isSuccess() && !future.getNow().isEmpty()) {
                answer.looked(future.getNow(), null);
            } else {
                answer.looked(List.of(), "the name '" + host + "' has no address: " + reason(future.cause()));
            }
        });
    }

    @Override
    public void close() {
        if (resolver != null) {
            resolver.close();
        }
    }

    private DnsNameResolver resolver() {
        if (resolver == null) {
            resolver = new DnsNameResolverBuilder(loop)
                    .datagramChannelType(sockets.datagramChannel())
                    .resolvedAddressTypes(ResolvedAddressTypes.IPV4_PREFERRED)
                    .queryTimeoutMillis(timeout.toMillis())
                    .nameServerProvider(servers)
                    .resolveCache(cache)
                    .build();
        }
        return resolver;
    }

    private static boolean isAddress(String host) {
        return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host);
    }

    private static String reason(@Nullable Throwable cause) {
        if (cause == null) {
            return "empty answer";
        }
        String message = String.valueOf(cause.getMessage());
        return message.length() <= 120 ? message : message.substring(0, 117) + "...";
    }
}
