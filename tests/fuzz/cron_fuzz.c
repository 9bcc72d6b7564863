/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: a cron expression, a newline, a moment in seconds since 1970, a blank, an offset in minutes. Times grow, fall on
 * whole minutes that the expression has, and none is passed over: the next hours are looked at minute by minute.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/jobs/cron.h"

#define LOOKED_AT 200

static bool is_due(const struct fc_cron *cron, int64_t wall)
{
    time_t at = (time_t)wall;
    struct tm tm;

    if (!gmtime_r(&at, &tm) || tm.tm_sec != 0 || (cron->minutes & UINT64_C(1) << tm.tm_min) == 0 ||
        (cron->hours & UINT32_C(1) << tm.tm_hour) == 0 ||
        (cron->months & 1u << (tm.tm_mon + 1)) == 0)
        return false;
    bool by_day = (cron->days & UINT32_C(1) << tm.tm_mday) != 0;
    bool by_weekday = (cron->weekdays & 1u << tm.tm_wday) != 0;
    return cron->any_day || cron->any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

static void follow(const struct fc_cron *cron, const struct fc_zone *zone, int64_t after)
{
    int64_t next = fc_cron_next(cron, zone, after);

    FUZZ_CHECK(next > after, "%lld is not after %lld", (long long)next, (long long)after);
    if (next == INT64_MAX)
        return;
    FUZZ_CHECK(is_due(cron, next + zone->offset_s), "%lld is not due", (long long)next);
    int64_t wall = after + zone->offset_s;
    wall += 60 - (wall % 60 + 60) % 60;
    for (int i = 0; i < LOOKED_AT && wall - zone->offset_s < next; i++, wall += 60)
        FUZZ_CHECK(!is_due(cron, wall), "%lld is passed over", (long long)wall);
    FUZZ_CHECK(fc_cron_last(cron, zone, after, next) == next, "%lld is not the last",
               (long long)next);
    FUZZ_CHECK(fc_cron_last(cron, zone, after, next - 1) == after, "there is one before %lld",
               (long long)next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *newline = memchr(data, '\n', size);
    char text[64] = "";
    struct fc_error err = FC_ERROR_INIT;
    struct fc_cron cron;

    fc_str expression = {.ptr = (const char *)data,
                         .len = newline ? (size_t)(newline - (const char *)data) : size};
    if (newline)
        (void)snprintf(text, sizeof text, "%.*s", (int)(size - expression.len - 1), newline + 1);
    char *rest = text;
    long long after = strtoll(text, &rest, 10);
    int offset = (int)(strtol(rest, NULL, 10) % (14 * 60));
    if (fc_cron_parse(expression, &cron, &err) != FC_OK) {
        FUZZ_CHECK(err.reason == FC_REASON_CRON_INVALID && err.message[0] != '\0', "no reason");
        return 0;
    }
    const struct fc_zone zone = {.offset_s = offset * 60};
    /* From before 1970 to a bit after the year 9999. */
    follow(&cron, &zone, after % INT64_C(260000000000));
    return 0;
}
