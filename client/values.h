/* SPDX-License-Identifier: Apache-2.0 */
/** Small parts of messages as text, and text as values of a declared type. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "feast/core/DataSource.pb-c.h"
#include "feast/types/Value.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"

/** "INT64", "?" for a number that this version does not know. */
const char *fc_type_name(int type);

/** RFC 3339 to the second, "" for NULL. */
const char *fc_time_text(struct fc_arena *arena, const Google__Protobuf__Timestamp *time);

/** Where a source is: URL, table, topic or stream; "" for NULL. */
const char *fc_source_text(struct fc_arena *arena, const Feast__Core__DataSource *source);

/** The value as protobuf's JSON has it, without the name of its arm; null for none. NULL when memory is out. */
json_t *fc_value_json(const Feast__Types__Value *value);

/** A value for people: strings as they are, bytes in base64, lists in brackets, null as "". */
const char *fc_value_text(struct fc_arena *arena, const Feast__Types__Value *value);

/** Reads a scalar of the type into `ret`; lists cannot be read. The error names what was expected. */
FC_MUST fc_rc fc_value_parse(struct fc_arena *arena, int type, const char *text,
                             Feast__Types__Value *ret, struct fc_error *err);
