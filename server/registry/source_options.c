/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/avro_schema.h"
#include "base/bigquery.h"
#include "base/str.h"
#include "server/registry/names.h"
#include "server/registry/source_check.h"
#include "server/registry/wire.h"

#define TOPIC_MAX  249 /* Kafka's own limit */
#define STREAM_MAX 128 /* Kinesis' own limit */
#define REGION_MAX 64
#define SCHEMA_MAX (1 << 20) /* parsed JSON takes many times the memory of its text */

static void required(const struct source_check *check, const char *field, const char *meaning)
{
    fc_violations_add(check->violations, FC_REASON_FIELD_REQUIRED, fc_source_field(check, field),
                      "%s: %s is required: %s", check->slot, field, meaning);
}

static void invalid(const struct source_check *check, const char *field, const char *found,
                    const char *expected)
{
    fc_violations_add(check->violations, FC_REASON_SOURCE_INVALID, fc_source_field(check, field),
                      "%s: %s is \"%s\", expected %s", check->slot, field,
                      fc_excerpt(check->violations->arena, found), expected);
}

static void unsupported(const struct source_check *check, const char *field, const char *expected)
{
    fc_violations_add(check->violations, FC_REASON_SOURCE_UNSUPPORTED,
                      fc_source_field(check, field), "%s: %s is not set or not served, expected %s",
                      check->slot, field, expected);
}

static bool only(const char *text, size_t size, const char *extra)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && !strchr(extra, c))
            return false;
    }
    return size > 0;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

/* `scheme://something`, `file:/path` or an absolute path. Which schemes can be read is the worker's to say. */
static bool url_is_sane(const char *url)
{
    const char *colon = strstr(url, "://");

    if (has_control(url))
        return false;
    if (url[0] == '/')
        return url[1] != '\0';
    if (strncmp(url, "file:/", 6) == 0)
        return url[6] != '\0' && strcmp(url, "file://") != 0;
    return colon && colon[3] != '\0' && url[0] >= 'A' && only(url, (size_t)(colon - url), "+-.");
}

static void check_file(const struct source_check *check,
                       const Feast__Core__DataSource__FileOptions *options)
{
    if (*options->file_url == '\0') {
        required(check, "file_options.file_url", "where the files are");
    } else if (!url_is_sane(options->file_url)) {
        invalid(check, "file_options.file_url", options->file_url,
                "a URL such as file:///path, s3://bucket/path or gs://bucket/path, or an absolute "
                "path");
    }
    if (!options->file_format ||
        options->file_format->format_case != FEAST__CORE__FILE_FORMAT__FORMAT_PARQUET_FORMAT)
        unsupported(check, "file_options.file_format", "parquet_format");
}

static void check_bigquery(const struct source_check *check,
                           const Feast__Core__DataSource__BigQueryOptions *options)
{
    struct fc_bigquery_ref ref;

    if (*options->table_ref == '\0' &&
        fc_wire_read(FC_WIRE_BIGQUERY_2, &options->base, NULL) == FC_WIRE_TEXT) {
        fc_violations_add(check->violations, FC_REASON_SOURCE_UNSUPPORTED,
                          fc_source_field(check, "bigquery_options.query"),
                          "%s: a query as source is not served, expected "
                          "bigquery_options.table_ref; make a view of the query",
                          check->slot);
    } else if (*options->table_ref == '\0') {
        required(check, "bigquery_options.table_ref", "project:dataset.table");
    } else if (!fc_bigquery_ref_parse(options->table_ref, &ref)) {
        invalid(check, "bigquery_options.table_ref", options->table_ref,
                "project:dataset.table or project.dataset.table");
    }
}

static void check_format(const struct source_check *check, const char *field,
                         const Feast__Core__StreamFormat *format)
{
    struct fc_arena *arena = check->violations->arena;
    int arm = !format ? 0 : (int)format->format_case;

    if (arm == FEAST__CORE__STREAM_FORMAT__FORMAT_PROTO_FORMAT) {
        const char *name = fc_arena_printf(arena, "%s.proto_format.class_path", field);
        fc_name_check(check->violations, FC_NAME_CLASS_PATH, "FeatureTable",
                      fc_source_field(check, !name ? field : name),
                      format->proto_format->class_path);
    } else if (arm == FEAST__CORE__STREAM_FORMAT__FORMAT_AVRO_FORMAT) {
        const char *name = fc_arena_printf(arena, "%s.avro_format.schema_json", field);
        const char *schema = format->avro_format->schema_json;
        name = !name ? field : name;
        if (*schema == '\0') {
            required(check, name, "the Avro schema of the messages as JSON");
            return;
        }
        if (strlen(schema) > SCHEMA_MAX) {
            fc_violations_add(check->violations, FC_REASON_SOURCE_INVALID,
                              fc_source_field(check, name),
                              "%s: %s has %zu bytes, at most %d are allowed", check->slot, name,
                              strlen(schema), SCHEMA_MAX);
            return;
        }
        const char *problem = NULL;
        if (!fc_avro_parse(arena, schema, &problem)) {
            fc_violations_add(check->violations, FC_REASON_SOURCE_INVALID,
                              fc_source_field(check, name), "%s: %s is no Avro schema: %s",
                              check->slot, name, problem);
        }
    } else {
        unsupported(check, field, "avro_format or proto_format");
    }
}

