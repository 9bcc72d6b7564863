/* SPDX-License-Identifier: Apache-2.0 */
/* The two hashes, with vectors made by hand-encoding what the peers digest. */
#include "server/registry/hash.h"

#include "server/registry/feature_table.h"
#include "tests/unit/rules_fixture.h"

/* entity1 [, entity2]; feature1 STRING [, feature2 FLOAT]; parquet at file:///path/to/file, column ts_col. */
static Feast__Core__FeatureTableSpec *vector_table(struct rules *rules, bool large)
{
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    spec->n_entities = spec->n_features = 0;
    if (large) {
        test_add_entity(rules->arena, spec, "entity2");
        (void)test_add_feature(rules->arena, spec, "feature2",
                               FEAST__TYPES__VALUE_TYPE__ENUM__FLOAT);
    }
    test_add_entity(rules->arena, spec, "entity1");
    (void)test_add_feature(rules->arena, spec, "feature1", FEAST__TYPES__VALUE_TYPE__ENUM__STRING);
    spec->max_age->seconds = large ? 7200 : 0;
    spec->batch_source->event_timestamp_column = fc_arena_strdup(rules->arena, "ts_col");
    spec->batch_source->file_options->file_url =
        fc_arena_strdup(rules->arena, "file:///path/to/file");
    assert_true(fc_table_normalise(rules->arena, spec));
    return spec;
}

static void assert_hash(struct rules *rules, const Feast__Core__FeatureTableSpec *spec,
                        const char *expected)
{
    char hash[FC_TABLE_HASH_SIZE];

    assert_true(fc_table_hash(rules->arena, spec, hash));
    assert_string_equal(hash, expected);
}

static void table_hash_vectors(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *small = vector_table(rules, false);

    assert_hash(rules, vector_table(rules, true), "71c652fb");
    assert_hash(rules, small, "a3503765");
    small->max_age = NULL;
    assert_true(fc_table_normalise(rules->arena, small));
    assert_hash(rules, small, "a3503765"); /* unset is 0 */
}

static void table_hash_leaves_out_name_labels_and_order(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = vector_table(rules, true);

    spec->name = fc_arena_strdup(rules->arena, "other");
    TEST_TABLE_LABEL(rules->arena, spec, "a", "b");
    assert_hash(rules, spec, "71c652fb");
}

static void table_hash_sees_feature_labels_in_one_order(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *one = vector_table(rules, true),
                                  *two = vector_table(rules, true);
    char hash[FC_TABLE_HASH_SIZE];

    TEST_FEATURE_LABEL(rules->arena, one->features[0], "a", "1");
    TEST_FEATURE_LABEL(rules->arena, one->features[0], "b", "2");
    TEST_FEATURE_LABEL(rules->arena, two->features[0], "b", "2");
    TEST_FEATURE_LABEL(rules->arena, two->features[0], "a", "1");
    assert_true(fc_table_normalise(rules->arena, one));
    assert_true(fc_table_normalise(rules->arena, two));
    assert_true(fc_table_hash(rules->arena, one, hash));
    assert_string_not_equal(hash, "71c652fb");
    assert_hash(rules, two, hash);
}

static Feast__Core__FeatureTableSpec *trips(struct rules *rules)
{
    Feast__Core__FeatureTableSpec *spec = test_table(rules->arena);

    spec->n_features = 0;
    (void)test_add_feature(rules->arena, spec, "trips_today",
                           FEAST__TYPES__VALUE_TYPE__ENUM__INT32);
    spec->max_age->seconds = 86400;
    spec->stream_source = test_kafka_source(rules->arena);
    spec->stream_source->event_timestamp_column = fc_arena_strdup(rules->arena, "event_timestamp");
    spec->stream_source->kafka_options->bootstrap_servers =
        fc_arena_strdup(rules->arena, "localhost:9092");
    spec->stream_source->kafka_options->topic = fc_arena_strdup(rules->arena, "driver_trips");
    spec->stream_source->kafka_options->message_format->avro_format->schema_json =
        fc_arena_strdup(rules->arena, "{}");
    return spec;
}

static const struct fc_entity_type driver[] = {
    {"driver_id", FEAST__TYPES__VALUE_TYPE__ENUM__INT64}};

static const char *identity(struct rules *rules, const Feast__Core__FeatureTableSpec *spec,
                            const Feast__Core__DataSource *source)
{
    const char *text = fc_job_identity(rules->arena, "default", spec, driver, 1, source);

    assert_non_null(text);
    return text;
}

static void job_hash_vector(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = trips(rules);
    struct fc_error err = FC_ERROR_INIT;
    char hash[FC_JOB_HASH_SIZE];

    assert_string_equal(
        identity(rules, spec, spec->stream_source),
        "{\"feature_table\": {\"entities\": [{\"name\": \"driver_id\", \"type\": \"INT64\"}], "
        "\"features\": [{\"name\": \"trips_today\", \"type\": \"INT32\"}], \"labels\": {}, "
        "\"max_age\": 86400, \"name\": \"driver_trips\", \"project\": \"default\"}, \"source\": "
        "{\"kafka\": {\"bootstrap_servers\": \"localhost:9092\", \"created_timestamp_column\": "
        "\"\", \"date_partition_column\": \"\", \"event_timestamp_column\": \"event_timestamp\", "
        "\"field_mapping\": {}, \"format\": {\"json_class\": \"AvroFormat\", \"schema_json\": "
        "\"{}\"}, \"topic\": \"driver_trips\"}}}");
    assert_int_equal(
        fc_job_hash(rules->arena, "default", spec, driver, 1, spec->stream_source, hash, &err),
        FC_OK);
    assert_string_equal(hash, "6dac77554eacb6b95c8ed587b9e98fa7");
}

