package dev.latencylens.simulated;

import java.util.HashSet;
import java.util.Set;

/// Which beginnings of prompts were seen before. Used on the loop thread.
final class PromptCache {
    /// Forgets everything when this many are known.
    private static final int MOST_KNOWN = 200_000;
    /// Anthropic's documentation: parts before a breakpoint that are looked at for what an earlier request has
    /// written.
    private static final int MOST_PARTS_BACK = 20;

    /// The block of a provider without a cache: no prompt is as long.
    static final int NO_BLOCKS = Integer.MAX_VALUE;

    private final Set<Long> known = new HashSet<>();

    /// What a provider keeps of prompts.
    ///
    /// @param block tokens of a block, of which beginnings are kept in whole; 0 keeps what the request marks
    /// @param minimum tokens of the shortest beginning that is kept
    record Rule(int block, int minimum) {
        /// OpenAI's and Azure's guides: from 1,024 tokens on in steps of 128.
        private static final Rule OPENAI = new Rule(128, 1_024);
        /// Anthropic's documentation: at breakpoints, from 1,024 tokens on for most models. Bedrock has both from
        /// it.
        private static final Rule ANTHROPIC = new Rule(0, 1_024);
        /// Google's announcement of implicit caching: 1,024 tokens for Flash. Steps are not published.
        private static final Rule GEMINI = new Rule(1, 1_024);
        /// vLLM's automatic prefix caching, with its default `--block-size`.
        private static final Rule VLLM = new Rule(16, 16);

        static Rule of(Behaviour behaviour, Dialect dialect) {
            Rule usual = switch (dialect) {
                case OPENAI_CHAT, OPENAI_RESPONSES, AZURE_OPENAI -> OPENAI;
                case ANTHROPIC, BEDROCK_CONVERSE, BEDROCK_INVOKE -> ANTHROPIC;
                case GEMINI -> GEMINI;
                case COHERE, MISTRAL, META_LLAMA, OLLAMA -> VLLM;
            };
            Rule said = behaviour.cacheBlock < 0 ? usual : new Rule(behaviour.cacheBlock, behaviour.cacheBlock);
            return new Rule(said.block, behaviour.cacheMinimum < 0 ? said.minimum : behaviour.cacheMinimum);
        }
    }

    /// Tokens that were found, and those that were not and can be found from now on.
    record Found(int read, int written) {}

    Found look(Prompt prompt, Rule rule) {
        if (known.size() >= MOST_KNOWN) {
            known.clear();
        }
        return rule.block() == 0 ? marked(prompt, rule.minimum()) : blocks(prompt, rule.minimum());
    }

    /// Whoever knows a beginning knows the shorter ones too, so the longest is found by halving.
    private Found blocks(Prompt prompt, int minimum) {
        int least = 0;
        while (least < prompt.beginnings() && prompt.wordsOf(least) < minimum) {
            least++;
        }
        int unknown = prompt.beginnings();
        int next = least;
        while (next < unknown) {
            int middle = (next + unknown) >>> 1;
            if (known.contains(prompt.hashOf(middle))) {
                next = middle + 1;
            } else {
                unknown = middle;
            }
        }
        for (int i = unknown; i < prompt.beginnings(); i++) {
            known.add(prompt.hashOf(i));
        }
        int read = unknown == least ? 0 : prompt.wordsOf(unknown - 1);
        int last = prompt.beginnings() - 1;
        return new Found(read, last < least ? 0 : prompt.wordsOf(last) - read);
    }

    private Found marked(Prompt prompt, int minimum) {
        int read = 0;
        int last = 0;
        for (int mark : prompt.marks()) {
            for (int i = mark; i >= Math.max(0, mark - MOST_PARTS_BACK); i--) {
                int words = prompt.wordsOf(i);
                if (words >= minimum && words > read && known.contains(prompt.hashOf(i))) {
                    read = words;
                }
            }
        }
        for (int mark : prompt.marks()) {
            if (prompt.wordsOf(mark) >= minimum) {
                known.add(prompt.hashOf(mark));
                last = Math.max(last, prompt.wordsOf(mark));
            }
        }
        return new Found(read, Math.max(0, last - read));
    }
}
