/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Valid objects for tests to bend, and lookups in violations. Everything lives in the arena; an exhausted arena aborts.
 */
#pragma once

#include <stdbool.h>

#include "base/violations.h"
#include "feast/core/Entity.pb-c.h"
#include "feast/core/FeatureTable.pb-c.h"
#include "feast/worker/v1/worker.pb-c.h"

Feast__Core__EntitySpecV2 *test_entity(struct fc_arena *arena, const char *name,
                                       Feast__Types__ValueType__Enum type);

/** A Parquet file at file:///data/trips.parquet with event column `ts`. */
Feast__Core__DataSource *test_file_source(struct fc_arena *arena);
Feast__Core__DataSource *test_bigquery_source(struct fc_arena *arena, const char *table_ref);
/** Avro of one field, broker kafka:9092, topic trips. */
Feast__Core__DataSource *test_kafka_source(struct fc_arena *arena);
Feast__Core__DataSource *test_kinesis_source(struct fc_arena *arena);

/** `driver_trips` of entity driver_id with features trips INT32 and rating FLOAT, max_age 1 h, the file source. */
Feast__Core__FeatureTableSpec *test_table(struct fc_arena *arena);
void test_add_entity(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec, const char *name);
Feast__Core__FeatureSpecV2 *test_add_feature(struct fc_arena *arena,
                                             Feast__Core__FeatureTableSpec *spec, const char *name,
                                             Feast__Types__ValueType__Enum type);

/** What a worker is told of the entities of test_table: a list of one, driver_id INT64. */
Feast__Worker__V1__EntityType **test_entity_types(struct fc_arena *arena);
/** An ingestion of a table of these entities in project "default" into SQLite, whose path is the test's to set. */
Feast__Worker__V1__Ingest *test_ingest(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec);

/** Appends a pair to a string map: `TEST_PUT(arena, feast__core__…__labels_entry, spec, labels, "k", "v")`. */
#define TEST_PUT(arena, entry_type, message, field, key, value)                                    \
    test_put((arena), &entry_type##__descriptor, &(message)->n_##field, &(message)->field, (key),  \
             (value))
void test_put(struct fc_arena *arena, const ProtobufCMessageDescriptor *entry_type, size_t *count,
              void *entries, const char *key, const char *value);
#define TEST_ENTITY_LABEL(arena, spec, key, value)                                                 \
    TEST_PUT(arena, feast__core__entity_spec_v2__labels_entry, spec, labels, key, value)
#define TEST_FEATURE_LABEL(arena, feature, key, value)                                             \
    TEST_PUT(arena, feast__core__feature_spec_v2__labels_entry, feature, labels, key, value)
#define TEST_TABLE_LABEL(arena, spec, key, value)                                                  \
    TEST_PUT(arena, feast__core__feature_table_spec__labels_entry, spec, labels, key, value)
#define TEST_MAPPING(arena, source, key, value)                                                    \
    TEST_PUT(arena, feast__core__data_source__field_mapping_entry, source, field_mapping, key,     \
             value)

/** The message, packed, with these bytes appended, unpacked again: fields that our .proto files do not declare. */
ProtobufCMessage *test_with_bytes(struct fc_arena *arena, const ProtobufCMessage *message,
                                  const char *bytes, size_t size);

/** Whether a violation of this reason stands at this field and holds the text (NULL: any). */
bool test_violated(const struct fc_violations *violations, enum fc_reason reason, const char *field,
                   const char *text);
/** Prints the list, for a case that fails. */
void test_print(const struct fc_violations *violations);

/** Sources may be files; what tests name beyond is not gone to. */
const Feast__Worker__V1__Access *test_files_only(void);
