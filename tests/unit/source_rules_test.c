/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of data sources: kinds, options, formats, mapping, and the wire clashes of later generations. */
#include "server/registry/source.h"

#include "base/avro_schema.h"
#include "server/registry/map.h"
#include "server/registry/wire.h"
#include "tests/unit/rules_fixture.h"

typedef Feast__Core__DataSource source_spec;

static void check(struct rules *rules, enum fc_source_slot slot, source_spec *source)
{
    struct fc_table_names names;

    assert_true(fc_table_names_init(&names, rules->arena, test_table(rules->arena)));
    assert_true(fc_map_normalise(rules->arena, &source->n_field_mapping, source->field_mapping));
    fc_source_check(slot, source, &names, &rules->found);
}

static char *text(struct rules *rules, const char *value)
{
    return fc_arena_strdup(rules->arena, value);
}

static void every_kind_in_its_slot(void **state)
{
    struct rules *rules = *state;

    check(rules, FC_SOURCE_BATCH, test_file_source(rules->arena));
    check(rules, FC_SOURCE_BATCH, test_bigquery_source(rules->arena, "p:d.t"));
    check(rules, FC_SOURCE_STREAM, test_kafka_source(rules->arena));
    check(rules, FC_SOURCE_STREAM, test_kinesis_source(rules->arena));
    assert_fine(rules);
}

static void kinds_in_the_wrong_slot(void **state)
{
    struct rules *rules = *state;

    check(rules, FC_SOURCE_BATCH, test_kafka_source(rules->arena));
    assert_only(rules, FC_REASON_SOURCE_INVALID, "table_spec.batch_source.type",
                "type is STREAM_KAFKA, expected BATCH_FILE or BATCH_BIGQUERY");
    forget(rules);
    check(rules, FC_SOURCE_STREAM, test_file_source(rules->arena));
    assert_only(rules, FC_REASON_SOURCE_INVALID, "table_spec.stream_source.type",
                "type is BATCH_FILE, expected STREAM_KAFKA or STREAM_KINESIS");
    forget(rules);
    check(rules, FC_SOURCE_STREAM, test_bigquery_source(rules->arena, "p:d.t"));
    assert_only(rules, FC_REASON_SOURCE_INVALID, "table_spec.stream_source.type", NULL);
}

/* Number 4 is Kinesis here and MaxCompute, a batch source, in a later generation: the slot tells. */
static void number_four_in_the_batch_slot_is_maxcompute(void **state)
{
    struct rules *rules = *state;

    check(rules, FC_SOURCE_BATCH, test_kinesis_source(rules->arena));
    assert_only(rules, FC_REASON_SOURCE_INVALID, "table_spec.batch_source.type", "MaxCompute");
}

static void unset_and_unknown_kinds_are_not_implemented(void **state)
{
    struct rules *rules = *state;
    source_spec *source = test_file_source(rules->arena);
    struct fc_error err = FC_ERROR_INIT;

    source->type = FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__INVALID;
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_SOURCE_UNSUPPORTED, "table_spec.batch_source.type", "is not set");
    assert_int_equal(fc_violations_to_error(&rules->found, &err), FC_UNIMPLEMENTED);
    forget(rules);
    source->type = (Feast__Core__DataSource__SourceType)5;
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_SOURCE_UNSUPPORTED, "table_spec.batch_source.type",
                "type 5 is not served");
}

static void options_must_be_those_of_the_kind(void **state)
{
    struct rules *rules = *state;
    source_spec *source = test_file_source(rules->arena);

    source->type = FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_BIGQUERY;
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_FIELD_REQUIRED, "table_spec.batch_source.bigquery_options",
                "bigquery_options is required for type BATCH_BIGQUERY, found file_options");
    forget(rules);
    source->options_case = FEAST__CORE__DATA_SOURCE__OPTIONS__NOT_SET;
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_FIELD_REQUIRED, "table_spec.batch_source.bigquery_options",
                "found none");
}

