/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An online store in Redis: storage/online knows the layout, storage/redis how to get commands there, and
 * storage/online/redis_put.lua, which runs in the server, whether a row is late and when its key expires. Rows go out
 * in batches, each row one call of that script.
 */
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "storage/online/redis_layout.h"
#include "storage/redis/client.h"
#include "storage/redis/wire.h"
#include "worker/sinks/sink.h"

#define BATCH_ROWS  512
#define BATCH_BYTES ((size_t)4 << 20)
/* Used when the order names none. */
#define TIMEOUT_NS  (5 * FC_NS_PER_S)
#define PATIENCE_NS (30 * FC_NS_PER_S)
/* Words of a call that stand before the fields. */
#define HEAD_WORDS ((size_t)8)

extern const unsigned char fc_redis_put_script[];
extern const size_t fc_redis_put_script_size;

struct feature {
    fc_str name, field;
    fc_str value; /* of the row being put */
    bool set;
};

/* Where a row of the batch is in the buffers, which move as they grow. */
struct place {
    size_t key_at, key_len;           /* as the row has it */
    size_t stored_key_at, stored_len; /* as Redis has it */
    size_t command_at, command_len;
};

struct fc_sink {
    struct fc_sink_told told;
    struct fc_redis_config config;
    struct fc_redis_client *client;
    enum fc_redis_layout layout;
    struct fc_redis_fields fields;
    bool keep_nulls;
    int64_t max_age_s; /* whole seconds, 0: none */
    struct feature *features;
    size_t feature_count;
    char sha[41];
    struct fc_arena *row_arena;
    struct fc_buf keys, commands;
    struct place places[BATCH_ROWS];
    struct fc_redis_call calls[BATCH_ROWS];
    size_t count;
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
    sink->features = fc_arena_calloc(arena, spec->n_features + 1, sizeof(*sink->features));
    if (!sink->features)
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
    fc_redis_calls_done(sink->calls, sink->count);
    fc_redis_client_free(sink->client);
    sink->client = NULL;
    fc_arena_free(sink->row_arena);
    sink->row_arena = NULL;
    fc_buf_done(&sink->keys);
    fc_buf_done(&sink->commands);
}

static fc_rc set_up(struct fc_sink *sink, const Feast__Worker__V1__Ingest *order,
                    struct fc_arena *arena, struct fc_error *err)
{
    const fc_str script = {.ptr = (const char *)fc_redis_put_script,
                           .len = fc_redis_put_script_size};
    fc_rc rc = read_config(sink, order->redis, arena, err);

    if (rc == FC_OK)
        rc = check_entities(sink, order, err);
    if (rc == FC_OK)
        rc = make_fields(sink, order->spec, arena, err);
    if (rc == FC_OK)
        rc = fc_redis_client_new(&sink->config, &sink->client, err);
    if (rc == FC_OK)
        rc = fc_redis_client_script(sink->client, script, sink->sha, err);
    return rc;
}

static fc_rc redis_open(const Feast__Worker__V1__Ingest *order, const struct fc_sink_told *told,
                        struct fc_arena *arena, struct fc_sink **ret, struct fc_error *err)
{
    struct fc_sink *sink = fc_arena_calloc(arena, 1, sizeof(*sink));

    if (!sink)
        return no_memory(err);
    sink->told = *told;
    sink->row_arena = fc_arena_new((size_t)16 << 20);
    if (order->spec->max_age && order->spec->max_age->seconds > 0)
        sink->max_age_s = order->spec->max_age->seconds;
    fc_rc rc = sink->row_arena ? set_up(sink, order, arena, err) : no_memory(err);
    if (rc != FC_OK) {
        redis_close(sink);
        return rc;
    }
    *ret = sink;
    return FC_OK;
}

/* ---- Rows ---- */

static fc_rc flush(struct fc_sink *sink, struct fc_error *err)
{
    for (size_t i = 0; i < sink->count; i++) {
        const struct place *place = &sink->places[i];
        sink->calls[i] = (struct fc_redis_call){
            .key = {.ptr = sink->keys.ptr + place->stored_key_at, .len = place->stored_len},
            .bytes = {.ptr = sink->commands.ptr + place->command_at, .len = place->command_len},
            .script = true};
    }
    fc_rc rc = sink->count ? fc_redis_run(sink->client, sink->calls, sink->count, err) : FC_OK;
    for (size_t i = 0; rc == FC_OK && i < sink->count; i++) {
        const struct place *place = &sink->places[i];
        rc = fc_redis_reply_check(sink->client, sink->calls[i].reply, err);
        if (rc == FC_OK)
            sink->told.fn(sink->told.ctx,
                          (fc_str){.ptr = sink->keys.ptr + place->key_at, .len = place->key_len},
                          sink->calls[i].reply->integer == 1);
    }
    fc_redis_calls_done(sink->calls, sink->count);
    sink->count = 0;
    fc_buf_clear(&sink->keys);
    fc_buf_clear(&sink->commands);
    return rc;
}

