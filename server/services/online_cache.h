/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Open readers of the embedded online store, kept by each thread: the ones used last, a bounded number. A file that was
 * replaced or removed is noticed. Private to the services.
 */
#pragma once

#include "storage/online/sqlite.h"

#define FC_ONLINE_CACHE_READERS 64

/**
 * The calling thread's reader of the file. `*ret` is NULL when nothing was ever written for the table. It lives until
 * the thread asks for another one.
 */
FC_MUST fc_rc fc_online_cache_get(const char *path, struct fc_online_reader **ret,
                                  struct fc_error *err);
/** Closes the calling thread's reader of the file, after it failed. */
void fc_online_cache_drop(const char *path);
