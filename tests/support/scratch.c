/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 120
#define PAUSE_NS   2000000

static void give_up(const char *what)
{
    (void)fprintf(stderr, "test support: %s: %s\n", what, strerror(errno));
    abort();
}

void test_scratch_init(struct test_scratch *scratch)
{
    const char *base = getenv("TMPDIR");

    (void)snprintf(scratch->path, sizeof scratch->path, "%s/fc-unit-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(scratch->path))
        give_up(scratch->path);
}

static int remove_one(const char *path, const struct stat *info FC_UNUSED, int kind FC_UNUSED,
                      struct FTW *walk FC_UNUSED)
{
    return remove(path);
}

void test_scratch_done(struct test_scratch *scratch)
{
    (void)nftw(scratch->path, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

const char *test_path(const struct test_scratch *scratch, const char *format, ...)
{
    static char paths[16][600];
    static unsigned next;
    char *path = paths[next++ % 16];
    va_list args;
    int used = snprintf(path, sizeof paths[0], "%s/", scratch->path);

    va_start(args, format);
    (void)vsnprintf(path + used, sizeof paths[0] - (size_t)used, format, args);
    va_end(args);
    return path;
}

void test_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        give_up(path);
}

char *test_read(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t size = 0, capacity = 1 << 20;
    char *text = calloc(1, capacity);

    if (!text)
        give_up(path);
    if (file) {
        size = fread(text, 1, capacity - 1, file);
        (void)fclose(file);
    }
    text[size] = '\0';
    return text;
}

int test_lines(const char *path)
{
    char *text = test_read(path);
    int lines = 0;

    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    free(text);
    return lines;
}

const char *test_bad_worker(const struct test_scratch *scratch, const char *name)
{
    const char *path = test_path(scratch, "%s", name);

    if (symlink(FC_BAD_WORKER, path) != 0 && errno != EEXIST)
        give_up(path);
    return path;
}

const char *test_real_worker(void)
{
    static char path[1000];
    const char *named = getenv("FC_WORKER");

    (void)snprintf(path, sizeof path, "%s", named ? named : FC_TEST_BIN_DIR "/feast-worker");
    return access(path, X_OK) == 0 ? path : NULL;
}

void test_wait_until(bool (*condition)(void *ctx), void *ctx, const char *what)
{
    static const struct timespec pause = {.tv_nsec = PAUSE_NS};
    struct timespec start, now;

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    while (!condition(ctx)) {
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec - start.tv_sec > PATIENCE_S) {
            errno = ETIMEDOUT;
            give_up(what);
        }
        (void)nanosleep(&pause, NULL);
    }
}
