/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/bigquery_sql.h"

#include <time.h>

#include "base/time.h"

#define DAY_SECONDS 86400
/* 0001-01-01 and the last microsecond of 9999: what BigQuery's literals can say. */
#define SECONDS_MIN INT64_C(-62135596800)
#define SECONDS_MAX INT64_C(253402300799)
#define NANOS_MAX   999999000

static void put_name(struct fc_buf *sql, const char *name, size_t length)
{
    fc_buf_putc(sql, '`');
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '`' || name[i] == '\\')
            fc_buf_putc(sql, '\\');
        fc_buf_putc(sql, name[i]);
    }
    fc_buf_putc(sql, '`');
}

/* "a.b" as `a`.`b`: no name of BigQuery has a point. */
static void put_path(struct fc_buf *sql, const char *path)
{
    size_t length = strcspn(path, ".");

    put_name(sql, path, length);
    while (path[length] == '.') {
        path += length + 1;
        length = strcspn(path, ".");
        fc_buf_putc(sql, '.');
        put_name(sql, path, length);
    }
}

void fc_bq_sql_select(struct fc_buf *sql, const char *table, const char *const *columns,
                      size_t count)
{
    fc_buf_puts(sql, "SELECT ");
    for (size_t i = 0; i < count; i++) {
        fc_buf_puts(sql, i > 0 ? ", " : "");
        put_path(sql, columns[i]);
        fc_buf_printf(sql, " AS fc_%zu", i);
    }
    fc_buf_puts(sql, " FROM ");
    put_name(sql, table, strlen(table));
}

static int64_t day_of(int64_t seconds)
{
    return seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
}

/* The first microsecond that is not before the moment, within what a literal can say. */
static struct fc_moment rounded(const struct fc_moment *moment)
{
    struct fc_moment made = *moment;
    int32_t rest = made.nanos % (int32_t)FC_NS_PER_US;

    made.nanos += rest > 0 ? (int32_t)FC_NS_PER_US - rest : 0;
    if (made.nanos >= (int32_t)FC_NS_PER_S) {
        made.nanos -= (int32_t)FC_NS_PER_S;
        made.seconds++;
    }
    if (made.seconds < SECONDS_MIN)
        made = (struct fc_moment){.seconds = SECONDS_MIN};
    if (made.seconds > SECONDS_MAX)
        made = (struct fc_moment){.seconds = SECONDS_MAX, .nanos = NANOS_MAX};
    return made;
}

static void put_day(struct fc_buf *sql, int64_t day)
{
    char text[FC_TIME_TEXT_MAX];

    if (day > day_of(SECONDS_MAX))
        day = day_of(SECONDS_MAX);
    fc_time_format(day * DAY_SECONDS, 0, text);
    fc_buf_printf(sql, "DATE '%.10s'", text);
}

static void put_moment(struct fc_buf *sql, enum fc_column_kind kind, const struct fc_moment *from)
{
    const struct fc_moment moment = rounded(from);
    char text[FC_TIME_TEXT_MAX];

    if (kind == FC_COLUMN_DATE) {
        bool exact = moment.seconds % DAY_SECONDS == 0 && moment.nanos == 0;
        put_day(sql, day_of(moment.seconds) + !exact);
        return;
    }
    fc_time_format(moment.seconds, moment.nanos, text);
    if (kind == FC_COLUMN_TIMESTAMP_UTC)
        fc_buf_printf(sql, "TIMESTAMP '%s'", text);
    else
        fc_buf_printf(sql, "DATETIME '%.*s'", (int)strlen(text) - 1, text);
}

/* Whether the moment is after the start of the last day there is: then that day is the bound, and within it. */
static bool is_after_all_days(enum fc_column_kind kind, const struct fc_moment *moment)
{
    return kind == FC_COLUMN_DATE && moment->seconds > day_of(SECONDS_MAX) * DAY_SECONDS;
}

static void put_bounds(struct fc_buf *sql, const struct fc_bq_field *field,
                       const struct fc_moment *start, const struct fc_moment *end)
{
    if (start->set) {
        put_path(sql, field->path);
        fc_buf_puts(sql, " >= ");
        put_moment(sql, field->scalar, start);
    }
    fc_buf_puts(sql, start->set && end->set ? " AND " : "");
    if (end->set) {
        put_path(sql, field->path);
        fc_buf_puts(sql, is_after_all_days(field->scalar, end) ? " <= " : " < ");
        put_moment(sql, field->scalar, end);
    }
}

/* The start of the partition that the day is in: what it is called, and compared by. */
static int64_t start_of(int64_t day, const struct fc_bq_field *partition)
{
    time_t when = (time_t)(day * DAY_SECONDS);
    struct tm tm;

    if (partition->months == 0 || !gmtime_r(&when, &tm))
        return day * DAY_SECONDS;
    tm.tm_mday = 1;
    tm.tm_mon -= tm.tm_mon % partition->months;
    return timegm(&tm);
}

/* Whole days: from the start of the first to the end of the last. */
static void put_partition(struct fc_buf *sql, const struct fc_scan_request *request,
                          const struct fc_bq_field *partition)
{
    struct fc_moment first = {.set = request->start.set};
    struct fc_moment after = {.set = request->end.set};

    first.seconds = start_of(day_of(rounded(&request->start).seconds), partition);
    after.seconds = (day_of(rounded(&request->end).seconds) + 1) * DAY_SECONDS;
    fc_buf_puts(sql, " AND ");
    put_bounds(sql, partition, &first, &after);
}

void fc_bq_sql_span(struct fc_buf *sql, const struct fc_scan_request *request,
                    const struct fc_bq_field *event, const struct fc_bq_field *partition)
{
    /* A field within a record is null where the record is. */
    bool nulls = !event->required || event->path != event->name;

    if (!request->start.set && !request->end.set)
        return;
    fc_buf_puts(sql, nulls ? " WHERE (" : " WHERE ");
    put_bounds(sql, event, &request->start, &request->end);
    if (nulls) {
        fc_buf_puts(sql, " OR ");
        put_path(sql, event->path);
        fc_buf_puts(sql, " IS NULL)");
    }
    if (partition && partition != event)
        put_partition(sql, request, partition);
}
