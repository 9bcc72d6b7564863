/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text is that of Python's json.dumps(…, sort_keys=True), byte for byte: the peers digest that. Hence a writer of
 * our own, whose keys are written in ascending order by the code below.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/bigquery.h"
#include "base/str.h"
#include "server/registry/canonical.h"
#include "server/registry/hash.h"
#include "server/registry/map.h"
#include "server/registry/value_type.h"

/* Code point of valid UTF-8 text; `at` moves behind it. */
static uint32_t next_code_point(const char **at)
{
    const unsigned char *bytes = (const unsigned char *)*at;
    size_t more = bytes[0] < 0x80 ? 0 : bytes[0] < 0xe0 ? 1 : bytes[0] < 0xf0 ? 2 : 3;
    uint32_t value = more == 0 ? bytes[0] : bytes[0] & (0x3fu >> more);

    for (size_t i = 1; i <= more; i++)
        value = value << 6 | (bytes[i] & 0x3f);
    *at += more + 1;
    return value;
}

static void put_escaped(struct fc_buf *out, uint32_t c)
{
    static const char shorts[] = "\b\t\n\f\r\"\\";
    static const char letters[] = "btnfr\"\\";
    const char *found = c != 0 && c < 0x80 ? strchr(shorts, (int)c) : NULL;

    if (found) {
        fc_buf_putc(out, '\\');
        fc_buf_putc(out, letters[found - shorts]);
    } else if (c >= 0x20 && c < 0x7f) {
        fc_buf_putc(out, (char)c);
    } else if (c < 0x10000) {
        fc_buf_printf(out, "\\u%04" PRIx32, c);
    } else {
        fc_buf_printf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((c - 0x10000) >> 10),
                      0xdc00 + ((c - 0x10000) & 0x3ff));
    }
}

static void put_text(struct fc_buf *out, const char *text)
{
    fc_buf_putc(out, '"');
    while (*text != '\0')
        put_escaped(out, next_code_point(&text));
    fc_buf_putc(out, '"');
}

static void put_bytes(struct fc_buf *out, struct fc_arena *arena, fc_str text)
{
    const char *copy = fc_arena_strndup(arena, text.ptr, text.len);

    put_text(out, !copy ? "" : copy);
}

static void put_map(struct fc_buf *out, struct fc_map map)
{
    fc_buf_putc(out, '{');
    for (size_t i = 0; i < map.count; i++) {
        fc_buf_puts(out, i == 0 ? "" : ", ");
        put_text(out, fc_map_key(map, i));
        fc_buf_puts(out, ": ");
        put_text(out, fc_map_value(map, i));
    }
    fc_buf_putc(out, '}');
}

static void put_named_type(struct fc_buf *out, const char *name, int32_t type)
{
    const char *word = fc_value_type_name(type);

    fc_buf_puts(out, "{\"name\": ");
    put_text(out, name);
    fc_buf_puts(out, ", \"type\": ");
    put_text(out, !word ? "" : word);
    fc_buf_putc(out, '}');
}

/* Python's int() of the label, for the spellings that people use: blanks around, one sign, digits. */
static bool parse_whole(const char *text, int64_t *ret)
{
    char *end = NULL;

    text += strspn(text, " \t\n\r");
    size_t digits = strspn(text + strspn(text, "+-"), "0123456789");
    if (strspn(text, "+-") > 1 || digits == 0 || digits > 18)
        return false;
    *ret = strtoll(text, &end, 10);
    return end[strspn(end, " \t\n\r")] == '\0';
}

/* The age after which a value is dropped: the table's, raised by the label gcThresholdSec; 0 and unset are null. */
static void put_max_age(struct fc_buf *out, const Feast__Core__FeatureTableSpec *spec)
{
    const char *label = fc_map_get(FC_MAP(spec, labels), "gcThresholdSec");
    int64_t age = !spec->max_age ? 0 : spec->max_age->seconds;
    int64_t threshold;

    if (label && parse_whole(label, &threshold))
        fc_buf_printf(out, "%" PRId64, threshold > age ? threshold : age);
    else if (age != 0)
        fc_buf_printf(out, "%" PRId64, age);
    else
        fc_buf_puts(out, "null");
}

static int compare_entities(const void *a, const void *b)
{
    const struct fc_entity_type *left = a, *right = b;

    return strcmp(left->name, right->name);
}

static bool put_table(struct fc_buf *out, struct fc_arena *arena, const char *project,
                      const Feast__Core__FeatureTableSpec *spec,
                      const struct fc_entity_type *entities, size_t entity_count)
{
    Feast__Core__FeatureTableSpec sorted;
    struct fc_entity_type *by_name =
        fc_arena_memdup(arena, entities, entity_count * sizeof *entities);

    if (!by_name || !fc_table_canonical(arena, spec, &sorted))
        return false;
    qsort(by_name, entity_count, sizeof *by_name, compare_entities);
    fc_buf_puts(out, "{\"entities\": [");
    for (size_t i = 0; i < entity_count; i++) {
        fc_buf_puts(out, i == 0 ? "" : ", ");
        put_named_type(out, by_name[i].name, by_name[i].value_type);
    }
    fc_buf_puts(out, "], \"features\": [");
    for (size_t i = 0; i < sorted.n_features; i++) {
        fc_buf_puts(out, i == 0 ? "" : ", ");
        put_named_type(out, sorted.features[i]->name, (int32_t)sorted.features[i]->value_type);
    }
    fc_buf_puts(out, "], \"labels\": ");
    put_map(out, FC_MAP(spec, labels));
    fc_buf_puts(out, ", \"max_age\": ");
    put_max_age(out, spec);
    fc_buf_puts(out, ", \"name\": ");
    put_text(out, spec->name);
    fc_buf_puts(out, ", \"project\": ");
    put_text(out, project);
    fc_buf_putc(out, '}');
    return true;
}

