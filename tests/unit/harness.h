/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/**
 * main() of a unit test program. `cases` is an array of struct CMUnitTest.
 *
 *   program            runs every case
 *   program <case>...  runs those named; a name that is not there fails
 *   program --list     prints the names, one a line (how CTest learns them)
 *
 * FC_TEST_MAIN_GROUP adds a group fixture: both functions are CMFixtureFunction or NULL and run once
 * around all cases that are run.
 */
#define FC_TEST_MAIN(cases) FC_TEST_MAIN_GROUP(cases, NULL, NULL)

#define FC_TEST_MAIN_GROUP(cases, group_setup, group_teardown)                                     \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return fc_test_run(argc, argv, (cases), sizeof(cases) / sizeof((cases)[0]), (group_setup), \
                           (group_teardown));                                                      \
    }

static inline const struct CMUnitTest *fc_test_find(const struct CMUnitTest *cases, size_t count,
                                                    const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(cases[i].name, name) == 0)
            return &cases[i];
    return NULL;
}

static inline int fc_test_run(int argc, char **argv, const struct CMUnitTest *cases, size_t count,
                              CMFixtureFunction group_setup, CMFixtureFunction group_teardown)
{
    int failed = 0;

    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < count; i++)
            puts(cases[i].name);
        return 0;
    }
    if (argc < 2)
        return _cmocka_run_group_tests(argv[0], cases, count, group_setup, group_teardown);
    for (int i = 1; i < argc; i++) {
        const struct CMUnitTest *found = fc_test_find(cases, count, argv[i]);
        if (!found) {
            fprintf(stderr, "%s: no test case is named '%s' (--list names them)\n", argv[0],
                    argv[i]);
            return 2;
        }
        failed += _cmocka_run_group_tests(found->name, found, 1, group_setup, group_teardown);
    }
    return failed;
}