static void columns(void **state)
{
    struct rules *rules = *state;
    source_spec *source = test_file_source(rules->arena);
    char *name = fc_arena_calloc(rules->arena, 1, 257);

    source->event_timestamp_column = text(rules, "");
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_FIELD_REQUIRED, "table_spec.batch_source.event_timestamp_column",
                "event_timestamp_column is required");
    forget(rules);
    memset(name, 'c', 256);
    source->event_timestamp_column = source->created_timestamp_column = name;
    source->date_partition_column = name;
    check(rules, FC_SOURCE_BATCH, source);
    assert_int_equal(rules->found.count, 3);
    assert_violated(rules, FC_REASON_FIELD_INVALID, "table_spec.batch_source.date_partition_column",
                    "256 characters");
    forget(rules);
    source->event_timestamp_column =
        text(rules, "event time \xc3\xa4"); /* the source's own names */
    source->created_timestamp_column = source->date_partition_column = text(rules, "");
    check(rules, FC_SOURCE_BATCH, source);
    assert_fine(rules);
}

static void file_urls(void **state)
{
    static const char *const good[] = {
        "file:///a/b.parquet", "s3://bucket/x/*.parquet", "/data/x", "gs://b/y/", "file://feast/*",
        "s3a://b/k",           "wasbs://c@a/b",           "file:/a"};
    static const char *const bad[] = {"data/x.parquet", "x", "s3:/b", "file://",      "file:/",
                                      "s3://",          "/", "://x",  "file:///a\nb", "1s://x"};
    struct rules *rules = *state;
    source_spec *source = test_file_source(rules->arena);

    for (size_t i = 0; i < FC_ARRAY_LEN(good); i++) {
        source->file_options->file_url = text(rules, good[i]);
        check(rules, FC_SOURCE_BATCH, source);
    }
    assert_fine(rules);
    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++) {
        forget(rules);
        source->file_options->file_url = text(rules, bad[i]);
        check(rules, FC_SOURCE_BATCH, source);
        assert_only(rules, FC_REASON_SOURCE_INVALID,
                    "table_spec.batch_source.file_options.file_url", "expected a URL");
    }
    forget(rules);
    source->file_options->file_url = text(rules, "");
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_FIELD_REQUIRED, "table_spec.batch_source.file_options.file_url",
                NULL);
}

static void file_format_must_be_parquet(void **state)
{
    struct rules *rules = *state;
    source_spec *source = test_file_source(rules->arena);

    source->file_options->file_format->format_case = FEAST__CORE__FILE_FORMAT__FORMAT__NOT_SET;
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_SOURCE_UNSUPPORTED,
                "table_spec.batch_source.file_options.file_format", "parquet_format");
    forget(rules);
    source->file_options->file_format = NULL;
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_SOURCE_UNSUPPORTED,
                "table_spec.batch_source.file_options.file_format", NULL);
}

static void bigquery_references(void **state)
{
    struct rules *rules = *state;

    check(rules, FC_SOURCE_BATCH, test_bigquery_source(rules->arena, "p.d.t"));
    check(rules, FC_SOURCE_BATCH, test_bigquery_source(rules->arena, "ex.com:p:d.t"));
    assert_fine(rules);
    check(rules, FC_SOURCE_BATCH, test_bigquery_source(rules->arena, "dataset.table"));
    assert_only(rules, FC_REASON_SOURCE_INVALID,
                "table_spec.batch_source.bigquery_options.table_ref",
                "table_ref is \"dataset.table\", expected project:dataset.table");
    forget(rules);
    check(rules, FC_SOURCE_BATCH, test_bigquery_source(rules->arena, ""));
    assert_only(rules, FC_REASON_FIELD_REQUIRED,
                "table_spec.batch_source.bigquery_options.table_ref", NULL);
}