static void job_identity_of_the_other_sources(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = trips(rules);

    assert_non_null(strstr(
        identity(rules, spec, spec->batch_source),
        "\"source\": {\"file\": {\"created_timestamp_column\": \"\", \"date_partition_column\": "
        "\"\", \"event_timestamp_column\": \"ts\", \"field_mapping\": {}, \"format\": "
        "{\"json_class\": \"ParquetFormat\"}, \"path\": \"file:///data/trips.parquet\"}}}"));
    assert_non_null(strstr(
        identity(rules, spec, test_bigquery_source(rules->arena, "ex.com:p:d.t")),
        "\"source\": {\"bq\": {\"created_timestamp_column\": \"\", \"dataset\": \"d\", "
        "\"date_partition_column\": \"\", \"event_timestamp_column\": \"ts\", \"field_mapping\": "
        "{}, \"project\": \"ex.com:p\", \"table\": \"t\"}}}"));
    assert_non_null(strstr(identity(rules, spec, test_kinesis_source(rules->arena)),
                           "\"region\": \"eu-west-1\", \"stream_name\": \"trips\"}}}"));
}

static void job_identity_sorts_names_and_maps(void **state)
{
    static const struct fc_entity_type entities[] = {
        {"z", FEAST__TYPES__VALUE_TYPE__ENUM__STRING},
        {"a", FEAST__TYPES__VALUE_TYPE__ENUM__STRING_LIST},
    };
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = trips(rules);

    (void)test_add_feature(rules->arena, spec, "alpha", FEAST__TYPES__VALUE_TYPE__ENUM__BOOL);
    TEST_TABLE_LABEL(rules->arena, spec, "b", "2");
    TEST_TABLE_LABEL(rules->arena, spec, "a", "1");
    TEST_MAPPING(rules->arena, spec->stream_source, "trips_today", "t");
    TEST_MAPPING(rules->arena, spec->stream_source, "alpha", "x");
    assert_true(fc_table_normalise(rules->arena, spec));
    const char *text = fc_job_identity(rules->arena, "p", spec, entities, 2, spec->stream_source);
    assert_non_null(text);
    assert_non_null(
        strstr(text, "[{\"name\": \"a\", \"type\": \"STRING_LIST\"}, {\"name\": \"z\""));
    assert_non_null(
        strstr(text, "[{\"name\": \"alpha\", \"type\": \"BOOL\"}, {\"name\": \"trips_"));
    assert_non_null(strstr(text, "\"labels\": {\"a\": \"1\", \"b\": \"2\"}"));
    assert_non_null(strstr(text, "\"field_mapping\": {\"alpha\": \"x\", \"trips_today\": \"t\"}"));
}

/* What Python's json.dumps makes of these texts. */
static void job_identity_escapes_as_python_does(void **state)
{
    struct rules *rules = *state;
    Feast__Core__FeatureTableSpec *spec = trips(rules);

    TEST_TABLE_LABEL(rules->arena, spec, "k",
                     "\"\\/\b\f\n\r\t\x01\x7f \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_non_null(strstr(identity(rules, spec, spec->stream_source),
                           "{\"k\": \"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f "
                           "\\u00e4\\u20ac\\ud83d\\ude00\"}"));
}

static void assert_age(struct rules *rules, int64_t seconds, const char *label,
                       const char *expected)
{
    Feast__Core__FeatureTableSpec *spec = trips(rules);
    char part[64];

    spec->max_age->seconds = seconds;
    if (label)
        TEST_TABLE_LABEL(rules->arena, spec, "gcThresholdSec", label);
    (void)snprintf(part, sizeof part, "\"max_age\": %s, ", expected);
    assert_non_null(strstr(identity(rules, spec, spec->stream_source), part));
}

static void job_identity_age_follows_the_threshold_label(void **state)
{
    struct rules *rules = *state;

    assert_age(rules, 0, NULL, "null");
    assert_age(rules, 60, NULL, "60");
    assert_age(rules, 60, "3600", "3600");
    assert_age(rules, 7200, "3600", "7200");
    assert_age(rules, 0, "0", "0");
    assert_age(rules, 0, "-5", "0");
    assert_age(rules, 5, " +12\n", "12");
    assert_age(rules, 5, "12.5", "5");
    assert_age(rules, 5, "1h", "5");
    assert_age(rules, 5, "", "5");
    assert_age(rules, 5, "+-1", "5");
    assert_age(rules, 5, "99999999999999999999", "5");
}

static const struct CMUnitTest cases[] = {
    RULES_CASE(table_hash_vectors),
    RULES_CASE(table_hash_leaves_out_name_labels_and_order),
    RULES_CASE(table_hash_sees_feature_labels_in_one_order),
    RULES_CASE(job_hash_vector),
    RULES_CASE(job_identity_of_the_other_sources),
    RULES_CASE(job_identity_sorts_names_and_maps),
    RULES_CASE(job_identity_escapes_as_python_does),
    RULES_CASE(job_identity_age_follows_the_threshold_label),
};

FC_TEST_MAIN(cases)