static void put_stream_format(struct fc_buf *out, const Feast__Core__StreamFormat *format)
{
    int arm = !format ? 0 : (int)format->format_case;

    if (arm == FEAST__CORE__STREAM_FORMAT__FORMAT_AVRO_FORMAT) {
        fc_buf_puts(out, "{\"json_class\": \"AvroFormat\", \"schema_json\": ");
        put_text(out, format->avro_format->schema_json);
        fc_buf_putc(out, '}');
    } else if (arm == FEAST__CORE__STREAM_FORMAT__FORMAT_PROTO_FORMAT) {
        fc_buf_puts(out, "{\"class_path\": ");
        put_text(out, format->proto_format->class_path);
        fc_buf_puts(out, ", \"json_class\": \"ProtoFormat\"}");
    } else {
        fc_buf_puts(out, "null");
    }
}

/* What every source has; the keys of a kind stand before or behind these by the alphabet. */
static void put_columns(struct fc_buf *out, const Feast__Core__DataSource *source)
{
    fc_buf_puts(out, "\"date_partition_column\": ");
    put_text(out, source->date_partition_column);
    fc_buf_puts(out, ", \"event_timestamp_column\": ");
    put_text(out, source->event_timestamp_column);
    fc_buf_puts(out, ", \"field_mapping\": ");
    put_map(out, FC_MAP(source, field_mapping));
}

static void put_pair(struct fc_buf *out, const char *before, const char *value)
{
    fc_buf_puts(out, before);
    put_text(out, value);
}

static void put_bigquery(struct fc_buf *out, struct fc_arena *arena,
                         const Feast__Core__DataSource *source)
{
    struct fc_bigquery_ref ref = {.table = fc_str_from(source->bigquery_options->table_ref)};

    /* A reference of an older registry that is none goes in as it is: it still tells one source from another. */
    (void)!fc_bigquery_ref_parse(source->bigquery_options->table_ref, &ref);
    put_pair(out, "{\"bq\": {\"created_timestamp_column\": ", source->created_timestamp_column);
    fc_buf_puts(out, ", \"dataset\": ");
    put_bytes(out, arena, ref.dataset);
    fc_buf_puts(out, ", ");
    put_columns(out, source);
    fc_buf_puts(out, ", \"project\": ");
    put_bytes(out, arena, ref.project);
    fc_buf_puts(out, ", \"table\": ");
    put_bytes(out, arena, ref.table);
    fc_buf_puts(out, "}}");
}

static void put_source(struct fc_buf *out, struct fc_arena *arena,
                       const Feast__Core__DataSource *source)
{
    switch (source->options_case) {
    case FEAST__CORE__DATA_SOURCE__OPTIONS_FILE_OPTIONS:
        put_pair(out,
                 "{\"file\": {\"created_timestamp_column\": ", source->created_timestamp_column);
        fc_buf_puts(out, ", ");
        put_columns(out, source);
        put_pair(out, ", \"format\": {\"json_class\": \"ParquetFormat\"}, \"path\": ",
                 source->file_options->file_url);
        fc_buf_puts(out, "}}");
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_BIGQUERY_OPTIONS:
        put_bigquery(out, arena, source);
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS:
        put_pair(out,
                 "{\"kafka\": {\"bootstrap_servers\": ", source->kafka_options->bootstrap_servers);
        put_pair(out, ", \"created_timestamp_column\": ", source->created_timestamp_column);
        fc_buf_puts(out, ", ");
        put_columns(out, source);
        fc_buf_puts(out, ", \"format\": ");
        put_stream_format(out, source->kafka_options->message_format);
        put_pair(out, ", \"topic\": ", source->kafka_options->topic);
        fc_buf_puts(out, "}}");
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS:
        /* The peers have no jobs on Kinesis; the form follows that of Kafka. */
        put_pair(out,
                 "{\"kinesis\": {\"created_timestamp_column\": ", source->created_timestamp_column);
        fc_buf_puts(out, ", ");
        put_columns(out, source);
        fc_buf_puts(out, ", \"format\": ");
        put_stream_format(out, source->kinesis_options->record_format);
        put_pair(out, ", \"region\": ", source->kinesis_options->region);
        put_pair(out, ", \"stream_name\": ", source->kinesis_options->stream_name);
        fc_buf_puts(out, "}}");
        break;
    case FEAST__CORE__DATA_SOURCE__OPTIONS__NOT_SET:
    default:
        fc_buf_puts(out, "null");
        break;
    }
}

const char *fc_job_identity(struct fc_arena *arena, const char *project,
                            const Feast__Core__FeatureTableSpec *spec,
                            const struct fc_entity_type *entities, size_t entity_count,
                            const Feast__Core__DataSource *source)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf out = FC_BUF_INIT;

    fc_buf_puts(&out, "{\"feature_table\": ");
    if (!put_table(&out, arena, project, spec, entities, entity_count))
        return NULL;
    fc_buf_puts(&out, ", \"source\": ");
    put_source(&out, arena, source);
    fc_buf_putc(&out, '}');
    if (out.failed || fc_arena_exhausted(arena))
        return NULL;
    return fc_arena_strndup(arena, out.ptr, out.len);
}
