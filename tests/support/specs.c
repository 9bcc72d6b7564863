/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/specs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (!memory) {
        (void)fprintf(stderr, "the arena of the test is exhausted\n");
        abort();
    }
    return memory;
}

#define DEFINE_NEW(type, initialise)                                                               \
    static type *type##_new(struct fc_arena *arena)                                                \
    {                                                                                              \
        type *message = must(fc_arena_alloc(arena, sizeof *message));                              \
        initialise(message);                                                                       \
        return message;                                                                            \
    }

DEFINE_NEW(Feast__Core__EntitySpecV2, feast__core__entity_spec_v2__init)
DEFINE_NEW(Feast__Core__FeatureSpecV2, feast__core__feature_spec_v2__init)
DEFINE_NEW(Feast__Core__FeatureTableSpec, feast__core__feature_table_spec__init)
DEFINE_NEW(Feast__Core__DataSource, feast__core__data_source__init)
DEFINE_NEW(Feast__Core__DataSource__FileOptions, feast__core__data_source__file_options__init)
DEFINE_NEW(Feast__Core__DataSource__BigQueryOptions,
           feast__core__data_source__big_query_options__init)
DEFINE_NEW(Feast__Core__DataSource__KafkaOptions, feast__core__data_source__kafka_options__init)
DEFINE_NEW(Feast__Core__DataSource__KinesisOptions, feast__core__data_source__kinesis_options__init)
DEFINE_NEW(Feast__Core__FileFormat, feast__core__file_format__init)
DEFINE_NEW(Feast__Core__FileFormat__ParquetFormat, feast__core__file_format__parquet_format__init)
DEFINE_NEW(Feast__Core__StreamFormat, feast__core__stream_format__init)
DEFINE_NEW(Feast__Core__StreamFormat__AvroFormat, feast__core__stream_format__avro_format__init)
DEFINE_NEW(Google__Protobuf__Duration, google__protobuf__duration__init)
DEFINE_NEW(Feast__Worker__V1__EntityType, feast__worker__v1__entity_type__init)
DEFINE_NEW(Feast__Worker__V1__SqliteSink, feast__worker__v1__sqlite_sink__init)
DEFINE_NEW(Feast__Worker__V1__Ingest, feast__worker__v1__ingest__init)

static char *text(struct fc_arena *arena, const char *from)
{
    return must(fc_arena_strdup(arena, from));
}

Feast__Core__EntitySpecV2 *test_entity(struct fc_arena *arena, const char *name,
                                       Feast__Types__ValueType__Enum type)
{
    Feast__Core__EntitySpecV2 *spec = Feast__Core__EntitySpecV2_new(arena);

    spec->name = text(arena, name);
    spec->value_type = type;
    return spec;
}

static Feast__Core__DataSource *source(struct fc_arena *arena,
                                       Feast__Core__DataSource__SourceType type)
{
    Feast__Core__DataSource *made = Feast__Core__DataSource_new(arena);

    made->type = type;
    made->event_timestamp_column = text(arena, "ts");
    return made;
}

Feast__Core__DataSource *test_file_source(struct fc_arena *arena)
{
    Feast__Core__DataSource *made =
        source(arena, FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_FILE);
    Feast__Core__DataSource__FileOptions *options = Feast__Core__DataSource__FileOptions_new(arena);

    options->file_url = text(arena, "file:///data/trips.parquet");
    options->file_format = Feast__Core__FileFormat_new(arena);
    options->file_format->format_case = FEAST__CORE__FILE_FORMAT__FORMAT_PARQUET_FORMAT;
    options->file_format->parquet_format = Feast__Core__FileFormat__ParquetFormat_new(arena);
    made->options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_FILE_OPTIONS;
    made->file_options = options;
    return made;
}

Feast__Core__DataSource *test_bigquery_source(struct fc_arena *arena, const char *table_ref)
{
    Feast__Core__DataSource *made =
        source(arena, FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_BIGQUERY);

    made->options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_BIGQUERY_OPTIONS;
    made->bigquery_options = Feast__Core__DataSource__BigQueryOptions_new(arena);
    made->bigquery_options->table_ref = text(arena, table_ref);
    return made;
}

static Feast__Core__StreamFormat *avro(struct fc_arena *arena)
{
    Feast__Core__StreamFormat *format = Feast__Core__StreamFormat_new(arena);

    format->format_case = FEAST__CORE__STREAM_FORMAT__FORMAT_AVRO_FORMAT;
    format->avro_format = Feast__Core__StreamFormat__AvroFormat_new(arena);
    format->avro_format->schema_json =
        text(arena, "{\"type\": \"record\", \"name\": \"Trip\", \"fields\": "
                    "[{\"name\": \"trips\", \"type\": [\"null\", \"int\"]}]}");
    return format;
}

Feast__Core__DataSource *test_kafka_source(struct fc_arena *arena)
{
    Feast__Core__DataSource *made =
        source(arena, FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KAFKA);

    made->options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS;
    made->kafka_options = Feast__Core__DataSource__KafkaOptions_new(arena);
    made->kafka_options->bootstrap_servers = text(arena, "kafka:9092");
    made->kafka_options->topic = text(arena, "trips");
    made->kafka_options->message_format = avro(arena);
    return made;
}

