/* SPDX-License-Identifier: Apache-2.0 */
/** Cases over all services: one server each, with a worker that is good. */
#pragma once

#include "tests/unit/harness.h"

#include "tests/support/whole_server.h"

static inline int whole_setup(void **state)
{
    *state = whole_server_start("good");
    return 0;
}

static inline int whole_teardown(void **state)
{
    whole_server_stop(*state);
    return 0;
}

#define WHOLE_CASE(fn) cmocka_unit_test_setup_teardown(fn, whole_setup, whole_teardown)

/** The last call succeeded; gives its answer. */
#define must_answer(server, answer)                                                                \
    (__extension__({                                                                               \
        void *answer_ = (answer);                                                                  \
        if (answer_ == NULL)                                                                       \
            fail_msg("%s: %s", fc_rc_name((server)->err.rc), (server)->err.message);               \
        answer_;                                                                                   \
    }))

/** The call fails with this reason (and its code), and this text within its message. */
#define must_fail(server, answer, why, text)                                                       \
    do {                                                                                           \
        assert_null(answer);                                                                       \
        assert_string_equal(fc_reason_info((server)->err.reason)->word,                            \
                            fc_reason_info(FC_REASON_##why)->word);                                \
        assert_int_equal((server)->err.rc, fc_reason_info(FC_REASON_##why)->rc);                   \
        if (strstr((server)->err.message, (text)) == NULL)                                         \
            fail_msg("\"%s\" is not in \"%s\"", (text), (server)->err.message);                    \
    } while (0)
