/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The clock, randomness and the few file operations whose failure matters, as an injectable table.
 *
 * Production code gets fc_sys_real(); tests hand in their own to stop the clock or fail an fsync. All functions may be
 * called from any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct fc_sys {
    void *ctx;
    /** Wall clock, nanoseconds since 1970-01-01T00:00:00Z. */
    int64_t (*now_ns)(void *ctx);
    /** Never goes back; for deadlines and durations. */
    int64_t (*monotonic_ns)(void *ctx);
    /** Fills the buffer with bytes of cryptographic quality; 0 or -errno. */
    int (*random)(void *ctx, void *buffer, size_t size);
    /** fsync of a directory after a file was created or renamed in it; 0 or -errno. */
    int (*sync_dir)(void *ctx, const char *path);
    /** Atomic replacement; 0 or -errno. */
    int (*rename)(void *ctx, const char *from, const char *to);
};

const struct fc_sys *fc_sys_real(void);

static inline int64_t fc_now_ns(const struct fc_sys *sys)
{
    return sys->now_ns(sys->ctx);
}

static inline int64_t fc_monotonic_ns(const struct fc_sys *sys)
{
    return sys->monotonic_ns(sys->ctx);
}

#define FC_NS_PER_S  INT64_C(1000000000)
#define FC_NS_PER_MS INT64_C(1000000)
#define FC_NS_PER_US INT64_C(1000)

/** `mkdir -p` with the mode; 0 or -errno. */
int fc_mkdirs(const char *path, unsigned mode);

/** 32 lower-case hex digits of randomness plus NUL into `ret`; 0 or -errno. */
int fc_random_hex(const struct fc_sys *sys, char ret[33]);
