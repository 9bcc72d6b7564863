/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The times of a cron expression. Wall time is counted in seconds too, as if the zone were UTC, so that
 *
 *     wall = utc + offset(utc)
 *
 * and a change of clocks makes walls that no utc has, or that two have.
 */
#include "server/jobs/cron.h"

#define MINUTE_S   INT64_C(60)
#define HOUR_S     (60 * MINUTE_S)
#define DAY_S      (24 * HOUR_S)
#define ALL_HOURS  UINT32_C(0xffffff)
#define YEAR_10000 INT64_C(253402300800)
/* Before and after a moment's change of clocks, whatever the offset, and not yet at the next one. */
#define AROUND_S (36 * HOUR_S)

struct date {
    int64_t year;
    int month, day;
};

/* Of a day since 1970; March-based years make leap days fall last. */
static struct date date_of(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_index = (int)((5 * day_of_year + 2) / 153);
    struct date date = {
        .month = month_index < 10 ? month_index + 3 : month_index - 9,
        .day = (int)(day_of_year - (153 * month_index + 2) / 5) + 1,
    };

    date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
    return date;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t quotient = a / b;

    return a % b < 0 ? quotient - 1 : quotient;
}

static bool is_day(const struct fc_cron *cron, int64_t days, const struct date *date)
{
    /* 1970-01-01 was a Thursday. */
    int weekday = (int)(days + 4 - floor_div(days + 4, 7) * 7);
    bool by_day = (cron->days & UINT32_C(1) << date->day) != 0;
    bool by_weekday = (cron->weekdays & 1u << weekday) != 0;

    if (!cron->any_day && !cron->any_weekday)
        return by_day || by_weekday;
    return by_day && by_weekday;
}

/* The first minute of a day that is due and not before `from`, in minutes since midnight; -1 when there is none. */
static int first_minute(const struct fc_cron *cron, int from)
{
    for (int hour = from / 60; hour < 24; hour++) {
        if ((cron->hours & UINT32_C(1) << hour) == 0)
            continue;
        int minute = hour == from / 60 ? from % 60 : 0;
        uint64_t left = cron->minutes >> minute;
        if (left != 0)
            return hour * 60 + minute + __builtin_ctzll(left);
    }
    return -1;
}

/* The first wall time after `wall`. Every expression that is read has one, at the latest after two leap years. */
static int64_t next_wall(const struct fc_cron *cron, int64_t wall)
{
    int64_t minutes = floor_div(wall, MINUTE_S) + 1;
    int64_t days = floor_div(minutes, 24 * 60);
    int from = (int)(minutes - days * 24 * 60);

    while (days * DAY_S < YEAR_10000) {
        struct date date = date_of(days);
        if ((cron->months & 1u << date.month) == 0) {
            /* To the first of a month that may follow: no month is shorter. */
            days += date.day <= 3 ? 28 - date.day : 1;
        } else {
            int minute = is_day(cron, days, &date) ? first_minute(cron, from) : -1;
            if (minute >= 0)
                return days * DAY_S + minute * MINUTE_S;
            days++;
        }
        from = 0;
    }
    return INT64_MAX;
}

/* The moment between `low` and `high` from which on the offset is that of `high`. */
static int64_t find_change(const struct fc_zone *zone, int64_t low, int64_t high)
{
    int32_t after = fc_zone_offset(zone, high);

    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (fc_zone_offset(zone, middle) == after)
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* When a wall time is: none (a gap, then `*ret_gap_end` is set), one or two moments, the earlier first. */
static int moments_of(const struct fc_zone *zone, int64_t wall, int64_t ret[2],
                      int64_t *ret_gap_end)
{
    int32_t before = fc_zone_offset(zone, wall - AROUND_S);
    int32_t after = fc_zone_offset(zone, wall + AROUND_S);
    int count = 0;

    if (fc_zone_offset(zone, wall - before) == before)
        ret[count++] = wall - before;
    if (after != before && fc_zone_offset(zone, wall - after) == after)
        ret[count++] = wall - after;
    if (count == 0)
        *ret_gap_end = find_change(zone, wall - AROUND_S, wall + AROUND_S);
    return count;
}

/* Hours are restricted: the clock on the wall counts. */
static int64_t next_by_clock(const struct fc_cron *cron, const struct fc_zone *zone, int64_t after)
{
    int64_t wall = after + fc_zone_offset(zone, after);

    for (;;) {
        int64_t moments[2] = {0}, moment = 0;
        wall = next_wall(cron, wall);
        if (wall == INT64_MAX)
            return wall;
        if (moments_of(zone, wall, moments, &moment) > 0)
            moment = moments[0];
        if (moment > after)
            return moment;
    }
}

/* The first of the walls that come a second time because of a change soon after `after`. */
static int64_t next_repeated(const struct fc_cron *cron, const struct fc_zone *zone, int64_t after)
{
    int64_t later = after + DAY_S;
    int32_t first = fc_zone_offset(zone, after), second = fc_zone_offset(zone, later);

    if (second >= first)
        return INT64_MAX;
    int64_t change = find_change(zone, after, later);
    int64_t wall = next_wall(cron, change + second - 1);
    return wall < change + first ? wall - second : INT64_MAX;
}

/* All hours: each minute that passes counts, by the wall time that it has. */
static int64_t next_by_minute(const struct fc_cron *cron, const struct fc_zone *zone, int64_t after)
{
    int64_t repeated = next_repeated(cron, zone, after);
    int64_t wall = after + fc_zone_offset(zone, after);

    for (;;) {
        int64_t moments[2] = {0}, unused;
        wall = next_wall(cron, wall);
        if (wall == INT64_MAX)
            return repeated;
        int count = moments_of(zone, wall, moments, &unused);
        for (int i = 0; i < count; i++)
            if (moments[i] > after)
                return moments[i] < repeated ? moments[i] : repeated;
    }
}

int64_t fc_cron_next(const struct fc_cron *cron, const struct fc_zone *zone, int64_t after_s)
{
    return cron->hours == ALL_HOURS ? next_by_minute(cron, zone, after_s)
                                    : next_by_clock(cron, zone, after_s);
}

int64_t fc_cron_last(const struct fc_cron *cron, const struct fc_zone *zone, int64_t after_s,
                     int64_t until_s)
{
    int64_t last = after_s;

    /* A look back that grows finds the neighbourhood of the last one without the steps before it. */
    for (int64_t back = HOUR_S; back < until_s - after_s && last == after_s; back *= 4) {
        int64_t found = fc_cron_next(cron, zone, until_s - back);
        if (found <= until_s)
            last = found;
    }
    for (;;) {
        int64_t next = fc_cron_next(cron, zone, last);
        if (next > until_s)
            return last;
        last = next;
    }
}
