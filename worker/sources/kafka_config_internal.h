/* SPDX-License-Identifier: Apache-2.0 */
/** What the two halves of reading the properties share: lines and sections, and the table of keys. */
#pragma once

#include "worker/sources/kafka_config.h"

#define FC_KAFKA_PROPERTIES_MAX 128

/** The properties read so far, and where. */
struct fc_kafka_reading {
    struct fc_arena *arena;
    struct fc_kafka_config *config; /**< room for FC_KAFKA_PROPERTIES_MAX */
    unsigned line;
    bool credentials_allowed; /**< in a section */
    struct fc_error *err;
};

/** SOURCE_UNREACHABLE with the line. */
fc_rc fc_kafka_config_fail(struct fc_kafka_reading *reading, const char *format, ...)
    FC_PRINTF(2, 3);

/**
 * Checks the key by the table of keys and adds the properties it stands for. `applies` is false in the section of
 * another cluster: checked all the same, but not added, and no file is read.
 */
FC_MUST fc_rc fc_kafka_config_put(struct fc_kafka_reading *reading, const char *key,
                                  const char *value, bool applies);
