/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Remote objects as sparse local files: of the object's size, but with only those bytes on disk that somebody needed.
 * The reading engine opens them like any file; where it must not look there are zeros.
 *
 *     object   |....data of column chunks....|....|footer|
 *     spool    |    hole     |chunk| hole |chunk|  |footer|
 */
#pragma once

#include "worker/objects/store.h"

/** A directory of our own below TMPDIR; what killed workers left behind there is removed. */
struct fc_spool_dir {
    char path[256];
    int fd; /**< holds a lock, by which others see that somebody still lives here */
    unsigned next;
};

FC_MUST fc_rc fc_spool_dir_open(struct fc_spool_dir *dir, struct fc_error *err);
/** Removes it with all that is in it; one that was zeroed and never opened is fine (`path` is ""). */
void fc_spool_dir_close(struct fc_spool_dir *dir);

struct fc_span {
    int64_t first, size; /**< bytes of the object */
};

struct fc_spool;

/**
 * Makes the file and fetches the object's last `tail` bytes, by which also its size and version become known. The
 * object's strings are copied where they are kept. One request.
 */
FC_MUST fc_rc fc_spool_open(struct fc_spool_dir *dir, struct fc_store *store,
                            const struct fc_object *object, int64_t tail, struct fc_spool **ret,
                            struct fc_error *err);
void fc_spool_close(struct fc_spool *spool);
FC_DEFINE_FREEP(struct fc_spool, fc_spool_close)

/** The local file; valid as long as the spool. */
const char *fc_spool_path(const struct fc_spool *spool);
const char *fc_spool_name(const struct fc_spool *spool);
int64_t fc_spool_bytes(const struct fc_spool *spool);
/** Of the object, to which each further read is pinned; NULL when its server gives none. */
const char *fc_spool_version(const struct fc_spool *spool);

/** Fetches what is not there yet; near neighbours come in one request. Spans beyond the end are SOURCE_INVALID. */
FC_MUST fc_rc fc_spool_need(struct fc_spool *spool, const struct fc_span *spans, size_t count,
                            struct fc_error *err);

/** Reads back what was fetched. */
FC_MUST fc_rc fc_spool_read(const struct fc_spool *spool, struct fc_span span, void *ret,
                            struct fc_error *err);

/** Forgets all bytes before `first`, and gives their room on disk back. */
void fc_spool_forget(struct fc_spool *spool, int64_t first);

/** Whether every byte of the span was fetched. */
bool fc_spool_has(const struct fc_spool *spool, struct fc_span span);
