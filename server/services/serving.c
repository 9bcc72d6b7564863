/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feast.serving.ServingService over the online stores. Both forms of the answer come from the same read. Of the embedded
 * store it takes some ten microseconds and is made on the completion-queue thread; of Redis, on threads that may wait.
 */
#include "server/services/serving.h"

#include <string.h>

/* How often a long read looks whether somebody still waits for it. */
#define ROWS_PER_LOOK 64

#define STATUS(word) FEAST__SERVING__FIELD_STATUS__##word

typedef Feast__Serving__GetOnlineFeaturesResponse__FieldValues row_values;
typedef Feast__Serving__GetOnlineFeaturesResponse__FieldValues__FieldsEntry value_entry;
typedef Feast__Serving__GetOnlineFeaturesResponse__FieldValues__StatusesEntry status_entry;
typedef Feast__Serving__GetOnlineFeaturesResponseV2__FieldVector field_vector;

static Feast__Types__Value null_value = FEAST__TYPES__VALUE__INIT; /* only read */

static Feast__Serving__FieldStatus entity_status(const Feast__Types__Value *value)
{
    return serving_is_set(value) ? STATUS(PRESENT) : STATUS(NULL_VALUE);
}

/* What is asked for, or NULL after the call was failed. */
static struct serving_read *begin(struct fc_rpc_call *call, void *ctx,
                                  const ProtobufCMessage *message)
{
    struct fc_arena *arena = fc_rpc_arena(call);
    struct serving_read *read = fc_arena_calloc(arena, 1, sizeof *read);
    struct fc_error err = FC_ERROR_INIT;

    if (!read) {
        fc_request_fail_too_large(call);
        return NULL;
    }
    if (serving_begin(read, arena, ctx, (const serving_request *)message, &err) != FC_OK) {
        fc_rpc_fail(call, &err, read->violations.count > 0 ? &read->violations : NULL);
        return NULL;
    }
    return read;
}

/* Reads one row; false after the call was failed. */
static bool read_row(struct fc_rpc_call *call, struct serving_read *read, size_t row,
                     struct serving_value *values)
{
    struct fc_error err = FC_ERROR_INIT;
    int64_t now_s = fc_now_ns(read->services->sys) / FC_NS_PER_S;
    fc_rc rc = FC_OK;

    if (row % ROWS_PER_LOOK == ROWS_PER_LOOK - 1 && fc_rpc_cancelled(call))
        rc = fc_fail(&err, FC_REASON_CANCELLED, "the client no longer waits for the answer");
    else
        rc = serving_read_row(read, row, now_s, values, &err);
    if (rc != FC_OK)
        fc_rpc_fail(call, &err, NULL);
    return rc == FC_OK;
}

/* Room for one row of the map form: `count` pairs of each map. */
struct row_parts {
    row_values row;
    value_entry *values;
    value_entry **value_list;
    status_entry *statuses;
    status_entry **status_list;
};

static struct row_parts *row_parts_new(struct fc_arena *arena, size_t count)
{
    struct row_parts *parts = fc_arena_alloc(arena, sizeof *parts);

    if (!parts)
        return NULL;
    feast__serving__get_online_features_response__field_values__init(&parts->row);
    parts->values = fc_arena_calloc(arena, count, sizeof *parts->values);
    parts->value_list = fc_arena_calloc(arena, count, sizeof(value_entry *));
    parts->statuses = fc_arena_calloc(arena, count, sizeof *parts->statuses);
    parts->status_list = fc_arena_calloc(arena, count, sizeof(status_entry *));
    parts->row.fields = parts->value_list;
    parts->row.statuses = parts->status_list;
    return parts->values && parts->value_list && parts->statuses && parts->status_list ? parts
                                                                                       : NULL;
}

static void add_pair(struct row_parts *parts, const char *key, Feast__Types__Value *value,
                     Feast__Serving__FieldStatus status)
{
    size_t at = parts->row.n_fields++;

    parts->row.n_statuses++;
    feast__serving__get_online_features_response__field_values__fields_entry__init(
        &parts->values[at]);
    feast__serving__get_online_features_response__field_values__statuses_entry__init(
        &parts->statuses[at]);
    parts->values[at].key = parts->statuses[at].key = (char *)key;
    parts->values[at].value = value ? value : &null_value;
    parts->statuses[at].value = status;
    parts->value_list[at] = &parts->values[at];
    parts->status_list[at] = &parts->statuses[at];
}

