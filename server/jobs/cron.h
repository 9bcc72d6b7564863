/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Cron expressions: five fields, or a word such as @daily, and the times that they name.
 *
 *     minute 0-59   hour 0-23   day of month 1-31   month 1-12 or jan-dec   day of week 0-7 or sun-sat, 0 and 7 Sunday
 *
 * A field is `*`, or a list of numbers, ranges `a-b` and steps; `a/s` means from a on. `?` is `*` for days. When both
 * days are restricted, a date has to match one of them. A field that names all its values is `*`. These are the rules of
 * the clients that check an expression before it is sent.
 *
 * Time zones that change their clocks: an expression whose hours are restricted means the clock on the wall. What the
 * change to a later time skips is due at the change, once; what the change to an earlier time repeats is due the first
 * time. An expression of all hours means each minute that passes: nothing is made up for, what comes twice is due twice.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"
#include "server/jobs/zone.h"

/** Pure values; made by fc_cron_parse alone. */
struct fc_cron {
    uint64_t minutes; /**< a bit each, here and below */
    uint32_t hours, days;
    uint16_t months;
    uint8_t weekdays;          /**< 0 is Sunday */
    bool any_day, any_weekday; /**< unrestricted */
};

/** The longest expression that is read. */
#define FC_CRON_MAX 256

/** INVALID_ARGUMENT, CRON_INVALID with the field "cron_schedule"; the message has the part and what was expected. */
FC_MUST fc_rc fc_cron_parse(fc_str text, struct fc_cron *ret, struct fc_error *err);

/** The first time after `after_s`, seconds since 1970; INT64_MAX when it is after the year 9999. */
int64_t fc_cron_next(const struct fc_cron *cron, const struct fc_zone *zone, int64_t after_s);

/**
 * The last time after `after_s` and not after `until_s`; `after_s` when there is none. Takes its time by the density of
 * the expression, not by the length of the span.
 */
int64_t fc_cron_last(const struct fc_cron *cron, const struct fc_zone *zone, int64_t after_s,
                     int64_t until_s);
