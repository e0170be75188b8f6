package dev.latencylens.cli;

import static dev.latencylens.cli.Flags.named;

import java.util.List;

/// The flags of what is told of a run's figures beside the figures.
final class StatisticsOptions {
    private String confidence = "95";
    private List<String> goodput = List.of();
    private boolean steadyOnly;

    void declare(Flags flags) {
        flags.add(
                named("--confidence-level")
                        .paramLabel("PERCENT")
                        .description("of the intervals of percentiles (default 95)"),
                String.class,
                value -> confidence = value);
        flags.addList(
                named("--goodput")
                        .arity("1..*")
                        .paramLabel("METRIC:MS")
                        .description(
                                "what a request must meet to be good, such as ttft:500 tpot:50, in ms; failed ones are not"),
                String.class,
                value -> goodput = value);
        flags.add(
                named("--steady")
                        .description(
                                "measure only the part of the run in which ttft kept its level: what its requests did before"
                                        + " is told and in no figure (default: all is measured, and the report tells where that begins)"),
                Boolean.class,
                value -> steadyOnly = value);
    }

    boolean steadyOnly() {
        return steadyOnly;
    }

    double confidence() {
        return CompareCommand.confidence(confidence);
    }

    Objectives objectives() {
        return Objectives.parse(goodput);
    }
}
