/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which files a location means: one file, a directory (recursive; names that begin with _ or . are skipped)
 * or a pattern, with the values that Hive-style directories (`dt=2020-01-01`) give to their rows.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "worker/contract/column.h"
#include "worker/sources/spread.h"

struct fc_file {
    const char *path;    /**< of a local file; what a remote one is called: "s3://bucket/key" */
    const char *key;     /**< of a remote one in its store; NULL for a local file */
    const char *version; /**< of a remote one, which all reads are pinned to; NULL when unknown */
    int64_t bytes;       /**< -1 when unknown */
    int64_t modified_ns; /**< of a local one: since 1970 */
    const char *const *partitions; /**< one text a key of the list; NULL where null */
};

struct fc_file_list {
    const char *root;      /**< everything lies below this directory (or it is the only file) */
    struct fc_file *files; /**< by path, in byte order */
    size_t count;
    int64_t bytes;
    /** partition columns: int32, int64, date or string by their values */
    struct fc_source_column *keys;
    size_t key_count;
    bool cut; /**< there are more files than were listed */
};

/**
 * `url` is `file:///path` or `/path`. An empty directory gives a list without files. SOURCE_UNREACHABLE when
 * nothing is there or it may not be read; SOURCE_UNSUPPORTED for another scheme; SOURCE_INVALID for what is
 * no absolute path or no file.
 */
FC_MUST fc_rc fc_file_list_find(const char *url, struct fc_arena *arena, struct fc_file_list *ret,
                                struct fc_error *err);

struct stat;
/** Of a local file, for `modified_ns`. */
int64_t fc_file_modified(const struct stat *st);

/** The partition value as a cell of the key's type. */
void fc_file_partition_cell(const struct fc_file_list *list, const struct fc_file *file, size_t key,
                            struct fc_cell *ret);