/* Field 2 is a SQL text to clients of 0.10 and later, a message with Spark settings to others. */
static void bigquery_queries_are_told_from_spark_settings(void **state)
{
    struct rules *rules = *state;
    source_spec *source = test_bigquery_source(rules->arena, "");
    Feast__Core__DataSource__BigQueryOptions *options = source->bigquery_options;

    source->bigquery_options =
        (void *)test_with_bytes(rules->arena, &options->base, "\x12\x08SELECT 1", 10);
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_SOURCE_UNSUPPORTED,
                "table_spec.batch_source.bigquery_options.query", "a query as source");
    forget(rules);
    source->bigquery_options =
        (void *)test_with_bytes(rules->arena, &options->base, "\x12\x02\x08\x01", 4);
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_FIELD_REQUIRED,
                "table_spec.batch_source.bigquery_options.table_ref", NULL);
}

static void kafka_brokers(void **state)
{
    static const char *const good[] = {"kafka:9092",
                                       "kafka",
                                       "a:1,b:65535",
                                       "a:9092, b:9092",
                                       "[::1]:9092",
                                       "[fe80::1%eth0]",
                                       "SASL_SSL://b-1.example.com:9096",
                                       "10.0.0.1:9092"};
    static const char *const bad[] = {",",       "a:",      "a:0",    "a:65536",    "a:x",
                                      "a:9092,", ":9092",   "a b:1",  "[::1:9092",  "a:9092;b:1",
                                      "://a:1",  "[]:9092", "http//", "a:123456789"};
    struct rules *rules = *state;
    source_spec *source = test_kafka_source(rules->arena);

    for (size_t i = 0; i < FC_ARRAY_LEN(good); i++) {
        source->kafka_options->bootstrap_servers = text(rules, good[i]);
        check(rules, FC_SOURCE_STREAM, source);
        assert_fine(rules);
    }
    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++) {
        forget(rules);
        source->kafka_options->bootstrap_servers = text(rules, bad[i]);
        check(rules, FC_SOURCE_STREAM, source);
        assert_only(rules, FC_REASON_SOURCE_INVALID,
                    "table_spec.stream_source.kafka_options.bootstrap_servers", "host:port");
    }
    forget(rules);
    source->kafka_options->bootstrap_servers = text(rules, "");
    check(rules, FC_SOURCE_STREAM, source);
    assert_only(rules, FC_REASON_FIELD_REQUIRED,
                "table_spec.stream_source.kafka_options.bootstrap_servers", NULL);
}

static void kafka_topics(void **state)
{
    static const char *const bad[] = {".", "..", "a b", "a/b", "t\xc3\xa4"};
    struct rules *rules = *state;
    source_spec *source = test_kafka_source(rules->arena);
    char *topic = fc_arena_calloc(rules->arena, 1, 251);

    memset(topic, 't', 249);
    source->kafka_options->topic = topic;
    check(rules, FC_SOURCE_STREAM, source);
    source->kafka_options->topic = text(rules, "a.b_c-D9");
    check(rules, FC_SOURCE_STREAM, source);
    assert_fine(rules);
    topic[249] = 't';
    source->kafka_options->topic = topic;
    check(rules, FC_SOURCE_STREAM, source);
    assert_only(rules, FC_REASON_SOURCE_INVALID, "table_spec.stream_source.kafka_options.topic",
                "249 at most");
    for (size_t i = 0; i < FC_ARRAY_LEN(bad); i++) {
        forget(rules);
        source->kafka_options->topic = text(rules, bad[i]);
        check(rules, FC_SOURCE_STREAM, source);
        assert_only(rules, FC_REASON_SOURCE_INVALID, "table_spec.stream_source.kafka_options.topic",
                    NULL);
    }
    forget(rules);
    source->kafka_options->topic = text(rules, "");
    check(rules, FC_SOURCE_STREAM, source);
    assert_only(rules, FC_REASON_FIELD_REQUIRED, "table_spec.stream_source.kafka_options.topic",
                NULL);
}

