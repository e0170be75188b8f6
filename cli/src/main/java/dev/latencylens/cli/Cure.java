package dev.latencylens.cli;

import dev.latencylens.exchange.Outcome;
import java.util.Locale;

/// What to do about a request that was not answered.
final class Cure {
    private Cure() {}

    static String of(Outcome outcome, Plan plan) {
        return switch (outcome.kind()) {
            case CONNECT_FAILED -> "is the server running, and are host and port right?";
            case DNS_FAILED -> "is the host name '" + plan.network().endpoint().host() + "' right?";
            case TLS_FAILED ->
                plan.network().tls().insecure()
                        ? "does the server speak TLS on this port?"
                        : "does the server speak TLS here, with a certificate for this host? give --ca-file FILE for a"
                                + " private authority";
            case HTTP_ERROR -> ofStatus(outcome.detail(), plan);
            case RATE_LIMITED -> "ask for less: lower --concurrency or --request-rate";
            case TIMEOUT ->
                (outcome.detail().contains("TLS handshake") ? "does the server speak TLS on this port? if so " : "")
                        + "give it longer (--timeout, --timeout-connect, --timeout-first-byte, --timeout-silence) or"
                        + " lower the load";
            case PROVIDER_ERROR -> "ask the provider, or look at its log";
            case CUT -> ofCut(outcome.detail(), plan);
            case MALFORMED, UNTERMINATED, COMPLETED ->
                "is " + plan.url() + " the base URL of a server that speaks " + plan.dialect() + "?";
            case RESET ->
                "look at the server's log, or at a proxy's between; a server that speaks another HTTP than asked"
                        + " resets too (--http 1.1)";
            case CANCELLED -> "let it run longer";
        };
    }

    private static String ofCut(String detail, Plan plan) {
        if (!detail.contains("before the first response byte")) {
            return "look at the server's log, or at a proxy's between: the answer began and was not ended";
        }
        return plan.network().endpoint().tls()
                ? "look at the server's log, or at a proxy's between"
                : "give --url with https:// if the server speaks TLS on this port; else look at its log, or at a proxy's"
                        + " between";
    }

    private static String ofStatus(String detail, Plan plan) {
        String status = detail.replaceFirst("^HTTP (\\d{3}).*", "$1").toLowerCase(Locale.ROOT);
        return switch (status) {
            case "301", "302", "303", "307", "308" ->
                "redirections are not followed, for their time would be in the figures: give --url where it points to";
            case "401", "403" ->
                plan.keySource() == null
                        ? "no key was sent; "
                                + (plan.keyVariable() == null ? "give --api-key" : "set " + plan.keyVariable())
                        : "check the key, it came from " + plan.keySource();
            case "404" -> "check --model '" + plan.model() + "' and the path of --url " + plan.url();
            case "400", "422" ->
                "check --model '" + plan.model() + "' and the options that the server may not know"
                        + " (--no-usage leaves one out)";
            default -> "ask the provider, or look at its log";
        };
    }
}
