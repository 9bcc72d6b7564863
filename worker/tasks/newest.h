/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The newest row of each key among those read since the last flush, in memory: a row that is overtaken before it is
 * written costs no write at all, and writing in key order is kind to the tree on disk.
 */
#pragma once

#include "base/error.h"
#include "storage/online/sqlite.h"

struct fc_newest;

/**
 * `bytes` bounds what rows may take, `rows` (or a little more) their number; fc_newest_full tells when to flush.
 * `*overtaken` counts the rows that were dropped for another one of their key, some rows late; it is up to date after
 * a drain.
 */
FC_MUST fc_rc fc_newest_new(size_t bytes, size_t rows, uint64_t *overtaken, struct fc_newest **ret,
                            struct fc_error *err);
void fc_newest_free(struct fc_newest *newest);
FC_DEFINE_FREEP(struct fc_newest, fc_newest_free)

/** Keeps a copy of the row unless a newer one of its key is there; equal ones replace. */
FC_MUST fc_rc fc_newest_put(struct fc_newest *newest, const struct fc_online_row *row,
                            struct fc_error *err);

bool fc_newest_full(const struct fc_newest *newest);

/** Calls `fn` for each row in key order, then forgets all; stops at the first failure, after which it is of no use. */
FC_MUST fc_rc fc_newest_drain(struct fc_newest *newest,
                              fc_rc (*fn)(void *ctx, const struct fc_online_row *row,
                                          struct fc_error *err),
                              void *ctx, struct fc_error *err);
