/* SPDX-License-Identifier: Apache-2.0 */
/* Cron expressions: what is read, what is refused and with which words, and when the next time is. */
#include "server/jobs/cron.h"

#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "tests/unit/harness.h"

static const struct fc_zone utc = {.named = false};

/* A zone as text of POSIX, which needs no zone database. Of this process, which has one thread. */
static struct fc_zone zone_of(const char *posix)
{
    assert_int_equal(setenv("TZ", posix, 1), 0);
    tzset();
    return (struct fc_zone){.named = true};
}
#define BERLIN    "CET-1CEST,M3.5.0,M10.5.0/3"
#define LORD_HOWE "LHST-10:30LHDT-11,M10.1.0,M4.1.0"

static struct fc_cron cron(const char *text)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_cron parsed;

    if (fc_cron_parse(fc_str_from(text), &parsed, &err) != FC_OK)
        fail_msg("%s", err.message);
    return parsed;
}

static int64_t moment(const char *text)
{
    int64_t seconds;
    int32_t nanos;

    if (!fc_time_parse(text, &seconds, &nanos))
        fail_msg("%s is no time", text);
    return seconds;
}

/* The times after `after`, all of them in UTC, up to a NULL. */
static void expect_times(const char *expression, const struct fc_zone *zone, const char *after,
                         const char *const *times)
{
    struct fc_cron parsed = cron(expression);
    int64_t at = moment(after);

    for (size_t i = 0; times[i]; i++) {
        char text[FC_TIME_TEXT_MAX];
        at = fc_cron_next(&parsed, zone, at);
        fc_time_format(at, 0, text);
        if (strcmp(text, times[i]) != 0)
            fail_msg("%s after %s: time %zu is %s, expected %s", expression, after, i, text,
                     times[i]);
    }
}
#define EXPECT(expression, zone, after, ...)                                                       \
    expect_times(expression, zone, after, (const char *const[]){__VA_ARGS__, NULL})

static void times_in_utc(void **state)
{
    (void)state;
    EXPECT("* * * * *", &utc, "2026-01-31T23:59:00Z", "2026-02-01T00:00:00Z",
           "2026-02-01T00:01:00Z");
    EXPECT("* * * * *", &utc, "2026-01-31T23:59:59Z", "2026-02-01T00:00:00Z");
    EXPECT("0 3 * * *", &utc, "2026-01-31T03:00:00Z", "2026-02-01T03:00:00Z",
           "2026-02-02T03:00:00Z");
    EXPECT("*/20 8-9 * * *", &utc, "2026-01-01T08:30:00Z", "2026-01-01T08:40:00Z",
           "2026-01-01T09:00:00Z", "2026-01-01T09:20:00Z", "2026-01-01T09:40:00Z",
           "2026-01-02T08:00:00Z");
    EXPECT("50/5 0 * * *", &utc, "2026-01-01T00:00:00Z", "2026-01-01T00:50:00Z",
           "2026-01-01T00:55:00Z", "2026-01-02T00:50:00Z");
    EXPECT("15,5,45-47 12 * * *", &utc, "2026-01-01T12:05:00Z", "2026-01-01T12:15:00Z",
           "2026-01-01T12:45:00Z", "2026-01-01T12:46:00Z", "2026-01-01T12:47:00Z",
           "2026-01-02T12:05:00Z");
    EXPECT("0 0 1 Jan,JUL *", &utc, "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z",
           "2027-01-01T00:00:00Z");
    EXPECT("0 0 31 * *", &utc, "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z",
           "2026-05-31T00:00:00Z");
    EXPECT("0 0 29 2 *", &utc, "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z");
    EXPECT("0 0 * * mon-fri", &utc, "2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z");
    EXPECT("0 0 * * sat-sun", &utc, "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z",
           "2026-11-22T00:00:00Z", "2026-11-28T00:00:00Z");
    EXPECT("0 0 ? * 0", &utc, "2026-11-20T00:00:00Z", "2026-11-22T00:00:00Z");
    EXPECT("0 0 * * 7", &utc, "2026-11-20T00:00:00Z", "2026-11-22T00:00:00Z");
    EXPECT(" 0\t0  *  * *\n", &utc, "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z");
    EXPECT("59 23 31 12 *", &utc, "1969-06-01T00:00:00Z", "1969-12-31T23:59:00Z",
           "1970-12-31T23:59:00Z");
}

static void either_day_is_enough(void **state)
{
    (void)state;
    EXPECT("0 0 13 * fri", &utc, "2026-11-01T00:00:00Z", "2026-11-06T00:00:00Z",
           "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-27T00:00:00Z",
           "2026-12-04T00:00:00Z", "2026-12-11T00:00:00Z", "2026-12-13T00:00:00Z");
    /* All its values are no restriction. */
    EXPECT("0 0 1-31 * fri", &utc, "2026-11-01T00:00:00Z", "2026-11-06T00:00:00Z",
           "2026-11-13T00:00:00Z");
    EXPECT("0 0 13 * 1-7", &utc, "2026-11-01T00:00:00Z", "2026-11-13T00:00:00Z",
           "2026-12-13T00:00:00Z");
    /* A step is one. */
    EXPECT("0 0 */31 2 wed", &utc, "2026-02-01T00:00:00Z", "2026-02-04T00:00:00Z");
}

