/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The check of the whole file while it is served: a thread with a connection that only reads, at low priority. It sees what
 * no answer shows, such as a damaged key in an index, which hides the row that it belongs to. Private to this room.
 */
#pragma once

#include "storage/store.h"

struct fc_scrub;

/** The first check begins after `interval_ns` or a minute, whichever is less; then one in every interval (not 0). */
FC_MUST fc_rc fc_scrub_start(const char *db_path, int64_t interval_ns, struct fc_scrub **ret,
                             struct fc_error *err);
/** Gives up a check that is under way as soon as SQLite lets go. NULL is a no-op. */
void fc_scrub_stop(struct fc_scrub *scrub);
/** Any thread. NULL: nothing was checked. */
void fc_scrub_result(struct fc_scrub *scrub, struct fc_store_checks *ret);
