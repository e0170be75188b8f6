package dev.latencylens.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class TimelineTest {
    @Test
    void whatDidNotHappenIsAbsent() {
        var timeline = new Timeline();
        timeline.set(Moment.STARTED, 0);

        assertThat(timeline.atNs(Moment.STARTED)).hasValue(0);
        assertThat(timeline.atNs(Moment.FIRST_TOKEN)).isEmpty();
        assertThat(timeline.betweenNs(Moment.STARTED, Moment.FIRST_TOKEN)).isEmpty();
        assertThat(timeline.betweenNs(Moment.FIRST_TOKEN, Moment.STARTED)).isEmpty();
    }

    @Test
    void aDifferenceKeepsItsSign() {
        var timeline = new Timeline();
        timeline.set(Moment.REQUEST_END, 30);
        timeline.set(Moment.RESPONSE_START, 10);

        assertThat(timeline.betweenNs(Moment.REQUEST_END, Moment.RESPONSE_START))
                .hasValue(-20);
    }

    @Test
    void instantsBeforeTheClocksZeroAreInstantsLikeAnyOther() {
        var timeline = new Timeline();
        timeline.set(Moment.STARTED, -50);
        timeline.setIfAbsent(Moment.STARTED, -40);
        timeline.setIfAbsent(Moment.FIRST_TOKEN, -20);

        assertThat(timeline.betweenNs(Moment.STARTED, Moment.FIRST_TOKEN)).hasValue(30);
    }

    @Test
    void chunksOfOneReadAreCoalescedButNotTheFirstOfThem() {
        var chunks = new Chunks();
        for (long atNs : new long[] {10, 10, 20, 30, 30, 30}) {
            chunks.add(atNs, FlightLog.NO_STAMP, ChunkKind.TEXT, 1, 5);
        }

        assertThat(chunks.isCoalesced(0)).isFalse();
        assertThat(chunks.isCoalesced(1)).isTrue();
        assertThat(chunks.isCoalesced(2)).isFalse();
        assertThat(chunks.isCoalesced(3)).isFalse();
        assertThat(chunks.isCoalesced(5)).isTrue();
    }

    /// As a burst of more bytes than one read brings.
    @Test
    void chunksOfOneSegmentThatTookSeveralReadsAreCoalesced() {
        var chunks = new Chunks();
        chunks.add(10, 5, ChunkKind.TEXT, 1, 5);
        chunks.add(11, 5, ChunkKind.TEXT, 1, 5);
        chunks.add(12, 6, ChunkKind.TEXT, 1, 5);

        assertThat(chunks.isCoalesced(1)).isTrue();
        assertThat(chunks.isCoalesced(2)).isFalse();
    }

    @Test
    void theKernelsStampIsTheArrivalWhereThereIsOne() {
        var chunks = new Chunks();
        chunks.add(100, 90, ChunkKind.REASONING, 2, 7);
        chunks.add(200, FlightLog.NO_STAMP, ChunkKind.TOOL, 3, 8);

        assertThat(chunks.atNs(0)).isEqualTo(90);
        assertThat(chunks.userAtNs(0)).isEqualTo(100);
        assertThat(chunks.atNs(1)).isEqualTo(200);
        assertThat(chunks.kind(0)).isEqualTo(ChunkKind.REASONING);
        assertThat(chunks.bytes(1)).isEqualTo(8);
        assertThat(chunks.totalTokens()).isEqualTo(5);
    }

    @Test
    void oneChunkOfUnknownTokensLeavesTheTotalUnknown() {
        var chunks = new Chunks();
        chunks.add(1, FlightLog.NO_STAMP, ChunkKind.TEXT, 4, 1);
        chunks.add(2, FlightLog.NO_STAMP, ChunkKind.TEXT, ChunkSink.UNKNOWN_TOKENS, 1);

        assertThat(chunks.totalTokens()).isEqualTo(ChunkSink.UNKNOWN_TOKENS);
    }

    @Test
    void aLongStreamKeepsEveryChunk() {
        var chunks = new Chunks();
        for (int i = 0; i < 1_000; i++) {
            // Every third shares the read of the one before it.
            chunks.add((i - (i % 3 == 2 ? 1 : 0)) * 10L, i * 10L - 5, ChunkKind.TEXT, i, i + 1);
        }

        assertThat(chunks.size()).isEqualTo(1_000);
        for (int i = 0; i < 1_000; i++) {
            assertThat(chunks.atNs(i)).isEqualTo(i * 10L - 5);
            assertThat(chunks.userAtNs(i)).isEqualTo((i - (i % 3 == 2 ? 1 : 0)) * 10L);
            assertThat(chunks.kind(i)).isEqualTo(ChunkKind.TEXT);
            assertThat(chunks.tokens(i)).isEqualTo(i);
            assertThat(chunks.bytes(i)).isEqualTo(i + 1);
            assertThat(chunks.isCoalesced(i)).isEqualTo(i % 3 == 2);
        }
    }

    @Test
    void aTokenizersCountsGoToTheChunksThatHadNone() {
        var chunks = new Chunks();
        for (int i = 0; i < 200; i++) {
            chunks.add(i, FlightLog.NO_STAMP, ChunkKind.TEXT, i % 2 == 0 ? 1 : ChunkSink.UNKNOWN_TOKENS, 1);
        }
        var counted = new int[200];
        Arrays.setAll(counted, i -> 1_000 + i);

        chunks.count(counted);

        assertThat(chunks.tokens(150)).isEqualTo(1);
        assertThat(chunks.tokens(151)).isEqualTo(1_151);
        assertThat(chunks.countedByTokenizer()).isTrue();
    }
}