static void kinesis_options(void **state)
{
    struct rules *rules = *state;
    source_spec *source = test_kinesis_source(rules->arena);

    source->kinesis_options->region = text(rules, "");
    source->kinesis_options->stream_name = text(rules, "");
    check(rules, FC_SOURCE_STREAM, source);
    assert_int_equal(rules->found.count, 2);
    assert_violated(rules, FC_REASON_FIELD_REQUIRED,
                    "table_spec.stream_source.kinesis_options.region", NULL);
    assert_violated(rules, FC_REASON_FIELD_REQUIRED,
                    "table_spec.stream_source.kinesis_options.stream_name", NULL);
    forget(rules);
    source->kinesis_options->region = text(rules, "eu west");
    source->kinesis_options->stream_name = text(rules, "a:b");
    check(rules, FC_SOURCE_STREAM, source);
    assert_int_equal(rules->found.count, 2);
    assert_violated(rules, FC_REASON_SOURCE_INVALID,
                    "table_spec.stream_source.kinesis_options.region", "\"eu west\"");
}

static void stream_formats(void **state)
{
    struct rules *rules = *state;
    source_spec *source = test_kafka_source(rules->arena);
    Feast__Core__StreamFormat__ProtoFormat proto = FEAST__CORE__STREAM_FORMAT__PROTO_FORMAT__INIT;
    Feast__Core__StreamFormat *format = source->kafka_options->message_format;

    format->avro_format->schema_json = text(rules, "");
    check(rules, FC_SOURCE_STREAM, source);
    assert_only(rules, FC_REASON_FIELD_REQUIRED,
                "table_spec.stream_source.kafka_options.message_format.avro_format.schema_json",
                NULL);
    forget(rules);
    format->avro_format->schema_json = text(rules, "{\"type\": \"recrod\"}");
    check(rules, FC_SOURCE_STREAM, source);
    assert_only(rules, FC_REASON_SOURCE_INVALID,
                "table_spec.stream_source.kafka_options.message_format.avro_format.schema_json",
                "is no Avro schema: the schema refers to type \"recrod\"");
    forget(rules);
    char *large = fc_arena_calloc(rules->arena, 1, (1 << 20) + 2);
    memset(large, ' ', (1 << 20) + 1);
    format->avro_format->schema_json = large;
    check(rules, FC_SOURCE_STREAM, source);
    assert_only(rules, FC_REASON_SOURCE_INVALID,
                "table_spec.stream_source.kafka_options.message_format.avro_format.schema_json",
                "has 1048577 bytes, at most 1048576 are allowed");
    forget(rules);
    format->format_case = FEAST__CORE__STREAM_FORMAT__FORMAT_PROTO_FORMAT;
    format->proto_format = &proto;
    check(rules, FC_SOURCE_STREAM, source);
    assert_only(rules, FC_REASON_NAME_INVALID,
                "table_spec.stream_source.kafka_options.message_format.proto_format.class_path",
                "is empty");
    forget(rules);
    proto.class_path = text(rules, "com.example..Trip");
    check(rules, FC_SOURCE_STREAM, source);
    assert_only(rules, FC_REASON_NAME_INVALID,
                "table_spec.stream_source.kafka_options.message_format.proto_format.class_path",
                "invalid value for FeatureTable resource, com.example..Trip: ");
    forget(rules);
    proto.class_path = text(rules, "com.example.Trip");
    check(rules, FC_SOURCE_STREAM, source);
    assert_fine(rules);
    source->kafka_options->message_format = NULL;
    check(rules, FC_SOURCE_STREAM, source);
    assert_only(rules, FC_REASON_SOURCE_UNSUPPORTED,
                "table_spec.stream_source.kafka_options.message_format",
                "avro_format or proto_format");
}