Feast__Core__DataSource *test_kinesis_source(struct fc_arena *arena)
{
    Feast__Core__DataSource *made =
        source(arena, FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KINESIS);

    made->options_case = FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS;
    made->kinesis_options = Feast__Core__DataSource__KinesisOptions_new(arena);
    made->kinesis_options->region = text(arena, "eu-west-1");
    made->kinesis_options->stream_name = text(arena, "trips");
    made->kinesis_options->record_format = avro(arena);
    return made;
}

/* A copy with room for one more, as arrays of protobuf-c have none. */
static void *grown(struct fc_arena *arena, const void *items, size_t count, size_t size)
{
    void *copy = must(fc_arena_calloc(arena, count + 1, size));

    if (count > 0)
        memcpy(copy, items, count * size);
    return copy;
}

void test_add_entity(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec, const char *name)
{
    spec->entities = grown(arena, spec->entities, spec->n_entities, sizeof *spec->entities);
    spec->entities[spec->n_entities++] = text(arena, name);
}

Feast__Core__FeatureSpecV2 *test_add_feature(struct fc_arena *arena,
                                             Feast__Core__FeatureTableSpec *spec, const char *name,
                                             Feast__Types__ValueType__Enum type)
{
    Feast__Core__FeatureSpecV2 *feature = Feast__Core__FeatureSpecV2_new(arena);

    feature->name = text(arena, name);
    feature->value_type = type;
    spec->features = grown(arena, spec->features, spec->n_features, sizeof *spec->features);
    spec->features[spec->n_features++] = feature;
    return feature;
}

Feast__Core__FeatureTableSpec *test_table(struct fc_arena *arena)
{
    Feast__Core__FeatureTableSpec *spec = Feast__Core__FeatureTableSpec_new(arena);

    spec->name = text(arena, "driver_trips");
    test_add_entity(arena, spec, "driver_id");
    (void)test_add_feature(arena, spec, "trips", FEAST__TYPES__VALUE_TYPE__ENUM__INT32);
    (void)test_add_feature(arena, spec, "rating", FEAST__TYPES__VALUE_TYPE__ENUM__FLOAT);
    spec->max_age = Google__Protobuf__Duration_new(arena);
    spec->max_age->seconds = 3600;
    spec->batch_source = test_file_source(arena);
    return spec;
}

Feast__Worker__V1__EntityType **test_entity_types(struct fc_arena *arena)
{
    Feast__Worker__V1__EntityType **types = must(fc_arena_alloc(arena, sizeof(void *)));

    types[0] = Feast__Worker__V1__EntityType_new(arena);
    types[0]->name = text(arena, "driver_id");
    types[0]->value_type = FEAST__TYPES__VALUE_TYPE__ENUM__INT64;
    return types;
}

Feast__Worker__V1__Ingest *test_ingest(struct fc_arena *arena, Feast__Core__FeatureTableSpec *spec)
{
    Feast__Worker__V1__Ingest *order = Feast__Worker__V1__Ingest_new(arena);

    order->project = text(arena, "default");
    order->spec = spec;
    order->entities = test_entity_types(arena);
    order->n_entities = 1;
    order->sink_case = FEAST__WORKER__V1__INGEST__SINK_SQLITE;
    order->sqlite = Feast__Worker__V1__SqliteSink_new(arena);
    return order;
}

void test_put(struct fc_arena *arena, const ProtobufCMessageDescriptor *entry_type, size_t *count,
              void *entries, const char *key, const char *value)
{
    void *entry = must(fc_arena_calloc(arena, 1, entry_type->sizeof_message));
    char *texts[2] = {text(arena, key), text(arena, value)};
    void *array;

    protobuf_c_message_init(entry_type, entry);
    for (unsigned i = 0; i < 2; i++)
        memcpy((char *)entry + entry_type->fields[i].offset, &texts[i], sizeof texts[i]);
    memcpy(&array, entries, sizeof array);
    array = grown(arena, array, *count, sizeof entry);
    memcpy((char *)array + *count * sizeof entry, &entry, sizeof entry);
    memcpy(entries, &array, sizeof array);
    (*count)++;
}

ProtobufCMessage *test_with_bytes(struct fc_arena *arena, const ProtobufCMessage *message,
                                  const char *bytes, size_t size)
{
    size_t packed = protobuf_c_message_get_packed_size(message);
    uint8_t *all = must(fc_arena_alloc(arena, packed + size));

    (void)protobuf_c_message_pack(message, all);
    memcpy(all + packed, bytes, size);
    return must(protobuf_c_message_unpack(message->descriptor, fc_arena_allocator(arena),
                                          packed + size, all));
}

bool test_violated(const struct fc_violations *violations, enum fc_reason reason, const char *field,
                   const char *part)
{
    for (size_t i = 0; i < violations->count; i++) {
        const struct fc_violation *item = &violations->items[i];
        if (item->reason == reason && strcmp(item->field, field) == 0 &&
            (!part || strstr(item->message, part)))
            return true;
    }
    return false;
}

void test_print(const struct fc_violations *violations)
{
    for (size_t i = 0; i < violations->count; i++) {
        const struct fc_violation *item = &violations->items[i];
        (void)fprintf(stderr, "  %s at %s: %s\n", fc_reason_info(item->reason)->word, item->field,
                      item->message);
    }
}

const Feast__Worker__V1__Access *test_files_only(void)
{
    static const char *const schemes[] = {"file"};
    static Feast__Worker__V1__Access access = FEAST__WORKER__V1__ACCESS__INIT;

    access.schemes = (char **)schemes;
    access.n_schemes = 1;
    return &access;
}
