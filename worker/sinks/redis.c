/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An online store in Redis: storage/online knows the layout, storage/redis how to get commands there, and
 * storage/online/redis_put.lua, which runs in the server, whether a row is late and when its key expires. Here rows
 * become what worker/sinks/redis_writer.h takes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "storage/online/redis_dump.h"
#include "storage/redis/wire.h"
#include "worker/sinks/redis_writer.h"

#define BATCH_BYTES ((size_t)4 << 20)
/* Used when the order names none. */
#define TIMEOUT_NS  (5 * FC_NS_PER_S)
#define PATIENCE_NS (30 * FC_NS_PER_S)
/* Time, order, expiry. */
#define OWN_FIELDS 3

struct feature {
    fc_str name, field;
    fc_str value; /* of the row being put */
    bool set;
};

struct fc_sink {
    struct fc_sink_told told;
    struct fc_redis_config config;
    struct fc_redis_writer *writer;
    enum fc_redis_layout layout;
    struct fc_redis_fields fields;
    bool keep_nulls;
    int64_t max_age_s; /* whole seconds, 0: none */
    struct feature *features;
    size_t feature_count;
    struct fc_redis_pair *pairs; /* of the row being put */
    size_t pair_count;
    struct fc_buf dump;
    struct fc_arena *row_arena;
};

static bool accepts(const Feast__Worker__V1__Ingest *order)
{
    return order->sink_case == FEAST__WORKER__V1__INGEST__SINK_REDIS;
}

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for rows on their way to Redis");
}

/* ---- Opening ---- */

static fc_rc read_config(struct fc_sink *sink, const Feast__Worker__V1__RedisSink *order,
                         struct fc_arena *arena, struct fc_error *err)
{
    const char *password = order->password ? getenv(FC_REDIS_PASSWORD_ENV) : "";

    if (!password)
        return fc_fail(err, FC_REASON_ONLINE_STORE_REFUSED,
                       "the password of the online store %s is not in the worker's environment",
                       order->url);
    if (!fc_redis_layout_from_text(order->layout, &sink->layout))
        return fc_fail(err, FC_REASON_REQUEST_INVALID,
                       "the order's layout is \"%s\", expected a, b or c", order->layout);
    sink->config = (struct fc_redis_config){
        .password = password,
        .ca_file = order->ca_file,
        .cert_file = order->cert_file,
        .key_file = order->key_file,
        .timeout_ns = order->timeout_ms ? order->timeout_ms * FC_NS_PER_MS : TIMEOUT_NS,
        .patience_ns = order->patience_ms ? order->patience_ms * FC_NS_PER_MS : PATIENCE_NS,
    };
    sink->keep_nulls = order->keep_nulls;
    return fc_redis_config_parse(order->url, arena, &sink->config, err);
}

/* Two features in one field would overwrite each other without a word. */
static fc_rc check_fields(const struct fc_sink *sink, const char *table, struct fc_error *err)
{
    for (size_t i = 0; i < sink->feature_count; i++) {
        if (fc_str_eq(sink->features[i].field, sink->fields.time))
            return fc_fail(err, FC_REASON_ONLINE_STORE_REFUSED,
                           "feature \"%s\" of table \"%s\" has the field in Redis that the "
                           "table's time has (their names have the same hash); rename it",
                           sink->features[i].name.ptr, table);
        for (size_t j = 0; j < i; j++) {
            if (fc_str_eq(sink->features[i].field, sink->features[j].field))
                return fc_fail(err, FC_REASON_ONLINE_STORE_REFUSED,
                               "features \"%s\" and \"%s\" of table \"%s\" share a field in Redis "
                               "(their names have the same hash); rename one",
                               sink->features[i].name.ptr, sink->features[j].name.ptr, table);
        }
    }
    return FC_OK;
}

static fc_rc make_fields(struct fc_sink *sink, const Feast__Core__FeatureTableSpec *spec,
                         struct fc_arena *arena, struct fc_error *err)
{
    sink->features = fc_arena_calloc(arena, spec->n_features + 1, sizeof *sink->features);
    sink->pairs = fc_arena_calloc(arena, spec->n_features + OWN_FIELDS, sizeof *sink->pairs);
    if (!sink->features || !sink->pairs)
        return no_memory(err);
    sink->feature_count = spec->n_features;
    fc_rc rc = fc_redis_fields(sink->layout, spec->name, arena, &sink->fields, err);
    for (size_t i = 0; rc == FC_OK && i < spec->n_features; i++) {
        sink->features[i].name = fc_str_from(spec->features[i]->name);
        rc = fc_redis_feature_field(spec->name, spec->features[i]->name, arena,
                                    &sink->features[i].field, err);
    }
    return rc == FC_OK ? check_fields(sink, spec->name, err) : rc;
}

