/* SPDX-License-Identifier: Apache-2.0 */
/** A directory of a test's own, workers in it, and waiting for conditions. Failures abort the test program. */
#pragma once

#include <stdbool.h>

#include "base/attr.h"

struct test_scratch {
    char path[200];
};

/** Below TMPDIR, absolute. */
void test_scratch_init(struct test_scratch *scratch);
/** Removes it with all that is in it. */
void test_scratch_done(struct test_scratch *scratch);

/** `<scratch>/<formatted>`; valid until the sixteenth next call. */
const char *test_path(const struct test_scratch *scratch, const char *format, ...) FC_PRINTF(2, 3);

/** A file with this text. */
void test_write(const char *path, const char *text);
/** The text of a file, "" when there is none; free() it. */
char *test_read(const char *path);
/** How many lines a file has, 0 when there is none. */
int test_lines(const char *path);

/** The worker that behaves as the name says (tests/support/bad_worker.c), as a program in the scratch directory. */
const char *test_bad_worker(const struct test_scratch *scratch, const char *name);
/** The real feast-worker: FC_WORKER of the environment, else that of the build; NULL when it is not built. */
const char *test_real_worker(void);

/** Asks again and again until the answer is true; aborts after two minutes, naming what it waited for. */
void test_wait_until(bool (*condition)(void *ctx), void *ctx, const char *what);
