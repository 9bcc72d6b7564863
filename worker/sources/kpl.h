/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Records that Amazon's Kinesis Producer Library packed into one: F3 89 9A C2, a message with a table of keys and the
 * records, then the MD5 of that message. The layout is in the library's "aggregation format".
 */
#pragma once

#include "base/error.h"
#include "base/str.h"

/** One record; both point into the packed ones. Another code than FC_OK ends the reading and is handed on. */
typedef fc_rc (*fc_kpl_fn)(void *ctx, fc_str key, fc_str data, struct fc_error *err);

/** Whether the bytes are packed records: the mark is there and the digest is right. */
bool fc_kpl_is(fc_str bytes);

/** Calls `fn` with each; SOURCE_INVALID when what fc_kpl_is said yes to is no such message. */
FC_MUST fc_rc fc_kpl_read(fc_str bytes, fc_kpl_fn fn, void *ctx, struct fc_error *err);
