/* SPDX-License-Identifier: Apache-2.0 */
/* Legacy stores: kept for clients that list or update them; nothing else in the registry reads them. */
#include "server/registry/encode.h"
#include "server/registry/names.h"
#include "server/services/core.h"

static fc_rc list_all(struct fc_reader *reader, struct core_list *list, struct fc_error *err)
{
    struct fc_store_row *rows;
    size_t count = 0;
    fc_rc rc = fc_store_row_list(reader, FC_STORE_LEGACY, true, list->scratch, &rows, &count, err);

    for (size_t i = 0; rc == FC_OK && i < count; i++)
        fc_buf_append_field(&list->reply, 1, rows[i].body);
    return rc;
}

static fc_rc list_one(struct fc_reader *reader, struct core_list *list, const char *name,
                      struct fc_error *err)
{
    struct fc_store_row row;
    fc_rc rc =
        fc_store_row_find(reader, FC_STORE_LEGACY, fc_str_from(name), list->scratch, &row, err);

    if (rc != FC_OK)
        return rc;
    if (row.id == 0) {
        return fc_fail_field(err, FC_REASON_STORE_NOT_FOUND, "filter.name",
                             "Store with name \"%s\" could not be found.",
                             fc_excerpt(list->scratch, name));
    }
    fc_buf_append_field(&list->reply, 1, row.body);
    return FC_OK;
}

void core_list_stores(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Core__ListStoresRequest__Filter *filter =
        ((const Feast__Core__ListStoresRequest *)message)->filter;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = core_reader(call, ctx);
    struct core_list list;

    if (!reader || !core_list_begin(&list, call))
        return;
    fc_rc rc = !filter || *filter->name == '\0' ? list_all(reader, &list, &err)
                                                : list_one(reader, &list, filter->name, &err);
    core_list_end(&list, rc, &err);
}

struct store_update {
    struct core_write write;
    Feast__Core__Store *store;
    fc_str body;
};

static void reply_update(struct core_write *write)
{
    Feast__Core__UpdateStoreResponse response = FEAST__CORE__UPDATE_STORE_RESPONSE__INIT;

    response.store = ((const struct store_update *)write)->store;
    response.status = write->settled ? FEAST__CORE__UPDATE_STORE_RESPONSE__STATUS__NO_CHANGE
                                     : FEAST__CORE__UPDATE_STORE_RESPONSE__STATUS__UPDATED;
    fc_rpc_reply(write->call, &response.base);
}

static fc_rc update_store(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                          int64_t now_s FC_UNUSED, struct fc_error *err)
{
    const struct store_update *update = (const struct store_update *)write;
    struct fc_store_row row;

    if (write->of_request > 0)
        return FC_OK;
    fc_str name = fc_str_from(update->store->name);
    fc_rc rc = fc_store_row_find(reader, FC_STORE_LEGACY, name, write->arena, &row, err);
    if (rc != FC_OK)
        return rc;
    write->settled = row.id != 0 && fc_str_eq(row.body, update->body);
    if (write->settled || !txn)
        return FC_OK;
    row.name = name;
    row.body = update->body;
    return fc_store_row_put(txn, FC_STORE_LEGACY, &row, err);
}

static void check_subscription(const Feast__Core__Store__Subscription *subscription, size_t index,
                               struct fc_violations *violations)
{
    const char *field = fc_arena_printf(violations->arena, "store.subscriptions[%zu]", index);

    if (*subscription->project == '\0' || *subscription->name == '\0') {
        fc_violations_add(violations, FC_REASON_FIELD_REQUIRED,
                          !field ? "store.subscriptions" : field,
                          "subscription %zu of the store has no %s, both project and name are "
                          "required",
                          index, *subscription->project == '\0' ? "project" : "name");
    }
}

static void check_store(const Feast__Core__Store *store, struct fc_violations *violations)
{
    if (!store) {
        fc_violations_add(violations, FC_REASON_FIELD_REQUIRED, "store",
                          "the request has no store, a store is required");
        return;
    }
    fc_name_check(violations, FC_NAME_DASH, "store", "store.name", store->name);
    if (store->type != FEAST__CORE__STORE__STORE_TYPE__REDIS &&
        store->type != FEAST__CORE__STORE__STORE_TYPE__REDIS_CLUSTER) {
        fc_violations_add(violations, FC_REASON_FIELD_INVALID, "store.type",
                          "store \"%s\": type is %d, expected REDIS or REDIS_CLUSTER",
                          fc_excerpt(violations->arena, store->name), (int)store->type);
    }
    for (size_t i = 0; i < store->n_subscriptions && !fc_arena_exhausted(violations->arena); i++)
        check_subscription(store->subscriptions[i], i, violations);
}

void core_update_store(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    Feast__Core__Store *store = ((const Feast__Core__UpdateStoreRequest *)message)->store;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct store_update *update = fc_arena_calloc(arena, 1, sizeof *update);

    if (!update || (store && !fc_encode(arena, &store->base, &update->body))) {
        fc_request_fail_too_large(call);
        return;
    }
    core_write_init(&update->write, call, ctx, update_store, reply_update);
    update->store = store;
    check_store(store, &update->write.violations);
    if (core_write_look(&update->write, false))
        core_write_submit(&update->write);
}