/* Features come in the table's order; those that are null are left out. */
static fc_rc take_values(struct fc_sink *sink, fc_str row, size_t *ret_set, struct fc_error *err)
{
    fc_str name, value;
    bool valid = true;
    size_t at = 0;

    *ret_set = 0;
    for (size_t i = 0; i < sink->feature_count; i++)
        sink->features[i].set = false;
    while (fc_redis_next_feature(&row, &name, &value, &valid)) {
        while (at < sink->feature_count && !fc_str_eq(sink->features[at].name, name))
            at++;
        if (at == sink->feature_count)
            return fc_fail(err, FC_REASON_INTERNAL, "a row has a feature that its table has not");
        sink->features[at].value = value;
        sink->features[at].set = true;
        ++*ret_set;
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

static void add_pair(struct fc_buf *out, fc_str name, fc_str value)
{
    fc_redis_word(out, name);
    fc_redis_word(out, value);
}

static void add_times(const struct fc_sink *sink, const struct fc_online_row *row, int64_t expiry,
                      bool with_expiry, struct fc_buf *out)
{
    char time[FC_REDIS_TIME_MAX], order[FC_REDIS_ORDER_SIZE];

    size_t len = fc_redis_time_encode(row->event.seconds, time);
    add_pair(out, sink->fields.time, (fc_str){.ptr = time, .len = len});
    fc_redis_order_encode(&row->event, &row->created, order);
    add_pair(out, sink->fields.order, (fc_str){.ptr = order, .len = sizeof(order)});
    if (with_expiry) {
        len = fc_redis_time_encode(expiry, time);
        add_pair(out, sink->fields.expiry, (fc_str){.ptr = time, .len = len});
    }
}

/* The words of redis_put.lua. */
static void add_command(struct fc_sink *sink, const struct fc_online_row *row, fc_str key,
                        size_t set)
{
    struct fc_buf *out = &sink->commands;
    int64_t expiry = expiry_of(sink, row);
    bool expires = expiry < FC_REDIS_NEVER || sink->layout == FC_REDIS_LAYOUT_A;
    bool with_expiry = expires && sink->fields.expiry.len > 0;
    size_t nulls = sink->keep_nulls ? 0 : sink->feature_count - set;

    fc_redis_begin(out, HEAD_WORDS + 2 * (2 + (size_t)with_expiry + set) + nulls);
    fc_redis_word(out, FC_STR("EVALSHA"));
    fc_redis_word(out, (fc_str){.ptr = sink->sha, .len = 40});
    fc_redis_word(out, FC_STR("1"));
    fc_redis_word(out, key);
    fc_redis_word(out, fc_str_from(fc_redis_layout_text(sink->layout)));
    fc_redis_number(out, row->event.seconds);
    if (expires)
        fc_redis_number(out, expiry);
    else
        fc_redis_word(out, FC_STR(""));
    fc_redis_number(out, (int64_t)nulls);
    add_times(sink, row, expiry, with_expiry, out);
    for (size_t i = 0; i < sink->feature_count; i++) {
        if (sink->features[i].set)
            add_pair(out, sink->features[i].field, sink->features[i].value);
    }
    for (size_t i = 0; nulls > 0 && i < sink->feature_count; i++) {
        if (!sink->features[i].set)
            fc_redis_word(out, sink->features[i].field);
    }
}

static fc_rc redis_put(struct fc_sink *sink, const struct fc_online_row *row, struct fc_error *err)
{
    struct place *place = &sink->places[sink->count];
    size_t set = 0;
    fc_str key;

    fc_arena_reset(sink->row_arena);
    fc_rc rc = fc_redis_key(sink->layout, row->key, sink->row_arena, &key, err);
    if (rc == FC_OK)
        rc = take_values(sink, row->features, &set, err);
    if (rc != FC_OK)
        return rc;
    place->key_at = sink->keys.len;
    place->key_len = row->key.len;
    fc_buf_append(&sink->keys, row->key.ptr, row->key.len);
    place->stored_key_at = sink->keys.len;
    place->stored_len = key.len;
    fc_buf_append(&sink->keys, key.ptr, key.len);
    place->command_at = sink->commands.len;
    add_command(sink, row, key, set);
    place->command_len = sink->commands.len - place->command_at;
    if (sink->keys.failed || sink->commands.failed)
        return no_memory(err);
    sink->count++;
    return sink->count == BATCH_ROWS || sink->commands.len >= BATCH_BYTES ? flush(sink, err)
                                                                          : FC_OK;
}

const struct fc_sink_ops fc_sink_redis = {
    .version = FC_SINK_VERSION,
    .kind = "redis",
    .accepts = accepts,
    .open = redis_open,
    .put = redis_put,
    .commit = flush,
    .close = redis_close,
};
