/* SPDX-License-Identifier: Apache-2.0 */
/** Files that are objects of a store: found by listing, read through a spool (worker/objects/spool.h), one at a time. */
#pragma once

#include "worker/objects/spool.h"
#include "worker/sources/file_list.h"
#include "worker/sources/parquet_layout.h"
#include "worker/sources/source.h"

struct fc_remote {
    struct fc_http *http;
    struct fc_arena *scratch;
    struct fc_store *store;
    struct fc_spool_dir dir;
    const struct fc_file *file; /**< the one in the spool */
    struct fc_spool *spool;
};

/** Whether the URL names a place that is read this way. */
bool fc_remote_is(const char *url);

/**
 * Finds the objects that the URL means, with the same rules as for local files: an object, all below a prefix, or a
 * pattern. A single object is in the spool afterwards, since only reading it tells that it is there.
 */
FC_MUST fc_rc fc_remote_open(const struct fc_source_env *env, const char *url,
                             struct fc_arena *arena, struct fc_file_list *list,
                             struct fc_remote **ret, struct fc_error *err);
/** The arena keeps the memory; files and connections go. */
void fc_remote_close(struct fc_remote *remote);

/** Puts the file's footer into the spool; `*ret` is the local file, until another is asked for. */
FC_MUST fc_rc fc_remote_local(struct fc_remote *remote, const struct fc_file *file,
                              const char **ret, struct fc_error *err);

/** What to fetch of a row group. */
struct fc_remote_part {
    const struct fc_parquet_layout_group *group;
    int64_t rows;      /**< the first ones; the group's own count for all */
    int64_t max_bytes; /**< 0 for no limit */
};

/** Fetches the pages of the first rows. RESOURCE_EXHAUSTED (BUSY is its reason) when they are more than `max_bytes`. */
FC_MUST fc_rc fc_remote_fetch(struct fc_remote *remote, const struct fc_remote_part *part,
                              struct fc_error *err);
/** All of the group's chunks were fetched. */
bool fc_remote_has(const struct fc_remote *remote, const struct fc_parquet_layout_group *group);

/** Gives back the room of the spooled file's first bytes; never that of its footer. */
void fc_remote_forget(struct fc_remote *remote, int64_t end);

/** Bytes that came over the network so far. */
int64_t fc_remote_bytes(const struct fc_remote *remote);

/** Listing, for fc_remote_open. */
FC_MUST fc_rc fc_remote_list(struct fc_remote *remote, const struct fc_source_env *env,
                             struct fc_arena *arena, struct fc_file_list *list,
                             struct fc_error *err);
