/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/sources/kinesis_shards.h"

/* Digits up to `end`, or to the end of the text. */
static bool take_number(const char *text, char end, char *ret, const char **ret_end)
{
    size_t length = strspn(text, "0123456789");

    if (length == 0 || length > FC_KINESIS_NUMBER_MAX || text[length] != end)
        return false;
    memcpy(ret, text, length);
    ret[length] = '\0';
    *ret_end = text + length;
    return true;
}

static bool take_count(const char *text, uint64_t most, uint64_t *ret)
{
    char *end = NULL;

    errno = 0;
    *ret = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *ret <= most;
}

bool fc_kinesis_position_parse(const char *text, struct fc_kinesis_position *ret)
{
    const char *end = NULL;
    uint64_t time = 0;

    *ret = (struct fc_kinesis_position){.where = FC_KINESIS_BEGIN};
    if (strcmp(text, "begin") == 0)
        return true;
    if (strcmp(text, "end") == 0) {
        ret->where = FC_KINESIS_END;
        return true;
    }
    if (strncmp(text, "time:", 5) == 0) {
        ret->where = FC_KINESIS_TIME;
        if (!take_count(text + 5, INT64_MAX, &time))
            return false;
        ret->time_ms = (int64_t)time;
        return true;
    }
    if (strncmp(text, "after:", 6) == 0) {
        ret->where = FC_KINESIS_AFTER;
        return take_number(text + 6, '\0', ret->number, &end);
    }
    ret->where = FC_KINESIS_AT;
    return strncmp(text, "at:", 3) == 0 && take_number(text + 3, ':', ret->number, &end) &&
           take_count(end + 1, UINT32_MAX, &ret->given);
}

void fc_kinesis_position_print(const struct fc_kinesis_position *position,
                               char ret[FC_KINESIS_POSITION_SIZE])
{
    const size_t size = FC_KINESIS_POSITION_SIZE;

    switch (position->where) {
    case FC_KINESIS_TIME:
        (void)snprintf(ret, size, "time:%" PRId64, position->time_ms);
        return;
    case FC_KINESIS_AFTER:
        (void)snprintf(ret, size, "after:%s", position->number);
        return;
    case FC_KINESIS_AT:
        (void)snprintf(ret, size, "at:%s:%" PRIu64, position->number, position->given);
        return;
    case FC_KINESIS_END:
        (void)snprintf(ret, size, "end");
        return;
    case FC_KINESIS_BEGIN:
    case FC_KINESIS_LATEST:
        break;
    }
    (void)snprintf(ret, size, "begin");
}
