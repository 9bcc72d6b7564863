/* SPDX-License-Identifier: Apache-2.0 */
/** What writer and reader of the embedded online store share. Private to this room. */
#pragma once

#include "storage/online/sqlite.h"
#include "storage/sqlite.h"

/** "FCON" */
#define FC_ONLINE_APPLICATION_ID 0x46434f4e
#define FC_ONLINE_SCHEMA_VERSION 1

/** Like fc_sqlite_fail with the reason for the disk that fits a file that is not the registry. */
FC_MUST fc_rc fc_online_fail(sqlite3 *handle, const char *path, int code, const char *doing,
                             struct fc_error *err);

/** FC_OK with `*ret_version` 0 when the file is empty; STORE_CORRUPT or STORE_TOO_NEW when it is not ours. */
FC_MUST fc_rc fc_online_check_schema(sqlite3 *handle, const char *path, int64_t *ret_version,
                                     struct fc_error *err);

/** Over every column of the row (storage/checksum.h). */
uint64_t fc_online_row_sum(const struct fc_online_row *row);
