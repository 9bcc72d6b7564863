/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECONDS_PER_DAY 86400

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar; March-based years make leap days fall last. */
static int64_t days_from_date(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

void fc_time_format(int64_t seconds, int32_t nanos, char ret[FC_TIME_TEXT_MAX])
{
    struct tm tm;
    time_t when = (time_t)seconds;
    char fraction[11] = "";

    if (!gmtime_r(&when, &tm)) {
        (void)snprintf(ret, FC_TIME_TEXT_MAX, "%lld", (long long)seconds);
        return;
    }
    if (nanos != 0) {
        (void)snprintf(fraction, sizeof fraction, ".%09d", nanos);
        for (size_t cut = 7; cut >= 4 && strcmp(fraction + cut, "000") == 0; cut -= 3)
            fraction[cut] = '\0';
    }
    (void)snprintf(ret, FC_TIME_TEXT_MAX, "%04lld-%02d-%02dT%02d:%02d:%02d%sZ",
                   (long long)tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                   tm.tm_sec, fraction);
}

static bool read_digits(const char **at, int count, int *ret)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *at += count;
    *ret = value;
    return true;
}

static bool read_char(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

static bool read_date(const char **at, int64_t *ret_days)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;

    if (!read_digits(at, 4, &year) || !read_char(at, '-') || !read_digits(at, 2, &month) ||
        !read_char(at, '-') || !read_digits(at, 2, &day) || month < 1 || month > 12)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int longest = month_days[month - 1] + (month == 2 && leap ? 1 : 0);
    if (day < 1 || day > longest)
        return false;
    *ret_days = days_from_date(year, month, day);
    return true;
}

static bool read_fraction(const char **at, int32_t *ret_nanos)
{
    int32_t nanos = 0;
    int digits = 0;

    if (!read_char(at, '.')) {
        *ret_nanos = 0;
        return true;
    }
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (digits < 9)
            nanos = nanos * 10 + (**at - '0');
        else if (**at != '0')
            return false; /* finer than a nanosecond: refused, not cut */
        digits++;
    }
    for (int i = digits; i < 9; i++)
        nanos *= 10;
    *ret_nanos = nanos;
    return digits > 0;
}

static bool read_zone(const char **at, int64_t *ret_offset)
{
    int hours, minutes;

    *ret_offset = 0;
    if (**at == '\0')
        return true;
    if (**at == 'Z' || **at == 'z') {
        (*at)++;
        return true;
    }
    int sign = **at == '-' ? -1 : 1;
    if (**at != '+' && **at != '-')
        return false;
    (*at)++;
    if (!read_digits(at, 2, &hours) || !read_char(at, ':') || !read_digits(at, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *ret_offset = (int64_t)sign * (hours * 3600 + minutes * 60);
    return true;
}

bool fc_time_parse(const char *text, int64_t *ret_seconds, int32_t *ret_nanos)
{
    const char *at = text;
    int64_t days, offset;
    int hour, minute, second;
    int32_t nanos;

    if (!read_date(&at, &days))
        return false;
    if (*at == '\0') {
        *ret_seconds = days * SECONDS_PER_DAY;
        *ret_nanos = 0;
        return true;
    }
    if (*at != 'T' && *at != 't' && *at != ' ')
        return false;
    at++;
    if (!read_digits(&at, 2, &hour) || !read_char(&at, ':') || !read_digits(&at, 2, &minute) ||
        !read_char(&at, ':') || !read_digits(&at, 2, &second) || hour > 23 || minute > 59 ||
        second > 59 || !read_fraction(&at, &nanos) || !read_zone(&at, &offset) || *at != '\0')
        return false;
    *ret_seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset;
    *ret_nanos = nanos;
    return true;
}

struct unit {
    const char *name;
    double factor;
};

static bool read_quantity(const char *text, const struct unit *units, size_t count, int64_t *ret)
{
    char *end = NULL;

    if (!isdigit((unsigned char)text[0]))
        return false; /* no sign, no "inf", no hexadecimal */
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return false;
    double value = strtod(text, &end);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(end, units[i].name) == 0) {
            double scaled = round(value * units[i].factor);
            if (!(scaled < 9.2e18))
                return false;
            *ret = (int64_t)scaled;
            return true;
        }
    }
    return false;
}

bool fc_duration_parse(const char *text, int64_t *ret_ns)
{
    static const struct unit units[] = {
        {"", 1e9},  {"ns", 1},   {"us", 1e3},   {"ms", 1e6},
        {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9},
    };
    return read_quantity(text, units, FC_ARRAY_LEN(units), ret_ns);
}

bool fc_bytes_parse(const char *text, int64_t *ret_bytes)
{
    static const struct unit units[] = {
        {"", 1},        {"B", 1},          {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824},
        {"kB", 1e3},    {"KB", 1e3},       {"MB", 1e6},   {"GB", 1e9},      {"K", 1024},
        {"M", 1048576}, {"G", 1073741824},
    };
    return read_quantity(text, units, FC_ARRAY_LEN(units), ret_bytes);
}
