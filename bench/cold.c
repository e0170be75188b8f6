// What a pause does to a machine's caches, without any virtual machine: polls an empty epoll for GAP_MS milliseconds, as an I/O
// thread with `--io-wait spin` does, then times the reading of LINES cache lines that nobody touched meanwhile. Prints the p50
// and p99 of 500 such readings in nanoseconds. LINES 0 is the two readings of the clock alone.
//
//   cold CPU GAP_MS LINES
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum { SAMPLES = 500, LINE_BYTES = 64 };

static long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: cold CPU GAP_MS LINES\n");
        return 2;
    }
    cpu_set_t cpu;
    CPU_ZERO(&cpu);
    CPU_SET(atoi(arguments[1]), &cpu);
    long gap_ns = atol(arguments[2]) * 1000000;
    size_t bytes = (size_t)atol(arguments[3]) * LINE_BYTES;
    volatile char *memory = malloc(bytes + 1);
    int poll = epoll_create1(0);
    if (sched_setaffinity(0, sizeof cpu, &cpu) != 0 || memory == NULL || poll < 0) {
        perror("cold");
        return 2;
    }
    memset((void *)memory, 1, bytes + 1);
    struct epoll_event ready;
    long took_ns[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        for (long since_ns = now_ns(); now_ns() - since_ns < gap_ns;) {
            epoll_wait(poll, &ready, 1, 0);
        }
        long began_ns = now_ns();
        for (size_t at = 0; at < bytes; at += LINE_BYTES) {
            memory[at];
        }
        took_ns[i] = now_ns() - began_ns;
    }
    qsort(took_ns, SAMPLES, sizeof took_ns[0], ascending);
    printf("%ld %ld\n", took_ns[SAMPLES / 2], took_ns[SAMPLES * 99 / 100]);
    return 0;
}
