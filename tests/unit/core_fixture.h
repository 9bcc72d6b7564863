/* SPDX-License-Identifier: Apache-2.0 */
/** Cases over CoreService: one server each. */
#pragma once

#include "tests/unit/harness.h"

#include "tests/support/core_server.h"
#include "tests/support/specs.h"

#define INT64_TYPE  FEAST__TYPES__VALUE_TYPE__ENUM__INT64
#define STRING_TYPE FEAST__TYPES__VALUE_TYPE__ENUM__STRING

static inline int core_setup(void **state)
{
    *state = core_server_start(NULL);
    return 0;
}

static inline int core_teardown(void **state)
{
    core_server_stop(*state);
    return 0;
}

#define CORE_CASE(fn) cmocka_unit_test_setup_teardown(fn, core_setup, core_teardown)

/** The last call failed with this code and reason, and this text within its message. */
#define assert_failed(server, code, why, text)                                                     \
    do {                                                                                           \
        assert_int_equal((server)->err.rc, (code));                                                \
        assert_string_equal(fc_reason_info((server)->err.reason)->word,                            \
                            fc_reason_info(why)->word);                                            \
        if (strstr((server)->err.message, (text)) == NULL)                                         \
            fail_msg("\"%s\" is not in \"%s\"", (text), (server)->err.message);                    \
    } while (0)

/** The last call succeeded. */
#define assert_answered(server, answer) core_must((server), (answer), __func__)

/** Entity driver_id, INT64, in a project. */
static inline void have_driver(struct core_server *server, const char *project)
{
    assert_answered(
        server,
        core_apply_entity_in(server, project, test_entity(server->arena, "driver_id", INT64_TYPE)));
}

/** One violation of the last failure's details, by its field. */
static inline bool told(const struct core_server *server, const char *field)
{
    for (size_t i = 0; i < server->reply.violations.count; i++)
        if (strcmp(server->reply.violations.items[i].field, field) == 0)
            return true;
    return false;
}

static inline void pass_seconds(struct core_server *server, int64_t seconds)
{
    atomic_fetch_add(&server->now_ns, seconds * FC_NS_PER_S);
}
