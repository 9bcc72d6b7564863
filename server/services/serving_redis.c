/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a read that are in Redis: one HMGET for each entity row and table. A row becomes what the embedded store
 * would have: features that are there, and times.
 */
#include "server/services/serving_fetch.h"

#include <string.h>

#include "storage/redis/wire.h"

/* HMGET and the key, then the fields: those of features, the time, the order, the expiry where there is one. */
#define HEAD_WORDS 2

static struct serving_found *found_at(const struct serving_fetch *fetch, size_t row)
{
    return &fetch->read->fetched[row * fetch->read->table_count + fetch->index];
}

static fc_rc prepare(struct serving_fetch *fetch, struct fc_error *err)
{
    struct serving_read *read = fetch->read;
    size_t rows = read->request->n_entity_rows;

    fetch->features = fc_arena_calloc(read->arena, read->feature_count, sizeof(size_t));
    fetch->names = fc_arena_calloc(read->arena, read->feature_count, sizeof(fc_str));
    fetch->calls = fc_arena_calloc(read->arena, rows, sizeof *fetch->calls);
    fetch->rows = fc_arena_calloc(read->arena, rows, sizeof(size_t));
    if (fc_arena_exhausted(read->arena))
        return fc_request_too_large(err);
    fc_rc rc = fc_redis_fields(fetch->table->store->layout, fetch->table->name, read->arena,
                               &fetch->fields, err);
    for (size_t i = 0; rc == FC_OK && i < read->feature_count; i++) {
        if (read->features[i].table == fetch->index && read->features[i].spec) {
            rc = fc_redis_feature_field(fetch->table->name, read->features[i].name, read->arena,
                                        &fetch->names[fetch->count], err);
            fetch->features[fetch->count++] = i;
        }
    }
    return rc;
}

static fc_rc add_call(struct serving_fetch *fetch, size_t row, fc_str key, struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf out = FC_BUF_INIT;
    struct fc_redis_call *call = &fetch->calls[fetch->call_count];
    bool expiry = fetch->fields.expiry.len > 0;

    fc_redis_begin(&out, HEAD_WORDS + fetch->count + 2 + (expiry ? 1U : 0U));
    fc_redis_word(&out, FC_STR("HMGET"));
    fc_redis_word(&out, key);
    for (size_t i = 0; i < fetch->count; i++)
        fc_redis_word(&out, fetch->names[i]);
    fc_redis_word(&out, fetch->fields.time);
    fc_redis_word(&out, fetch->fields.order);
    if (expiry)
        fc_redis_word(&out, fetch->fields.expiry);
    const char *bytes = out.failed ? NULL : fc_arena_memdup(fetch->read->arena, out.ptr, out.len);
    if (!bytes)
        return fc_request_too_large(err);
    *call = (struct fc_redis_call){.key = key, .bytes = {.ptr = bytes, .len = out.len}};
    fetch->rows[fetch->call_count++] = row;
    return FC_OK;
}

static fc_rc add_calls(struct serving_fetch *fetch, struct fc_error *err)
{
    struct serving_read *read = fetch->read;
    fc_rc rc = FC_OK;

    for (size_t row = 0; rc == FC_OK && row < read->request->n_entity_rows; row++) {
        struct serving_found *found = found_at(fetch, row);
        fc_str key = FC_STR("");
        bool whole = false;
        found->store_exists = true;
        rc = serving_make_key(read, fetch->table, read->request->entity_rows[row], &found->key,
                              &whole, err);
        if (rc == FC_OK && whole) {
            rc = fc_redis_key(fetch->table->store->layout, found->key, read->arena, &key, err);
            found->key = key;
        }
        if (rc == FC_OK && whole)
            rc = add_call(fetch, row, key, err);
    }
    return rc;
}

/* ---- Answers ---- */

static fc_str text_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? (fc_str){.ptr = reply->str, .len = reply->len}
                                             : (fc_str){.ptr = NULL};
}

static fc_rc unreadable(const struct serving_fetch *fetch, const char *what, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_ONLINE_STORE_REFUSED,
                   "the online store %s holds something else than %s of feature table \"%s\"",
                   fetch->table->store->redis.url, what, fetch->table->name);
}

static fc_rc take_feature(struct serving_fetch *fetch, size_t number, fc_str bytes,
                          Feast__Storage__OnlineRow *row, struct serving_found *found,
                          struct fc_error *err)
{
    struct fc_arena *arena = fetch->read->arena;
    Feast__Storage__OnlineRow__Feature *feature = fc_arena_alloc(arena, sizeof *feature);

