/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Field numbers that later generations of the peers gave a second meaning. The .proto files leave them undeclared, so
 * that they stay in the message as they came and go back unchanged; where a rule depends on the meaning, the bytes tell
 * it:
 *
 *     FeatureTableSpec 9    staleness_threshold, a Duration (0.9)    | project, text (0.10 to 0.26)
 *     BigQueryOptions 2     spark_override, a message                | query, text
 *     FileOptions 3         spark_override, a message                | s3_endpoint_override, text
 *
 * A message is empty or begins with one of its tags; text begins with none of these bytes.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/str.h"

enum fc_wire_reading {
    FC_WIRE_ABSENT,
    FC_WIRE_MESSAGE,
    FC_WIRE_TEXT,
    FC_WIRE_UNCLEAR, /**< neither; kept all the same */
};

enum fc_wire_clash {
    FC_WIRE_TABLE_9,
    FC_WIRE_BIGQUERY_2,
    FC_WIRE_FILE_3,
};

/**
 * How the field is to be read in this message, which must be of the clash's type. `ret_payload` (may be NULL) gets its
 * bytes, borrowed from the message; of several occurrences the last, as readers do.
 */
enum fc_wire_reading fc_wire_read(enum fc_wire_clash clash, const ProtobufCMessage *message,
                                  fc_str *ret_payload);