static fc_rc check_entities(const struct fc_sink *sink, const Feast__Worker__V1__Ingest *order,
                            struct fc_error *err)
{
    for (size_t i = 0; i < order->n_entities; i++) {
        if (!fc_redis_layout_takes(sink->layout, (int32_t)order->entities[i]->value_type))
            return fc_fail(err, FC_REASON_ONLINE_STORE_REFUSED,
                           "entity \"%s\" cannot be part of a key in layout %s, which takes INT32, "
                           "INT64 and STRING; layout a takes every type",
                           order->entities[i]->name, fc_redis_layout_text(sink->layout));
    }
    return FC_OK;
}

static void redis_close(struct fc_sink *sink)
{
    fc_redis_writer_close(sink->writer);
    sink->writer = NULL;
    fc_arena_free(sink->row_arena);
    sink->row_arena = NULL;
    fc_buf_done(&sink->dump);
}

static fc_rc set_up(struct fc_sink *sink, const Feast__Worker__V1__Ingest *order,
                    struct fc_arena *arena, struct fc_error *err)
{
    const struct fc_redis_writer_options options = {.config = &sink->config,
                                                    .layout = sink->layout,
                                                    .fields = &sink->fields,
                                                    .told = &sink->told};

    fc_rc rc = check_entities(sink, order, err);
    if (rc == FC_OK)
        rc = make_fields(sink, order->spec, arena, err);
    return rc == FC_OK ? fc_redis_writer_open(&options, &sink->writer, err) : rc;
}

static fc_rc redis_open(const Feast__Worker__V1__Ingest *order, const struct fc_sink_told *told,
                        struct fc_arena *arena, struct fc_sink **ret, struct fc_error *err)
{
    struct fc_sink *sink = fc_arena_calloc(arena, 1, sizeof *sink);

    if (!sink)
        return no_memory(err);
    sink->told = *told;
    sink->row_arena = fc_arena_new((size_t)16 << 20);
    if (order->spec->max_age && order->spec->max_age->seconds > 0)
        sink->max_age_s = order->spec->max_age->seconds;
    fc_rc rc = sink->row_arena ? read_config(sink, order->redis, arena, err) : no_memory(err);
    if (rc == FC_OK)
        rc = set_up(sink, order, arena, err);
    if (rc != FC_OK) {
        redis_close(sink);
        return rc;
    }
    *ret = sink;
    return FC_OK;
}

/* ---- Rows ---- */

/* Features come in the table's order; those that are null are left out. */
static fc_rc take_values(struct fc_sink *sink, fc_str row, struct fc_error *err)
{
    fc_str name, value;
    bool valid = true;
    size_t at = 0;

    for (size_t i = 0; i < sink->feature_count; i++)
        sink->features[i].set = false;
    while (fc_redis_next_feature(&row, &name, &value, &valid)) {
        while (at < sink->feature_count && !fc_str_eq(sink->features[at].name, name))
            at++;
        if (at == sink->feature_count)
            return fc_fail(err, FC_REASON_INTERNAL, "a row has a feature that its table has not");
        sink->features[at].value = value;
        sink->features[at].set = true;
    }
    return valid ? FC_OK : fc_fail(err, FC_REASON_INTERNAL, "a row cannot be read");
}

/* When the row expires, as the layout counts it; FC_REDIS_NEVER: not at all. */
static int64_t expiry_of(const struct fc_sink *sink, const struct fc_online_row *row)
{
    int64_t at = FC_REDIS_NEVER;

    if (sink->layout == FC_REDIS_LAYOUT_C && sink->max_age_s > 0)
        at = sink->max_age_s;
    else if (row->expires.set)
        at = row->expires.seconds;
    return at < FC_REDIS_NEVER ? at : FC_REDIS_NEVER;
}

static void add_pair(struct fc_sink *sink, fc_str name, fc_str value)
{
    sink->pairs[sink->pair_count++] = (struct fc_redis_pair){.name = name, .value = value};
}

/* `expiry` holds what the expiry field gets while the pairs are used. */
static void make_pairs(struct fc_sink *sink, const struct fc_redis_place *place,
                       char expiry[FC_REDIS_TIME_MAX])
{
    sink->pair_count = 0;
    add_pair(sink, sink->fields.time, (fc_str){.ptr = place->time, .len = place->time_len});
    add_pair(sink, sink->fields.order, (fc_str){.ptr = place->order, .len = sizeof(place->order)});
    if (place->expires && sink->fields.expiry.len > 0)
        add_pair(sink, sink->fields.expiry,
                 (fc_str){.ptr = expiry, .len = fc_redis_time_encode(place->expiry, expiry)});
    for (size_t i = 0; i < sink->feature_count; i++)
        if (sink->features[i].set)
            add_pair(sink, sink->features[i].field, sink->features[i].value);
}

