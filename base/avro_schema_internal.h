/* SPDX-License-Identifier: Apache-2.0 */
/** Between the files of the Avro schema parser. */
#pragma once

#include <jansson.h>

#include "base/avro_schema.h"

/** Reads "logicalType" of the object that the type was read from, when it is one that the type can have. */
void fc_avro_set_logical(struct fc_avro_type *type, const json_t *object);