static void words(void **state)
{
    (void)state;
    EXPECT("@hourly", &utc, "2026-01-01T00:30:00Z", "2026-01-01T01:00:00Z");
    EXPECT("@daily", &utc, "2026-01-01T00:30:00Z", "2026-01-02T00:00:00Z");
    EXPECT("@Midnight", &utc, "2026-01-01T00:30:00Z", "2026-01-02T00:00:00Z");
    EXPECT("@weekly", &utc, "2026-11-23T00:00:00Z", "2026-11-29T00:00:00Z");
    EXPECT("@monthly", &utc, "2026-01-01T00:30:00Z", "2026-02-01T00:00:00Z");
    EXPECT("@yearly", &utc, "2026-01-01T00:30:00Z", "2027-01-01T00:00:00Z");
    EXPECT("@annually", &utc, "2026-01-01T00:30:00Z", "2027-01-01T00:00:00Z");
}

static void fixed_offsets(void **state)
{
    const struct fc_zone india = {.offset_s = 19800}, west = {.offset_s = -12 * 3600};

    (void)state;
    EXPECT("0 3 * * *", &india, "2026-01-01T00:00:00Z", "2026-01-01T21:30:00Z",
           "2026-01-02T21:30:00Z");
    EXPECT("30 * * * *", &india, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z");
    EXPECT("0 23 * * *", &west, "2026-01-01T00:00:00Z", "2026-01-01T11:00:00Z");
}

/* On 2026-03-29 01:00Z clocks in Berlin go from 02:00 to 03:00. */
static void a_skipped_time_is_due_at_the_change(void **state)
{
    struct fc_zone berlin = zone_of(BERLIN);

    (void)state;
    EXPECT("30 2 * * *", &berlin, "2026-03-28T00:00:00Z", "2026-03-28T01:30:00Z",
           "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z");
    EXPECT("*/20 2 * * *", &berlin, "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z",
           "2026-03-30T00:00:00Z");
    EXPECT("30 2,3 * * *", &berlin, "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z",
           "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z");
    EXPECT("15 2,3 29 3 *", &berlin, "2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z",
           "2027-03-29T00:15:00Z");
    EXPECT("0 3 * * *", &berlin, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z",
           "2026-03-30T01:00:00Z");
    /* Minutes of all hours are not made up for. */
    EXPECT("30 * * * *", &berlin, "2026-03-29T00:00:00Z", "2026-03-29T00:30:00Z",
           "2026-03-29T01:30:00Z");
    EXPECT("*/30 * * * *", &berlin, "2026-03-29T00:29:00Z", "2026-03-29T00:30:00Z",
           "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z");
}

/* On 2026-10-25 01:00Z clocks in Berlin go from 03:00 to 02:00. */
static void a_repeated_time_is_due_once(void **state)
{
    struct fc_zone berlin = zone_of(BERLIN);

    (void)state;
    EXPECT("30 2 * * *", &berlin, "2026-10-24T00:00:00Z", "2026-10-24T00:30:00Z",
           "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
    EXPECT("30 2 * * *", &berlin, "2026-10-25T01:10:00Z", "2026-10-26T01:30:00Z");
    EXPECT("15,45 1-3 * * *", &berlin, "2026-10-25T00:20:00Z", "2026-10-25T00:45:00Z",
           "2026-10-25T02:15:00Z");
    EXPECT("0 3 * * *", &berlin, "2026-10-24T12:00:00Z", "2026-10-25T02:00:00Z");
    /* Minutes of all hours come twice. */
    EXPECT("30 * * * *", &berlin, "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z",
           "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z");
    EXPECT("30 * * * *", &berlin, "2026-10-25T00:59:59Z", "2026-10-25T01:30:00Z");
    EXPECT("0 * 25 10 *", &berlin, "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z",
           "2026-10-25T02:00:00Z");
    /* A change that is near has no say in what is far. */
    EXPECT("0 * 1 4 *", &berlin, "2026-10-25T00:30:00Z", "2027-03-31T22:00:00Z");
}

static void half_hours_change_too(void **state)
{
    struct fc_zone lord_howe = zone_of(LORD_HOWE);

    (void)state;
    /* 2026-04-04 15:00Z: from 02:00 back to 01:30. */
    EXPECT("45 1 * * *", &lord_howe, "2026-04-04T00:00:00Z", "2026-04-04T14:45:00Z",
           "2026-04-05T15:15:00Z");
    EXPECT("*/15 * * * *", &lord_howe, "2026-04-04T14:40:00Z", "2026-04-04T14:45:00Z",
           "2026-04-04T15:00:00Z", "2026-04-04T15:15:00Z", "2026-04-04T15:30:00Z");
    /* 2026-10-03 15:30Z: from 02:00 to 02:30. */
    EXPECT("15 2 * * *", &lord_howe, "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z",
           "2026-10-04T15:15:00Z");
}

static void the_last_time(void **state)
{
    static const struct {
        const char *cron, *after, *until, *last;
    } cases[] = {
        {"0 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T05:59:59Z", "2026-01-01T05:00:00Z"},
        {"0 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T05:00:00Z", "2026-01-01T05:00:00Z"},
        {"0 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:59:00Z", "2026-01-01T00:00:00Z"},
        {"* * * * *", "1970-01-01T00:00:00Z", "2999-12-31T23:59:30Z", "2999-12-31T23:59:00Z"},
        {"* * 1 1 *", "2025-06-01T00:00:00Z", "2026-09-01T00:00:00Z", "2026-01-01T23:59:00Z"},
        {"0 0 29 2 *", "2020-03-01T00:00:00Z", "2027-01-01T00:00:00Z", "2024-02-29T00:00:00Z"},
        {"0 0 29 2 *", "2024-03-01T00:00:00Z", "2027-01-01T00:00:00Z", "2024-03-01T00:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(cases); i++) {
        struct fc_cron parsed = cron(cases[i].cron);
        int64_t last = fc_cron_last(&parsed, &utc, moment(cases[i].after), moment(cases[i].until));
        if (last != moment(cases[i].last))
            fail_msg("case %zu: %lld", i, (long long)last);
    }
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *cron, *says;
    } cases[] = {
        {"", "the number of fields is 0, expected five"},
        {"0 3 * *", "the number of fields is 4"},
        {"0 0 3 * * *", "the number of fields is 6"},
        {"@reboot", "the number of fields is 1"},
        {"@every 1h", "the number of fields is 2"},
        {"60 * * * *",
         "the minute is \"60\", outside its values; expected *, or numbers from 0 to 59"},
        {"* 24 * * *", "the hour is \"24\""},
        {"* * 0 * *", "the day of month is \"0\", outside its values"},
        {"* * 32 * *", "the day of month is \"32\""},
        {"* * * 13 *", "the month is \"13\""},
        {"* * * 0 *", "the month is \"0\""},
        {"* * * * 8", "the day of week is \"8\""},
        {"* * * * mo", "the day of week is \"mo\", which is neither"},
        {"* * * * monday", "the day of week is \"monday\", which goes on where it should end"},
        {"* jan * * *", "the hour is \"jan\", which is neither"},
        {"5-3 * * * *", "a range that ends before it begins"},
        {"* * * nov-feb *", "a range that ends before it begins"},
        {"5- * * * *", "a range without an end"},
        {"*/0 * * * *", "a step that is no number above 0"},
        {"*/ * * * *", "a step that is no number above 0"},
        {"1,,2 * * * *", "which is neither"},
        {"1, * * * *", "which is neither"},
        {"-1 * * * *", "which is neither"},
        {"? * * * *", "which is neither"},
        {"1?2 * * * *", "which goes on where it should end"},
        {"99999999999 * * * *", "the minute is"},
        {"* * 30 2 *", "none of its months has day 30"},
        {"* * 31 4,6,9,11,2 *", "none of its months has day 31"},
        {"* * L * *", "the day of month is \"L\""},
        {"* * * * 5#2", "which goes on where it should end"},
    };

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(cases); i++) {
        struct fc_error err = FC_ERROR_INIT;
        struct fc_cron parsed;
        if (fc_cron_parse(fc_str_from(cases[i].cron), &parsed, &err) == FC_OK)
            fail_msg("\"%s\" is read", cases[i].cron);
        assert_int_equal(err.reason, FC_REASON_CRON_INVALID);
        assert_string_equal(err.field, "cron_schedule");
        if (!strstr(err.message, cases[i].says))
            fail_msg("%s\n  does not say\n%s", err.message, cases[i].says);
    }
    /* Days of the week make up for it. */
    (void)cron("* * 30 2 mon");
    char longest[FC_CRON_MAX + 2];
    struct fc_error err = FC_ERROR_INIT;
    struct fc_cron parsed;
    memset(longest, ' ', sizeof longest);
    assert_int_equal(fc_cron_parse((fc_str){longest, sizeof longest}, &parsed, &err),
                     FC_INVALID_ARGUMENT);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(times_in_utc),
    cmocka_unit_test(either_day_is_enough),
    cmocka_unit_test(words),
    cmocka_unit_test(fixed_offsets),
    cmocka_unit_test(a_skipped_time_is_due_at_the_change),
    cmocka_unit_test(a_repeated_time_is_due_once),
    cmocka_unit_test(half_hours_change_too),
    cmocka_unit_test(the_last_time),
    cmocka_unit_test(mistakes_are_named),
};

FC_TEST_MAIN(cases)