static size_t append(struct fc_buf *out, fc_str bytes)
{
    size_t at = out->len;

    fc_buf_append(out, bytes.ptr, bytes.len);
    return at;
}

/* Milliseconds; RESTORE takes 0 for "never", so times before 1970 are none for it. */
static bool may_be_created(const struct fc_redis_batch *batch, const struct fc_redis_place *place)
{
    return batch->form != FC_REDIS_NO_DUMP && (!place->expires || place->expiry > 0);
}

static void add_creation(struct fc_sink *sink, struct fc_buf *out, fc_str key,
                         enum fc_redis_form form, struct fc_redis_place *place)
{
    bool volatile_key =
        place->expires && (sink->layout != FC_REDIS_LAYOUT_A || place->expiry < FC_REDIS_NEVER);
    bool absolute = volatile_key && sink->layout != FC_REDIS_LAYOUT_C;

    fc_buf_clear(&sink->dump);
    fc_redis_dump(&sink->dump, sink->pairs, sink->pair_count, form == FC_REDIS_COMPACT);
    place->command_at = out->len;
    fc_redis_begin(out, absolute ? 5 : 4);
    fc_redis_word(out, FC_STR("RESTORE"));
    fc_redis_word(out, key);
    fc_redis_number(out, volatile_key ? place->expiry * 1000 : 0);
    fc_redis_word(out, (fc_str){.ptr = sink->dump.ptr, .len = sink->dump.len});
    place->fields_len = sink->dump.len;
    place->fields_at = out->len - 2 - sink->dump.len;
    if (absolute)
        fc_redis_word(out, FC_STR("ABSTTL"));
    place->command_len = out->len - place->command_at;
}

static void add_fields(const struct fc_sink *sink, struct fc_buf *out, struct fc_redis_place *place)
{
    place->fields_at = out->len;
    for (size_t i = 0; i < sink->pair_count; i++) {
        fc_redis_pack_add(out, sink->pairs[i].name);
        fc_redis_pack_add(out, sink->pairs[i].value);
    }
    place->fields_len = out->len - place->fields_at;
}

static void add_nulls(const struct fc_sink *sink, struct fc_buf *out, struct fc_redis_place *place)
{
    place->nulls_at = out->len;
    for (size_t i = 0; !sink->keep_nulls && i < sink->feature_count; i++)
        if (!sink->features[i].set)
            fc_redis_pack_add(out, sink->features[i].field);
    place->nulls_len = out->len - place->nulls_at;
}

static void add_row(struct fc_sink *sink, const struct fc_online_row *row, fc_str key,
                    struct fc_redis_batch *batch)
{
    struct fc_redis_place *place = &batch->places[batch->count];
    struct fc_buf *out = &batch->bytes;
    char expiry[FC_REDIS_TIME_MAX];

    *place = (struct fc_redis_place){
        .key_len = row->key.len, .stored_len = key.len, .expiry = expiry_of(sink, row)};
    place->expires = place->expiry < FC_REDIS_NEVER || sink->layout == FC_REDIS_LAYOUT_A;
    place->time_len = fc_redis_time_encode(row->event.seconds, place->time);
    fc_redis_order_encode(&row->event, &row->created, place->order);
    place->key_at = append(out, row->key);
    place->stored_at = append(out, key);
    make_pairs(sink, place, expiry);
    if (may_be_created(batch, place))
        add_creation(sink, out, key, batch->form, place);
    else
        add_fields(sink, out, place);
    add_nulls(sink, out, place);
    batch->count++;
}

static fc_rc redis_put(struct fc_sink *sink, const struct fc_online_row *row, struct fc_error *err)
{
    struct fc_redis_batch *batch = fc_redis_writer_batch(sink->writer);
    fc_str key;

    fc_arena_reset(sink->row_arena);
    fc_rc rc = fc_redis_key(sink->layout, row->key, sink->row_arena, &key, err);
    if (rc == FC_OK)
        rc = take_values(sink, row->features, err);
    if (rc != FC_OK)
        return rc;
    add_row(sink, row, key, batch);
    if (batch->bytes.failed || sink->dump.failed)
        return no_memory(err);
    return batch->count == FC_REDIS_BATCH_ROWS || batch->bytes.len >= BATCH_BYTES
               ? fc_redis_writer_send(sink->writer, err)
               : FC_OK;
}

static fc_rc redis_commit(struct fc_sink *sink, struct fc_error *err)
{
    return fc_redis_writer_finish(sink->writer, err);
}

const struct fc_sink_ops fc_sink_redis = {
    .version = FC_SINK_VERSION,
    .kind = "redis",
    .accepts = accepts,
    .open = redis_open,
    .put = redis_put,
    .commit = redis_commit,
    .close = redis_close,
};