static bool port_is_sane(const char *text, size_t size)
{
    unsigned port = 0;

    for (size_t i = 0; i < size && i < 6; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return size > 0 && size < 6 && port > 0 && port <= 65535;
}

/* `host`, `host:port`, `[address]:port`, each also after `PROTOCOL://`, as Kafka clients read it. */
static bool broker_is_sane(const char *text, size_t size)
{
    const char *scheme = memmem(text, size, "://", 3);

    if (scheme) {
        if (!only(text, (size_t)(scheme - text), "_"))
            return false;
        size -= (size_t)(scheme + 3 - text);
        text = scheme + 3;
    }
    if (size > 0 && text[0] == '[') {
        const char *end = memchr(text, ']', size);
        size_t inner = !end ? 0 : (size_t)(end - text) - 1;
        size_t rest = !end ? 0 : size - inner - 2;
        return only(text + 1, inner, ":.%-_") &&
               (rest == 0 || (end[1] == ':' && port_is_sane(end + 2, rest - 1)));
    }
    const char *colon = memchr(text, ':', size);
    size_t host = !colon ? size : (size_t)(colon - text);
    return only(text, host, ".-_") && (!colon || port_is_sane(colon + 1, size - host - 1));
}

static bool brokers_are_sane(const char *text)
{
    for (;;) {
        text += strspn(text, " ");
        size_t size = strcspn(text, ",");
        size_t trimmed = size;
        while (trimmed > 0 && text[trimmed - 1] == ' ')
            trimmed--;
        if (!broker_is_sane(text, trimmed))
            return false;
        if (text[size] == '\0')
            return true;
        text += size + 1;
    }
}

static void check_kafka(const struct source_check *check,
                        const Feast__Core__DataSource__KafkaOptions *options)
{
    const char *topic = options->topic;

    if (*options->bootstrap_servers == '\0') {
        required(check, "kafka_options.bootstrap_servers", "host:port of a broker");
    } else if (!brokers_are_sane(options->bootstrap_servers)) {
        invalid(check, "kafka_options.bootstrap_servers", options->bootstrap_servers,
                "host:port, several of them separated by commas");
    }
    if (*topic == '\0') {
        required(check, "kafka_options.topic", "the topic to read");
    } else if (!only(topic, strlen(topic), "._-") || strlen(topic) > TOPIC_MAX ||
               strcmp(topic, ".") == 0 || strcmp(topic, "..") == 0) {
        invalid(check, "kafka_options.topic", topic,
                "letters, digits, dots, underscores and dashes, 249 at most");
    }
    check_format(check, "kafka_options.message_format", options->message_format);
}

static void check_kinesis(const struct source_check *check,
                          const Feast__Core__DataSource__KinesisOptions *options)
{
    const char *region = options->region, *stream = options->stream_name;

    if (*region == '\0')
        required(check, "kinesis_options.region", "the region of the stream");
    else if (!only(region, strlen(region), "-") || strlen(region) > REGION_MAX)
        invalid(check, "kinesis_options.region", region, "a region such as eu-west-1");
    if (*stream == '\0') {
        required(check, "kinesis_options.stream_name", "the stream to read");
    } else if (!only(stream, strlen(stream), "._-") || strlen(stream) > STREAM_MAX) {
        invalid(check, "kinesis_options.stream_name", stream,
                "letters, digits, dots, underscores and dashes, 128 at most");
    }
    check_format(check, "kinesis_options.record_format", options->record_format);
}

/* The field that a source of this type must have. Numbers of arms: feast.core.DataSource.options. */
static const char *arm_name(int arm)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
        &feast__core__data_source__descriptor, (unsigned)arm);

    return !field ? "none" : field->name;
}

void fc_source_check_options(const struct source_check *check,
                             const Feast__Core__DataSource *source)
{
    static const int arms[] = {
        [FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_FILE] =
            FEAST__CORE__DATA_SOURCE__OPTIONS_FILE_OPTIONS,
        [FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_BIGQUERY] =
            FEAST__CORE__DATA_SOURCE__OPTIONS_BIGQUERY_OPTIONS,
        [FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KAFKA] =
            FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS,
        [FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__STREAM_KINESIS] =
            FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS,
    };
    int arm = arms[source->type];

    if ((int)source->options_case != arm) {
        fc_violations_add(
            check->violations, FC_REASON_FIELD_REQUIRED, fc_source_field(check, arm_name(arm)),
            "%s: %s is required for type %s, found %s", check->slot, arm_name(arm),
            fc_source_type_name((int32_t)source->type), arm_name((int)source->options_case));
        return;
    }
    switch (source->options_case) {
    case FEAST__CORE__DATA_SOURCE__OPTIONS_FILE_OPTIONS:
        check_file(check, source->file_options);
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_BIGQUERY_OPTIONS:
        check_bigquery(check, source->bigquery_options);
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS:
        check_kafka(check, source->kafka_options);
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS:
        check_kinesis(check, source->kinesis_options);
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS__NOT_SET:
    default:
        break;
    }
}
