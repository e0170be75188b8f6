package dev.latencylens.simulated;

/// An answer that is made up as planned, in the words of its dialect.
abstract sealed class PlannedAnswer extends Answer permits Script, WholeAnswer {
    final Plan plan;
    final Wire wire;
    /// What the next event holds.
    final Moment at = new Moment();

    PlannedAnswer(Plan plan, Wire wire) {
        this.plan = plan;
        this.wire = wire;
    }

    @Override
    final int tokens() {
        return at.tokens;
    }

    @Override
    final int choice() {
        return at.choice;
    }

    @Override
    final int completionTokens() {
        return plan.completionTokens();
    }

    @Override
    final int reasoningTokens() {
        return plan.reasoningTokens();
    }

    @Override
    final int promptTokens() {
        return plan.promptTokens();
    }
}