static void mapping_keys_are_names_of_the_table(void **state)
{
    struct rules *rules = *state;
    source_spec *source = test_file_source(rules->arena);

    TEST_MAPPING(rules->arena, source, "driver_id", "id");
    TEST_MAPPING(rules->arena, source, "rating", "driver_rating");
    check(rules, FC_SOURCE_BATCH, source);
    assert_fine(rules);
    TEST_MAPPING(rules->arena, source, "ratnig", "x");
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_FIELD_MAPPING_INVALID,
                "table_spec.batch_source.field_mapping[\"ratnig\"]",
                "neither an entity nor a feature of the table; did you mean \"rating\"?");
}

static void mapping_values_are_required(void **state)
{
    struct rules *rules = *state;
    source_spec *source = test_file_source(rules->arena);

    TEST_MAPPING(rules->arena, source, "rating", "");
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_FIELD_MAPPING_INVALID,
                "table_spec.batch_source.field_mapping[\"rating\"]", "to an empty name");
}

static void two_names_do_not_read_one_column(void **state)
{
    struct rules *rules = *state;
    source_spec *source = test_file_source(rules->arena);

    TEST_MAPPING(rules->arena, source, "rating", "x");
    TEST_MAPPING(rules->arena, source, "trips", "x");
    check(rules, FC_SOURCE_BATCH, source);
    assert_only(rules, FC_REASON_FIELD_MAPPING_INVALID,
                "table_spec.batch_source.field_mapping[\"trips\"]",
                "\"rating\" and \"trips\" both read column \"x\"");
    forget(rules);
    source = test_kafka_source(rules->arena);
    TEST_MAPPING(rules->arena, source, "rating", "trips"); /* which trips reads as well */
    check(rules, FC_SOURCE_STREAM, source);
    assert_only(rules, FC_REASON_FIELD_MAPPING_INVALID,
                "table_spec.stream_source.field_mapping[\"rating\"]", "both read column \"trips\"");
    forget(rules);
    TEST_MAPPING(rules->arena, source, "trips", "rating"); /* swapped: each column once */
    check(rules, FC_SOURCE_STREAM, source);
    assert_fine(rules);
}

