/* SPDX-License-Identifier: Apache-2.0 */
/* An online read told step by step: key, row, ages, and for each feature why it has its status. */
#include <inttypes.h>

#include "server/services/admin.h"
#include "server/services/serving.h"

#define STATUS(word) FEAST__SERVING__FIELD_STATUS__##word

typedef Feast__Admin__V1__ExplainedRow explained_row;
typedef Feast__Admin__V1__ExplainedFeature explained_feature;
typedef Feast__Admin__V1__ExplainOnlineResponse explain_response;

static const char *type_name(int type)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&feast__types__value_type__enum__descriptor, type);

    return value ? value->name : "?";
}

static const char *why_not_found(const struct serving_found *found,
                                 const struct serving_table *table,
                                 const struct serving_feature *feature, struct fc_arena *arena)
{
    const Feast__Types__Value *value = serving_stored_value(found, feature->name);

    if (!feature->spec) {
        return fc_arena_printf(arena, "feature table \"%s\" has no feature \"%s\"", table->name,
                               feature->name);
    }
    if (found->key.len == 0)
        return "an entity of the key is null, and nothing is stored under such a key";
    if (!found->store_exists) {
        return fc_arena_printf(arena,
                               "nothing was ever written for feature table \"%s\": no ingestion "
                               "has ended well",
                               table->name);
    }
    if (!found->row) {
        return "there is no row under this key: it was not in the source, or not in the range of "
               "event times that was ingested";
    }
    return fc_arena_printf(arena,
                           "it is stored as %s and declared as %s: its type was changed after it "
                           "was ingested",
                           type_name(value ? (int)value->val_case : 0),
                           type_name((int)feature->spec->value_type));
}

static const char *explanation(const struct serving_found *found, const struct serving_table *table,
                               const struct serving_feature *feature,
                               Feast__Serving__FieldStatus status, int64_t age,
                               struct fc_arena *arena)
{
    switch (status) {
    case STATUS(PRESENT):
        return fc_arena_printf(arena, "its row is %" PRId64 " s old%s", age,
                               age < 0 ? ": its event time is in the future" : "");
    case STATUS(OUTSIDE_MAX_AGE):
        return fc_arena_printf(
            arena, "its row is %" PRId64 " s old, and the table's max_age is %" PRId64 " s", age,
            table->max_age_s);
    case STATUS(NULL_VALUE):
        return "the newest row of this key has no value for it";
    default:
        return why_not_found(found, table, feature, arena);
    }
}

static Google__Protobuf__Timestamp *time_of(struct fc_arena *arena,
                                            const struct fc_online_time *time)
{
    Google__Protobuf__Timestamp *made = time->set ? fc_arena_alloc(arena, sizeof *made) : NULL;

    if (made) {
        google__protobuf__timestamp__init(made);
        made->seconds = time->seconds;
        made->nanos = time->nanos;
    }
    return made;
}

static explained_feature *explain_feature(struct serving_read *read,
                                          const struct serving_found *found,
                                          const struct serving_feature *feature, int64_t at_s)
{
    const struct serving_table *table = &read->tables[feature->table];
    explained_feature *made = fc_arena_alloc(read->arena, sizeof *made);
    struct serving_value value = serving_judge(found, table, feature, at_s);

    if (!made)
        return NULL;
    feast__admin__v1__explained_feature__init(made);
    made->name = (char *)feature->name;
    made->declared_type =
        feature->spec ? feature->spec->value_type : FEAST__TYPES__VALUE_TYPE__ENUM__INVALID;
    made->value = serving_stored_value(found, feature->name);
    made->status = value.status;
    made->explanation = (char *)explanation(found, table, feature, value.status,
                                            found->row ? serving_age(found, at_s) : 0, read->arena);
    return made->explanation ? made : NULL;
}

