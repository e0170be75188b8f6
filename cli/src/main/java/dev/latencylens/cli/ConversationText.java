package dev.latencylens.cli;

import dev.latencylens.stats.Summary;
import java.util.ArrayList;
import tools.jackson.core.JsonGenerator;

/// What became of a run's conversations, in words for the report and in `run.json`.
final class ConversationText {
    private ConversationText() {}

    static String of(Summary.Conversations all) {
        var ends = new ArrayList<String>();
        ends.add(Figures.count(all.completed()) + " completed");
        if (all.failed() > 0) {
            ends.add(Figures.count(all.failed()) + " broken off by a turn that failed");
        }
        if (all.textless() > 0) {
            ends.add(Figures.count(all.textless()) + " by an answer without text to repeat");
        }
        if (all.cut() > 0) {
            ends.add(Figures.count(all.cut()) + " cut off by the end of the run");
        }
        return Figures.count(all.begun()) + (all.begun() == 1 ? " conversation" : " conversations") + " begun: "
                + String.join(", ", ends)
                + (all.turnsUnsent() == 0
                        ? ""
                        : "; " + Figures.count(all.turnsUnsent()) + (all.turnsUnsent() == 1 ? " turn" : " turns")
                                + " of theirs never sent");
    }

    static String of(Summary.TurnInput input) {
        return Figures.count(input.answered()) + " answered, " + Figures.count(input.input()) + " input tokens, "
                + Figures.count(input.cached()) + " of them read from a cache"
                + (input.input() == 0 ? "" : " (" + Math.round(100.0 * input.cached() / input.input()) + " %)");
    }

    static void write(JsonGenerator json, Summary.Conversations all) {
        json.writeObjectPropertyStart("conversations");
        json.writeNumberProperty("begun", all.begun());
        json.writeNumberProperty("completed", all.completed());
        json.writeNumberProperty("failed", all.failed());
        json.writeNumberProperty("textless", all.textless());
        json.writeNumberProperty("cut", all.cut());
        json.writeNumberProperty("turnsUnsent", all.turnsUnsent());
        json.writeEndObject();
    }

    static void write(JsonGenerator json, Summary.TurnInput input) {
        json.writeNumberProperty("answered", input.answered());
        json.writeNumberProperty("input_total", input.input());
        json.writeNumberProperty("cached_read", input.cached());
    }
}
