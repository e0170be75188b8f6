package dev.latencylens.calibration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.latencylens.exchange.ChunkKind;
import dev.latencylens.exchange.ChunkSink;
import dev.latencylens.exchange.Completion;
import dev.latencylens.exchange.StreamDecoder;
import dev.latencylens.exchange.Usage;
import dev.latencylens.provider.DialectName;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SampleAnswerTest {
    @ParameterizedTest
    @EnumSource
    void isAWholeAnswerOfAsManyChunksInItsDialect(DialectName dialect) {
        SampleAnswer answer = SampleAnswer.of(dialect, 20);
        StreamDecoder decoder = dialect.decoder(answer.body());
        List<String> texts = new ArrayList<>();
        var found = new ChunkSink() {
            @Override
            public void event(long endOffset, int bytes) {}

            @Override
            public void chunk(ChunkKind kind, int choice, int tokens, CharSequence text) {
                texts.add(kind + text.toString());
            }
        };
        for (byte[] event : answer.events()) {
            int before = texts.size();
            decoder.decode(event, 0, event.length, found);
            assertThat(texts.size() - before).as("chunks of one event").isLessThanOrEqualTo(1);
        }
        decoder.end(found);
        Completion completion = decoder.completion();

        assertThat(texts).hasSize(20).startsWith("TEXT The", "TEXT quick");
        assertThat(completion.malformed()).isNull();
        assertThat(completion.error()).isNull();
        assertThat(completion.whole()).isTrue();
        assertThat(completion.finishReasons()).hasSize(1);
        if (dialect != DialectName.META_LLAMA) {
            Usage usage = Objects.requireNonNull(completion.usage());
            assertThat(usage.outputTotal()).isEqualTo(20L);
        }
    }
}
