/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fc-disk: how often a second this disk makes a write durable, one write after the other.
 *
 *     fc-disk FILE BYTES SECONDS
 *
 * Writes BYTES over blocks that are there already and calls fdatasync, as a commit to a write-ahead log does that has
 * gone round once. One JSON object on stdout: how many a second, and the usual time of one.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/bench/histogram.h"

enum { BYTES_MAX = 1 << 20, PLACES = 256 };

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(2);
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void write_at(int fd, const char *bytes, size_t size, long place)
{
    if (pwrite(fd, bytes, size, (off_t)size * place) != (ssize_t)size)
        die("fc-disk: write");
}

int main(int argc, char **argv)
{
    static char bytes[BYTES_MAX];
    struct histogram times = {0};

    if (argc != 4) {
        fputs("usage: fc-disk FILE BYTES SECONDS\n", stderr);
        return 2;
    }
    size_t size = (size_t)strtoul(argv[2], NULL, 10);
    double seconds = strtod(argv[3], NULL);
    int fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || size == 0 || size > BYTES_MAX || !(seconds > 0))
        die("fc-disk: file, bytes or seconds");
    memset(bytes, 'x', size);
    for (long place = 0; place < PLACES; place++)
        write_at(fd, bytes, size, place);
    if (fsync(fd) != 0)
        die("fc-disk: fsync");
    int64_t start = now_ns(), at = start, end = start + (int64_t)(seconds * 1e9);
    for (long i = 0; at < end; i++) {
        write_at(fd, bytes, size, i % PLACES);
        if (fdatasync(fd) != 0)
            die("fc-disk: fdatasync");
        int64_t after = now_ns();
        histogram_add(&times, (uint64_t)(after - at));
        at = after;
    }
    (void)close(fd);
    printf("{\"rps\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
           (double)times.count / ((double)(at - start) / 1e9),
           histogram_quantile(&times, 0.5) / 1e3, histogram_quantile(&times, 0.99) / 1e3);
    return 0;
}