static const char *const avro_good[] = {
    "\"string\"",
    "{\"type\": \"long\", \"logicalType\": \"timestamp-millis\"}",
    "{\"type\": {\"type\": \"int\"}}",
    "[\"null\", \"long\", {\"type\": \"array\", \"items\": \"string\"}]",
    "{\"type\": \"map\", \"values\": [\"null\", \"double\"]}",
    "{\"type\": \"record\", \"name\": \"a.b.R\", \"fields\": [{\"name\": \"next\", \"type\": "
    "[\"null\", \"R\"]}, {\"name\": \"full\", \"type\": [\"null\", \"a.b.R\"]}]}",
    "{\"type\": \"record\", \"name\": \"R\", \"namespace\": \"x.y\", \"fields\": [{\"name\": "
    "\"e\", \"type\": {\"type\": \"enum\", \"name\": \"E\", \"symbols\": [\"A\", \"B\"]}}, "
    "{\"name\": \"e2\", \"type\": \"x.y.E\"}, {\"name\": \"f\", \"type\": {\"type\": "
    "\"fixed\", \"name\": \"F\", \"size\": 16}}]}",
    "[{\"type\": \"fixed\", \"name\": \"A\", \"size\": 1}, {\"type\": \"fixed\", \"name\": "
    "\"B\", \"size\": 1}]",
    "{\"type\": \"record\", \"name\": \"R\", \"fields\": [], \"doc\": \"nothing\"}",
};
static const char *const avro_bad[][2] = {
    {"", "line 1"},
    {"{", "line 1"},
    {"avro", "line 1"},
    {"{}", "has no \"type\""},
    {"3", "neither a type name"},
    {"null", "neither a type name"},
    {"\"text\"", "\"text\", which is not defined"},
    {"{\"type\": \"record\"}", "no valid \"name\""},
    {"{\"type\": \"record\", \"name\": \"1\"}", "no valid \"name\""},
    {"{\"type\": \"record\", \"name\": \"R\"}", "\"fields\""},
    {"{\"type\": \"record\", \"name\": \"int\", \"fields\": []}", "a name that is taken"},
    {"{\"type\": \"record\", \"name\": \"R\", \"namespace\": \"a-b\", \"fields\": []}",
     "\"namespace\""},
    {"{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"type\": \"int\"}]}", "field 0"},
    {"{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"a\"}]}",
     "field \"a\" has no \"type\""},
    {"{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"a\", \"type\": "
     "\"int\"}, {\"name\": \"a\", \"type\": \"int\"}]}",
     "two fields \"a\""},
    {"{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"a\", \"type\": "
     "\"Other\"}]}",
     "field \"a\" refers to type \"Other\""},
    {"{\"type\": \"array\"}", "\"items\""},
    {"{\"type\": \"map\"}", "\"values\""},
    {"{\"type\": \"enum\", \"name\": \"E\"}", "\"symbols\""},
    {"{\"type\": \"enum\", \"name\": \"E\", \"symbols\": [\"a b\"]}", "symbol 0"},
    {"{\"type\": \"fixed\", \"name\": \"F\"}", "\"size\""},
    {"{\"type\": \"fixed\", \"name\": \"F\", \"size\": -1}", "\"size\""},
    {"[\"int\", \"int\"]", "two branches of type \"int\""},
    {"[\"int\", [\"long\"]]", "union directly within a union"},
    {"[{\"type\": \"array\", \"items\": \"int\"}, {\"type\": \"array\", \"items\": \"long\"}]",
     "two branches of type \"array\""},
    {"{\"type\": \"int\", \"type\": \"long\"}", "line 1"},
};

/* NULL when it is a schema. */
static const char *avro_problem(struct rules *rules, const char *schema)
{
    const char *problem = NULL;

    return !fc_avro_parse(rules->arena, schema, &problem) ? problem : NULL;
}

static void avro_schemas(void **state)
{
    struct rules *rules = *state;

    for (size_t i = 0; i < FC_ARRAY_LEN(avro_good); i++) {
        const char *problem = avro_problem(rules, avro_good[i]);
        if (problem)
            fail_msg("%s: %s", avro_good[i], problem);
    }
    for (size_t i = 0; i < FC_ARRAY_LEN(avro_bad); i++) {
        const char *problem = avro_problem(rules, avro_bad[i][0]);
        if (!problem || !strstr(problem, avro_bad[i][1])) {
            fail_msg("%s: %s, expected %s", avro_bad[i][0], !problem ? "taken" : problem,
                     avro_bad[i][1]);
        }
    }
}

static void deep_avro_schemas_end_in_an_error(void **state)
{
    enum { DEPTH = 100000 };
    struct rules *rules = *state;
    char *deep = fc_arena_calloc(rules->arena, 1, 2 * DEPTH + 1);

    memset(deep, '[', DEPTH);
    memset(deep + DEPTH, ']', DEPTH);
    assert_non_null(avro_problem(rules, deep));
}

static enum fc_wire_reading reading(struct rules *rules, enum fc_wire_clash clash,
                                    const ProtobufCMessage *message, const char *bytes, size_t size)
{
    return fc_wire_read(clash, test_with_bytes(rules->arena, message, bytes, size), NULL);
}

