/* SPDX-License-Identifier: Apache-2.0 */
/** What the tests of the rules stand on: an arena and a list of violations for each case. */
#pragma once

#include "tests/unit/harness.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/violations.h"
#include "tests/support/specs.h"

struct rules {
    struct fc_arena *arena;
    struct fc_violations found;
};

static inline int rules_setup(void **state)
{
    struct rules *rules = calloc(1, sizeof *rules);

    assert_non_null(rules);
    rules->arena = fc_arena_new((size_t)64 << 20);
    assert_non_null(rules->arena);
    fc_violations_init(&rules->found, rules->arena);
    *state = rules;
    return 0;
}

static inline int rules_teardown(void **state)
{
    struct rules *rules = *state;

    fc_arena_free(rules->arena);
    free(rules);
    return 0;
}

#define RULES_CASE(fn) cmocka_unit_test_setup_teardown(fn, rules_setup, rules_teardown)

/** Exactly one violation, of this reason, at this field, whose message holds the text. */
static inline void assert_only(const struct rules *rules, enum fc_reason reason, const char *field,
                               const char *text)
{
    if (rules->found.count != 1 || !test_violated(&rules->found, reason, field, text)) {
        (void)fprintf(stderr, "expected only %s at %s (%s), found %zu:\n",
                      fc_reason_info(reason)->word, field, !text ? "" : text, rules->found.count);
        test_print(&rules->found);
        fail();
    }
}

static inline void assert_fine(const struct rules *rules)
{
    if (rules->found.count != 0) {
        (void)fprintf(stderr, "expected no violation, found %zu:\n", rules->found.count);
        test_print(&rules->found);
        fail();
    }
}

static inline void assert_violated(const struct rules *rules, enum fc_reason reason,
                                   const char *field, const char *text)
{
    if (!test_violated(&rules->found, reason, field, text)) {
        (void)fprintf(stderr, "expected %s at %s (%s), found %zu:\n", fc_reason_info(reason)->word,
                      field, !text ? "" : text, rules->found.count);
        test_print(&rules->found);
        fail();
    }
}

/** Forgets what was found, for the next bend within a case. */
static inline void forget(struct rules *rules)
{
    fc_violations_init(&rules->found, rules->arena);
}
