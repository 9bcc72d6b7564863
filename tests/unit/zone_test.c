/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones by offset and by name; the zone database is one of the test's own. */
#include "server/jobs/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/support/scratch.h"
#include "tests/unit/harness.h"

#define JANUARY INT64_C(1767225600) /* 2026-01-01T00:00:00Z */
#define JULY    INT64_C(1782864000) /* 2026-07-01T00:00:00Z */

/* A file of the database: one change in 1970, in both its parts, and the rule of Central Europe for all times after. */
static void write_zone(const char *path)
{
    static const unsigned char head[44] = {'T', 'Z', 'i', 'f', '2', [35] = 1, [39] = 1, [43] = 4};
    static const unsigned char moment[8] = {0};
    /* The kind of time from then on, and all kinds: an hour east, no summer, its name at 0; the names. */
    static const unsigned char kinds[11] = {0, 0, 0, 0x0e, 0x10, 0, 0, 'C', 'E', 'T', 0};
    static const char rule[] = "\nCET-1CEST,M3.5.0,M10.5.0/3\n";
    FILE *file = fopen(path, "wb");

    if (!file) {
        fail_msg("%s: %s", path, strerror(errno));
        return; /* for the analyzer, which does not know that it ends here */
    }
    for (size_t bytes = 4; bytes <= 8; bytes += 4) {
        (void)fwrite(head, 1, sizeof head, file);
        (void)fwrite(moment, 1, bytes, file);
        (void)fwrite(kinds, 1, sizeof kinds, file);
    }
    (void)fwrite(rule, 1, sizeof rule - 1, file);
    assert_int_equal(fclose(file), 0);
}

static void offsets(void **state)
{
    static const struct {
        const char *text;
        int32_t offset_s;
    } good[] = {{"UTC", 0},        {"+00:00", 0},     {"-00:00", 0},     {"+05:30", 19800},
                {"-02:30", -9000}, {"+14:00", 50400}, {"-14:00", -50400}};
    static const char *const bad[] = {"",       "+5:30", "+05:60", "+14:01", "+15:00",
                                      "+05-30", "05:30", "+0530",  "+aa:00", "+05:300"};

    (void)state;
    for (size_t i = 0; i < FC_ARRAY_LEN(good); i++) {
        struct fc_error err = FC_ERROR_INIT;
        struct fc_zone zone;
        assert_int_equal(fc_zone_set(good[i].text, &zone, &err), FC_OK);
        assert_int_equal(fc_zone_offset(&zone, JULY), good[i].offset_s);
        assert_string_equal(zone.name, good[i].text);
    }
    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++) {
        struct fc_error err = FC_ERROR_INIT;
        struct fc_zone zone;
        assert_int_equal(fc_zone_set(bad[i], &zone, &err), FC_INVALID_ARGUMENT);
        assert_string_equal(err.field, "jobs.time_zone");
    }
}

static void names(void **state)
{
    struct test_scratch scratch;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_zone zone;

    (void)state;
    test_scratch_init(&scratch);
    assert_int_equal(setenv("TZDIR", scratch.path, 1), 0);
    assert_int_equal(mkdir(test_path(&scratch, "Europe"), 0700), 0);
    write_zone(test_path(&scratch, "Europe/Here"));
    if (fc_zone_set("Europe/Here", &zone, &err) != FC_OK)
        fail_msg("%s", err.message);
    assert_true(zone.named);
    assert_int_equal(fc_zone_offset(&zone, JANUARY), 3600);
    assert_int_equal(fc_zone_offset(&zone, JULY), 7200);
    static const char *const bad[] = {"Europe/Nowhere", "Europe", "../Europe/Here",
                                      "/etc/localtime", "Europe/Here "};
    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++) {
        assert_int_equal(fc_zone_set(bad[i], &zone, &err), FC_INVALID_ARGUMENT);
        if (!strstr(err.message, bad[i]))
            fail_msg("%s", err.message);
    }
    test_scratch_done(&scratch);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(offsets),
    cmocka_unit_test(names),
};

FC_TEST_MAIN(cases)