static void clashes_are_told_apart(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec table = FEAST__CORE__FEATURE_TABLE_SPEC__INIT;
    Feast__Core__DataSource__FileOptions file = FEAST__CORE__DATA_SOURCE__FILE_OPTIONS__INIT;
    Feast__Core__DataSource__BigQueryOptions query =
        FEAST__CORE__DATA_SOURCE__BIG_QUERY_OPTIONS__INIT;
    fc_str payload;

#define READ(clash, message, bytes) reading(rules, clash, &(message).base, bytes, sizeof(bytes) - 1)
    assert_int_equal(fc_wire_read(FC_WIRE_TABLE_9, &table.base, NULL), FC_WIRE_ABSENT);
    assert_int_equal(READ(FC_WIRE_TABLE_9, table, "\x4a\x00"), FC_WIRE_MESSAGE);
    assert_int_equal(READ(FC_WIRE_TABLE_9, table, "\x4a\x02\x08\x05"), FC_WIRE_MESSAGE);
    assert_int_equal(READ(FC_WIRE_TABLE_9, table, "\x4a\x02\x10\x05"), FC_WIRE_MESSAGE);
    assert_int_equal(READ(FC_WIRE_TABLE_9, table, "\x4a\x01z"), FC_WIRE_TEXT);
    assert_int_equal(READ(FC_WIRE_TABLE_9, table, "\x4a\x01_"), FC_WIRE_TEXT);
    assert_int_equal(READ(FC_WIRE_TABLE_9, table, "\x4a\x01\x03"), FC_WIRE_UNCLEAR);
    assert_int_equal(READ(FC_WIRE_TABLE_9, table, "\x48\x03"), FC_WIRE_UNCLEAR);
    assert_int_equal(READ(FC_WIRE_BIGQUERY_2, query, "\x12\x00"), FC_WIRE_MESSAGE);
    assert_int_equal(READ(FC_WIRE_BIGQUERY_2, query, "\x12\x03\x22\x01x"), FC_WIRE_MESSAGE);
    assert_int_equal(READ(FC_WIRE_BIGQUERY_2, query, "\x12\x03\nSE"), FC_WIRE_TEXT);
    assert_int_equal(READ(FC_WIRE_BIGQUERY_2, query, "\x12\x01("), FC_WIRE_TEXT);
    assert_int_equal(READ(FC_WIRE_BIGQUERY_2, query, "\x12\x01-"), FC_WIRE_TEXT);
    assert_int_equal(READ(FC_WIRE_FILE_3, file, "\x1a\x02\x18\x02"), FC_WIRE_MESSAGE);
    assert_int_equal(READ(FC_WIRE_FILE_3, file, "\x1a\x04http"), FC_WIRE_TEXT);
#undef READ
    /* The last of several counts. */
    ProtobufCMessage *twice =
        test_with_bytes(rules->arena, &table.base, "\x4a\x02\x08\x05\x4a\x04ride", 10);
    assert_int_equal(fc_wire_read(FC_WIRE_TABLE_9, twice, &payload), FC_WIRE_TEXT);
    assert_true(fc_str_eq(payload, FC_STR("ride")));
}

static const struct CMUnitTest cases[] = {
    RULES_CASE(every_kind_in_its_slot),
    RULES_CASE(kinds_in_the_wrong_slot),
    RULES_CASE(number_four_in_the_batch_slot_is_maxcompute),
    RULES_CASE(unset_and_unknown_kinds_are_not_implemented),
    RULES_CASE(options_must_be_those_of_the_kind),
    RULES_CASE(columns),
    RULES_CASE(file_urls),
    RULES_CASE(file_format_must_be_parquet),
    RULES_CASE(bigquery_references),
    RULES_CASE(bigquery_queries_are_told_from_spark_settings),
    RULES_CASE(kafka_brokers),
    RULES_CASE(kafka_topics),
    RULES_CASE(kinesis_options),
    RULES_CASE(stream_formats),
    RULES_CASE(mapping_keys_are_names_of_the_table),
    RULES_CASE(mapping_values_are_required),
    RULES_CASE(two_names_do_not_read_one_column),
    RULES_CASE(avro_schemas),
    RULES_CASE(deep_avro_schemas_end_in_an_error),
    RULES_CASE(clashes_are_told_apart),
};

FC_TEST_MAIN(cases)
