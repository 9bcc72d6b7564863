/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The time zone of schedules: UTC, a fixed offset, or a name of the machine's zone database.
 *
 * The C library knows the rules of one named zone at a time, that of the process. So a named zone is made that of the
 * process, once, before there are threads; all else in this program reckons in UTC and does not notice.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

#define FC_ZONE_NAME_MAX 100

/** A value; zeros are UTC. */
struct fc_zone {
    bool named;                  /**< the process's; else `offset_s` */
    int32_t offset_s;            /**< east of UTC */
    char name[FC_ZONE_NAME_MAX]; /**< as it was set; "" for UTC */
};

/**
 * "UTC", "+05:30", or a name such as "Europe/Berlin", which becomes the zone of the process: no other thread may run.
 * CONFIG_INVALID, with the field "jobs.time_zone", when it is none of them or the machine does not have it.
 */
FC_MUST fc_rc fc_zone_set(const char *text, struct fc_zone *ret, struct fc_error *err);

/** Seconds that clocks there are ahead of UTC, at a moment in seconds since 1970. Any thread. */
int32_t fc_zone_offset(const struct fc_zone *zone, int64_t at_s);