/* NULL when the arena is exhausted. */
static row_values *make_row(const struct serving_read *read, size_t number,
                            const struct serving_value *values)
{
    const serving_row *asked = read->request->entity_rows[number];
    struct row_parts *parts = row_parts_new(read->arena, asked->n_fields + read->feature_count);

    if (!parts)
        return NULL;
    for (size_t i = 0; i < asked->n_fields; i++) {
        Feast__Types__Value *value = asked->fields[i]->value;
        add_pair(parts, asked->fields[i]->key, value, entity_status(value));
    }
    for (size_t i = 0; i < read->feature_count; i++)
        add_pair(parts, read->features[i].key, values[i].value, values[i].status);
    return &parts->row;
}

static void answer_by_rows(struct fc_rpc_call *call, struct serving_read *read)
{
    Feast__Serving__GetOnlineFeaturesResponse response =
        FEAST__SERVING__GET_ONLINE_FEATURES_RESPONSE__INIT;
    size_t rows = read->request->n_entity_rows;
    struct serving_value *values =
        fc_arena_calloc(read->arena, read->feature_count, sizeof *values);
    response.field_values = fc_arena_calloc(read->arena, rows, sizeof(row_values *));
    for (size_t i = 0; values && response.field_values && i < rows; i++) {
        if (!read_row(call, read, i, values))
            return;
        row_values *row = make_row(read, i, values);
        if (!row)
            break;
        response.field_values[response.n_field_values++] = row;
    }
    if (response.n_field_values < rows)
        fc_request_fail_too_large(call);
    else
        fc_rpc_reply(call, &response.base);
}

/* Names of all entities that rows have, in the order in which they come. */
static bool entity_names(const struct serving_read *read, const char ***ret, size_t *ret_count)
{
    const serving_request *request = read->request;
    size_t capacity = 0;

    for (size_t i = 0; i < request->n_entity_rows; i++) {
        size_t fields = request->entity_rows[i]->n_fields;
        capacity = fields > capacity ? fields : capacity;
    }
    /* Rows mostly have the same entities; more room is taken when one has others. */
    const char **names = NULL;
    size_t count = 0, room = 0;
    for (size_t i = 0; i < request->n_entity_rows; i++) {
        const serving_row *row = request->entity_rows[i];
        for (size_t f = 0; f < row->n_fields; f++) {
            size_t at = 0;
            while (at < count && strcmp(names[at], row->fields[f]->key) != 0)
                at++;
            if (at < count)
                continue;
            if (count == room) {
                size_t grown = room + capacity + 1;
                const char **more = fc_arena_calloc(read->arena, grown, sizeof(char *));
                if (!more)
                    return false;
                if (count > 0)
                    memcpy(more, names, count * sizeof(char *));
                names = more;
                room = grown;
            }
            names[count++] = row->fields[f]->key;
        }
    }
    *ret = names;
    *ret_count = count;
    return true;
}

static field_vector *make_vector(const struct serving_read *read, size_t number,
                                 const char *const *names, size_t name_count,
                                 const struct serving_value *values)
{
    const serving_row *asked = read->request->entity_rows[number];
    size_t count = name_count + read->feature_count;
    field_vector *vector = fc_arena_alloc(read->arena, sizeof *vector);
    Feast__Types__Value **cells =
        fc_arena_calloc(read->arena, count, sizeof(Feast__Types__Value *));
    Feast__Serving__FieldStatus *statuses = fc_arena_calloc(read->arena, count, sizeof *statuses);

    if (!vector || !cells || !statuses)
        return NULL;
    for (size_t i = 0; i < name_count; i++) {
        Feast__Types__Value *value = serving_entity_value(asked, names[i]);
        cells[i] = value ? value : &null_value;
        statuses[i] =
            serving_has_entity(asked, names[i]) ? entity_status(value) : STATUS(NOT_FOUND);
    }
    for (size_t i = 0; i < read->feature_count; i++) {
        cells[name_count + i] = values[i].value;
        statuses[name_count + i] = values[i].status;
    }
    feast__serving__get_online_features_response_v2__field_vector__init(vector);
    vector->n_values = vector->n_statuses = count;
    vector->values = cells;
    vector->statuses = statuses;
    return vector;
}

