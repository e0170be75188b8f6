package dev.latencylens.cli;

import java.util.List;
import picocli.CommandLine.Option;

/// The flags of what is told of a run's figures beside the figures.
final class StatisticsOptions {
    @Option(
            names = "--confidence-level",
            paramLabel = "PERCENT",
            description = "of the intervals of percentiles (default 95)")
    private String confidence = "95";

    @Option(
            names = "--goodput",
            arity = "1..*",
            paramLabel = "METRIC:MS",
            description = "what a request must meet to be good, such as ttft:500 tpot:50, in ms; failed ones are not")
    private List<String> goodput = List.of();

    @Option(
            names = "--steady",
            description = "measure only the part of the run in which ttft kept its level: what its requests did before"
                    + " is told and in no figure (default: all is measured, and the report tells where that begins)")
    private boolean steadyOnly;

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