static void describe(struct fc_arena *arena, const struct serving_found *found, int64_t at_s,
                     explained_row *row)
{
    row->store_exists = found->store_exists;
    row->key = (ProtobufCBinaryData){.len = found->key.len, .data = (uint8_t *)found->key.ptr};
    row->found = found->row != NULL;
    if (row->found) {
        row->event = time_of(arena, &found->stored.event);
        row->created = time_of(arena, &found->stored.created);
        row->expires = time_of(arena, &found->stored.expires);
        row->age_seconds = serving_age(found, at_s);
        row->bytes = found->stored.features.len;
    }
}

static fc_rc explain_row(struct serving_read *read, size_t number, size_t t,
                         explain_response *response, struct fc_error *err)
{
    const serving_row *asked = read->request->entity_rows[number];
    const struct serving_table *table = &read->tables[t];
    int64_t at_s = serving_time(asked, fc_now_ns(read->services->sys) / FC_NS_PER_S);
    explained_row *row = fc_arena_alloc(read->arena, sizeof *row);
    struct serving_found found;
    fc_rc rc = serving_find_row(read, t, number, &found, err);

    if (rc != FC_OK)
        return rc;
    if (!row)
        return fc_request_too_large(err);
    feast__admin__v1__explained_row__init(row);
    row->table = (char *)table->name;
    row->store = table->store ? (char *)table->store->redis.url
                              : fc_arena_printf(read->arena, "sqlite:%s", table->path);
    row->max_age_seconds = table->max_age_s;
    describe(read->arena, &found, at_s, row);
    row->features = fc_arena_calloc(read->arena, read->feature_count, sizeof(explained_feature *));
    for (size_t i = 0; row->features && i < read->feature_count; i++) {
        if (read->features[i].table != t)
            continue;
        row->features[row->n_features] = explain_feature(read, &found, &read->features[i], at_s);
        if (!row->features[row->n_features])
            return fc_request_too_large(err);
        row->n_features++;
    }
    response->rows[response->n_rows++] = row;
    return fc_arena_exhausted(read->arena) ? fc_request_too_large(err) : FC_OK;
}

static fc_rc explain(struct serving_read *read, explain_response *response, struct fc_error *err)
{
    size_t rows = read->request->n_entity_rows;
    fc_rc rc = FC_OK;

    response->rows =
        fc_arena_calloc(read->arena, rows * read->table_count, sizeof(explained_row *));
    if (!response->rows)
        return fc_request_too_large(err);
    for (size_t r = 0; r < rows; r++)
        for (size_t t = 0; rc == FC_OK && t < read->table_count; t++)
            rc = explain_row(read, r, t, response, err);
    return rc;
}

static void answer_explained(struct fc_rpc_call *call, struct serving_read *read)
{
    explain_response response = FEAST__ADMIN__V1__EXPLAIN_ONLINE_RESPONSE__INIT;
    struct fc_error err = FC_ERROR_INIT;

    if (explain(read, &response, &err) != FC_OK)
        fc_rpc_fail(call, &err, NULL);
    else
        fc_rpc_reply(call, &response.base);
}

void admin_explain_online(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Admin__V1__ExplainOnlineRequest *request = (const void *)message;
    struct serving_read *read = fc_arena_calloc(fc_rpc_arena(call), 1, sizeof *read);
    struct fc_error err = FC_ERROR_INIT;
    fc_rc rc = FC_OK;

    if (!read) {
        fc_request_fail_too_large(call);
        return;
    }
    if (!request->read) {
        rc = fc_fail_field(&err, FC_REASON_FIELD_REQUIRED, "read",
                           "read is missing: it is what to explain");
    }
    if (rc == FC_OK)
        rc = serving_begin(read, fc_rpc_arena(call), ctx, request->read, &err);
    if (rc != FC_OK) {
        fc_rpc_fail(call, &err, read->violations.count > 0 ? &read->violations : NULL);
        return;
    }
    serving_answer(call, read, answer_explained);
}
