/* SPDX-License-Identifier: Apache-2.0 */
/** Times as text: RFC 3339 in UTC. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#define FC_TIME_TEXT_MAX 40

/** `2021-01-01T00:00:00Z`, with a fraction (3, 6 or 9 digits) only when there is one. */
void fc_time_format(int64_t seconds, int32_t nanos, char ret[FC_TIME_TEXT_MAX]);

/** Reads RFC 3339 with `Z` or an offset; also a bare date, and a date-time without zone, as UTC. False when it is none. */
FC_MUST bool fc_time_parse(const char *text, int64_t *ret_seconds, int32_t *ret_nanos);

/** Reads `90`, `90s`, `15m`, `6h`, `7d`, `1.5h`, `250ms` into nanoseconds. False when it is none of them or overflows. */
FC_MUST bool fc_duration_parse(const char *text, int64_t *ret_ns);

/** Reads `4096`, `64KiB`, `4MiB`, `1GiB`, `10MB`. */
FC_MUST bool fc_bytes_parse(const char *text, int64_t *ret_bytes);
