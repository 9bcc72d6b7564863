/* SPDX-License-Identifier: Apache-2.0 */
/** What feastctl's exit code tells a script. The table is part of the reference page. */
#pragma once

#include "base/error.h"

enum fc_exit {
    FC_EXIT_OK = 0,
    FC_EXIT_FINDING = 1,
    FC_EXIT_USAGE = 2,
    FC_EXIT_NOT_FOUND = 3,
    FC_EXIT_CONFLICT = 4,
    FC_EXIT_REFUSED = 5,
    FC_EXIT_DENIED = 6,
    FC_EXIT_UNAVAILABLE = 7,
    FC_EXIT_INTERNAL = 70,
};

struct fc_exit_info {
    enum fc_exit code;
    const char *meaning;
};

/** Every code, ascending; a row with a NULL meaning ends it. */
extern const struct fc_exit_info fc_exit_table[];

/** The code that a failure ends with. */
enum fc_exit fc_exit_of(const struct fc_error *err);
