// What the kernel's way from a write to a read takes by itself: the same load as bench/accuracy's over plain TCP, without
// any HTTP, TLS or virtual machine. One thread on the server's CPU stamps and writes 220 bytes when they are due, one on
// the client's CPU polls, reads and stamps. Prints the arrival error's p50, p90, p99, p99.9 and max in microseconds.
//
//   floor CLIENT_CPU SERVER_CPU STREAMS TOKENS_PER_SECOND SECONDS
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BYTES = 220, MOST_STREAMS = 4096 };

static int client[MOST_STREAMS], server[MOST_STREAMS];
static int server_cpu, streams, tokens;
static long gap_ns;
static long *written, *arrived;

static void check(int ok, const char *what) {
    if (!ok) {
        perror(what);
        exit(2);
    }
}

static long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    check(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

static void *serve(void *unused) {
    pin(server_cpu);
    char bytes[BYTES] = {0};
    long due = now_ns() + 100000000;
    for (int i = 0; i < tokens; i++, due += gap_ns) {
        struct timespec at = {due / 1000000000L, due % 1000000000L};
        if (now_ns() < due) {
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        }
        memcpy(bytes, &i, sizeof i);
        written[i] = now_ns();
        check(write(server[i % streams], bytes, BYTES) == BYTES, "write");
    }
    return unused;
}

static int by_size(const void *a, const void *b) {
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

int main(int count, char **words) {
    if (count != 6 || (streams = atoi(words[3])) < 1 || streams > MOST_STREAMS) {
        fprintf(stderr, "usage: floor CLIENT_CPU SERVER_CPU STREAMS TOKENS_PER_SECOND SECONDS\n");
        return 2;
    }
    server_cpu = atoi(words[2]);
    long rate = (long)streams * atoi(words[4]);
    gap_ns = 1000000000L / rate;
    tokens = (int)(rate * atoi(words[5]));
    written = calloc(tokens, sizeof *written);
    arrived = calloc(tokens, sizeof *arrived);

    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1, polled = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    check(bind(listener, (void *)&address, sizeof address) == 0 && listen(listener, 64) == 0, "listen");
    getsockname(listener, (void *)&address, &length);
    for (int i = 0; i < streams; i++) {
        client[i] = socket(AF_INET, SOCK_STREAM, 0);
        check(connect(client[i], (void *)&address, sizeof address) == 0, "connect");
        check((server[i] = accept(listener, NULL, NULL)) >= 0, "accept");
        setsockopt(server[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(server[i], IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = client[i]};
        check(epoll_ctl(polled, EPOLL_CTL_ADD, client[i], &event) == 0, "epoll_ctl");
    }
    pthread_t thread;
    check(pthread_create(&thread, NULL, serve, NULL) == 0, "pthread_create");
    pin(atoi(words[1]));

    char bytes[64 * BYTES];
    struct epoll_event events[64];
    for (int read_so_far = 0; read_so_far < tokens;) {
        int ready = epoll_wait(polled, events, 64, 0);
        for (int i = 0; i < ready; i++) {
            ssize_t size;
            while ((size = recv(events[i].data.fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
                long at = now_ns();
                check(size % BYTES == 0, "a write was torn");
                for (int offset = 0; offset < size; offset += BYTES) {
                    int number;
                    memcpy(&number, bytes + offset, sizeof number);
                    arrived[number] = at;
                    read_so_far++;
                }
                if (size < (ssize_t)sizeof bytes) {
                    break;
                }
            }
        }
    }
    int from = tokens / 4, kept = tokens - from; // the first quarter warms up
    long *error = calloc(kept, sizeof *error);
    for (int i = 0; i < kept; i++) {
        error[i] = arrived[from + i] - written[from + i];
    }
    qsort(error, kept, sizeof *error, by_size);
    double ranks[] = {0.5, 0.9, 0.99, 0.999};
    for (int i = 0; i < 4; i++) {
        printf("%.1f ", error[(int)(kept * ranks[i])] / 1e3);
    }
    printf("%.1f\n", error[kept - 1] / 1e3);
    return 0;
}