static bool add_names(const struct serving_read *read, const char *const *names, size_t count,
                      Feast__Serving__FieldList *list)
{
    list->val = fc_arena_calloc(read->arena, count + read->feature_count, sizeof(char *));
    for (size_t i = 0; list->val && i < count; i++)
        list->val[list->n_val++] = (char *)names[i];
    for (size_t i = 0; list->val && i < read->feature_count; i++)
        list->val[list->n_val++] = (char *)read->features[i].key;
    return list->val != NULL;
}

static void answer_by_columns(struct fc_rpc_call *call, struct serving_read *read)
{
    Feast__Serving__GetOnlineFeaturesResponseV2 response =
        FEAST__SERVING__GET_ONLINE_FEATURES_RESPONSE_V2__INIT;
    Feast__Serving__GetOnlineFeaturesResponseMetadata metadata =
        FEAST__SERVING__GET_ONLINE_FEATURES_RESPONSE_METADATA__INIT;
    Feast__Serving__FieldList list = FEAST__SERVING__FIELD_LIST__INIT;
    const char **names = NULL;
    size_t name_count = 0;
    size_t rows = read->request->n_entity_rows;
    struct serving_value *values =
        fc_arena_calloc(read->arena, read->feature_count, sizeof *values);
    response.results = fc_arena_calloc(read->arena, rows, sizeof(field_vector *));
    if (!values || !response.results || !entity_names(read, &names, &name_count) ||
        !add_names(read, names, name_count, &list)) {
        fc_request_fail_too_large(call);
        return;
    }
    for (size_t i = 0; i < rows; i++) {
        if (!read_row(call, read, i, values))
            return;
        field_vector *vector = make_vector(read, i, names, name_count, values);
        if (!vector) {
            fc_request_fail_too_large(call);
            return;
        }
        response.results[response.n_results++] = vector;
    }
    metadata.field_names = &list;
    response.metadata = &metadata;
    fc_rpc_reply(call, &response.base);
}

static void get_by_rows(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    struct serving_read *read = begin(call, ctx, message);

    if (read)
        serving_answer(call, read, answer_by_rows);
}

static void get_by_columns(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    struct serving_read *read = begin(call, ctx, message);

    if (read)
        serving_answer(call, read, answer_by_columns);
}

static void get_info(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message FC_UNUSED)
{
    const struct fc_services *services = ctx;
    Feast__Serving__GetFeastServingInfoResponse response =
        FEAST__SERVING__GET_FEAST_SERVING_INFO_RESPONSE__INIT;

    response.version = (char *)services->version;
    response.type = FEAST__SERVING__FEAST_SERVING_TYPE__FEAST_SERVING_TYPE_ONLINE;
    fc_rpc_reply(call, &response.base);
}

fc_rc fc_serving_service_register(struct fc_services *services, struct fc_rpc_server *server,
                                  struct fc_error *err)
{
    const struct fc_rpc_method methods[] = {
        {.path = "/feast.serving.ServingService/GetFeastServingInfo",
         .kind = FC_RPC_UNARY,
         .request = &feast__serving__get_feast_serving_info_request__descriptor,
         .response = &feast__serving__get_feast_serving_info_response__descriptor,
         .handler = get_info,
         .ctx = services},
        {.path = "/feast.serving.ServingService/GetOnlineFeaturesV2",
         .kind = FC_RPC_UNARY,
         .request = &feast__serving__get_online_features_request_v2__descriptor,
         .response = &feast__serving__get_online_features_response__descriptor,
         .handler = get_by_rows,
         .ctx = services},
        {.path = "/feast.serving.ServingService/GetOnlineFeatures",
         .kind = FC_RPC_UNARY,
         .request = &feast__serving__get_online_features_request_v2__descriptor,
         .response = &feast__serving__get_online_features_response_v2__descriptor,
         .handler = get_by_columns,
         .ctx = services},
    };
    fc_rc rc = fc_online_pool_init(services, err);

    if (rc == FC_OK)
        rc = fc_rpc_server_add(server, methods, FC_ARRAY_LEN(methods), err);
    return rc == FC_OK
               ? fc_rpc_server_require(server, &feast__serving__serving_service__descriptor, err)
               : rc;
}
