/* SPDX-License-Identifier: Apache-2.0 */
#include "server/jobs/zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DATABASE "/usr/share/zoneinfo"

static bool all_digits(const char *text, size_t count)
{
    return strspn(text, "0123456789") >= count;
}

/* "+05:30"; no zone is further off than 14 hours. */
static bool read_offset(const char *text, int32_t *ret)
{
    if ((text[0] != '+' && text[0] != '-') || strlen(text) != 6 || text[3] != ':' ||
        !all_digits(text + 1, 2) || !all_digits(text + 4, 2))
        return false;
    int hours = (text[1] - '0') * 10 + text[2] - '0';
    int minutes = (text[4] - '0') * 10 + text[5] - '0';
    if (hours > 14 || minutes > 59 || hours * 60 + minutes > 14 * 60)
        return false;
    *ret = (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes) * 60;
    return true;
}

/* Names are paths below the database; nothing leads out of it. */
static bool is_name(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len < FC_ZONE_NAME_MAX && text[0] != '/' && !strstr(text, "..") &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
               len;
}

/* The C library takes a file that is missing or something else for UTC, and says nothing. */
static bool is_zone_file(const char *name)
{
    const char *database = getenv("TZDIR");
    char path[512], magic[4];

    (void)snprintf(path, sizeof path, "%s/%s", database ? database : DATABASE, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool found = fd >= 0 && read(fd, magic, sizeof magic) == (ssize_t)sizeof magic &&
                 memcmp(magic, "TZif", sizeof magic) == 0;
    if (fd >= 0)
        (void)close(fd);
    return found;
}

fc_rc fc_zone_set(const char *text, struct fc_zone *ret, struct fc_error *err)
{
    struct fc_zone zone = {.named = false};
    char value[128];

    (void)snprintf(zone.name, sizeof zone.name, "%s", text);
    if (strcmp(text, "UTC") == 0 || read_offset(text, &zone.offset_s)) {
        *ret = zone;
        return FC_OK;
    }
    if (!is_name(text) || !is_zone_file(text)) {
        return fc_fail_field(err, FC_REASON_CONFIG_INVALID, "jobs.time_zone",
                             "jobs.time_zone is \"%.100s\", expected UTC, an offset such as "
                             "+05:30, or a name such as Europe/Berlin that the zone database of "
                             "this machine has (package tzdata)",
                             text);
    }
    (void)snprintf(value, sizeof value, ":%s", text);
    if (setenv("TZ", value, 1) != 0)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the time zone");
    tzset();
    zone.named = true;
    *ret = zone;
    return FC_OK;
}

int32_t fc_zone_offset(const struct fc_zone *zone, int64_t at_s)
{
    time_t at = (time_t)at_s;
    struct tm tm;

    if (!zone->named)
        return zone->offset_s;
    return localtime_r(&at, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}