    if (!feature)
        return fc_request_too_large(err);
    feast__storage__online_row__feature__init(feature);
    feature->name = (char *)fetch->read->features[fetch->features[number]].name;
    feature->value = feast__types__value__unpack(fc_arena_allocator(arena), bytes.len,
                                                 (const uint8_t *)bytes.ptr);
    if (!feature->value) {
        return fc_arena_exhausted(arena) ? fc_request_too_large(err)
                                         : unreadable(fetch, "a value", err);
    }
    found->stored.features.len += bytes.len;
    row->features[row->n_features++] = feature;
    return FC_OK;
}

static fc_rc take_times(struct serving_fetch *fetch, const redisReply *reply,
                        struct serving_found *found, struct fc_error *err)
{
    size_t at = fetch->count;
    fc_str time = text_of(reply->element[at]), order = text_of(reply->element[at + 1]);
    fc_str expiry = at + 2 < reply->elements ? text_of(reply->element[at + 2]) : FC_STR("");
    int64_t seconds = 0;

    /* Features without a time can only be of somebody else; they are as old as can be. */
    if (time.ptr) {
        if (!fc_redis_time_decode(time, &seconds))
            return unreadable(fetch, "a time", err);
        fc_redis_order_decode(order, seconds, &found->stored.event, &found->stored.created);
    }
    if (expiry.ptr && expiry.len > 0 && fc_redis_time_decode(expiry, &seconds) &&
        seconds < FC_REDIS_NEVER)
        found->stored.expires = (struct fc_online_time){.seconds = seconds, .set = true};
    return FC_OK;
}

static fc_rc take_answer(struct serving_fetch *fetch, const struct fc_redis_client *client,
                         size_t number, struct fc_error *err)
{
    const redisReply *reply = fetch->calls[number].reply;
    struct serving_found *found = found_at(fetch, fetch->rows[number]);
    struct fc_arena *arena = fetch->read->arena;
    fc_rc rc = fc_redis_reply_check(client, reply, err);

    if (rc != FC_OK)
        return rc;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < fetch->count + 2)
        return unreadable(fetch, "a row", err);
    Feast__Storage__OnlineRow *row = fc_arena_alloc(arena, sizeof *row);
    if (!row)
        return fc_request_too_large(err);
    feast__storage__online_row__init(row);
    row->features =
        fc_arena_calloc(arena, fetch->count, sizeof(Feast__Storage__OnlineRow__Feature *));
    for (size_t i = 0; rc == FC_OK && row->features && i < fetch->count; i++) {
        fc_str bytes = text_of(reply->element[i]);
        if (bytes.ptr)
            rc = take_feature(fetch, i, bytes, row, found, err);
    }
    if (rc == FC_OK && fc_arena_exhausted(arena))
        rc = fc_request_too_large(err);
    if (rc == FC_OK)
        rc = take_times(fetch, reply, found, err);
    if (rc == FC_OK && (row->n_features > 0 || found->stored.event.set))
        found->row = row;
    return rc;
}

fc_rc serving_fetch_prepare(struct serving_read *read, struct serving_fetch **ret,
                            size_t *ret_count, struct fc_error *err)
{
    struct serving_fetch *fetches =
        fc_arena_calloc(read->arena, read->table_count, sizeof *fetches);
    fc_rc rc = FC_OK;

    read->fetched = fc_arena_calloc(read->arena, read->request->n_entity_rows * read->table_count,
                                    sizeof *read->fetched);
    if (!fetches || !read->fetched)
        return fc_request_too_large(err);
    *ret = fetches;
    *ret_count = 0;
    for (size_t t = 0; rc == FC_OK && t < read->table_count; t++) {
        if (read->tables[t].store) {
            struct serving_fetch *fetch = &fetches[(*ret_count)++];
            fetch->read = read;
            fetch->table = &read->tables[t];
            fetch->index = t;
            rc = prepare(fetch, err);
            if (rc == FC_OK)
                rc = add_calls(fetch, err);
        }
    }
    return rc;
}

fc_rc serving_fetch_take(struct serving_fetch *fetch, const struct fc_redis_client *client,
                         struct fc_error *err)
{
    fc_rc rc = FC_OK;

    for (size_t i = 0; rc == FC_OK && i < fetch->call_count; i++)
        rc = take_answer(fetch, client, i, err);
    return rc;
}
