/* SPDX-License-Identifier: Apache-2.0 */
/* Online stores, which feature tables name: registered, archived, registered again. */
#include "server/registry/encode.h"
#include "server/registry/names.h"
#include "server/services/core.h"
#include "server/services/object_change.h"

typedef Feast__Core__RegisterOnlineStoreResponse register_response;

static fc_rc not_found(const char *name, struct fc_arena *arena, struct fc_error *err)
{
    return fc_fail_field(err, FC_REASON_STORE_NOT_FOUND, "name",
                         "Online store with name \"%s\" could not be found.",
                         fc_excerpt(arena, name));
}

void core_list_online_stores(struct fc_rpc_call *call, void *ctx,
                             const ProtobufCMessage *request FC_UNUSED)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = core_reader(call, ctx);
    struct fc_store_row *rows;
    struct core_list list;
    size_t count = 0;

    if (!reader || !core_list_begin(&list, call))
        return;
    fc_rc rc = fc_store_row_list(reader, FC_STORE_ONLINE, false, list.scratch, &rows, &count, &err);
    for (size_t i = 0; rc == FC_OK && i < count; i++)
        fc_buf_append_field(&list.reply, 1, rows[i].body);
    core_list_end(&list, rc, &err);
}

void core_get_online_store(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const char *name = ((const Feast__Core__GetOnlineStoreRequest *)message)->name;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = core_reader(call, ctx);
    struct fc_store_row row;

    if (!reader)
        return;
    fc_rc rc = fc_store_row_find(reader, FC_STORE_ONLINE, fc_str_from(name), arena, &row, &err);
    if (rc == FC_OK && row.id == 0)
        rc = not_found(name, arena, &err);
    if (rc != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    Feast__Core__GetOnlineStoreResponse response = FEAST__CORE__GET_ONLINE_STORE_RESPONSE__INIT;
    response.online_store = feast__core__online_store__unpack(
        fc_arena_allocator(arena), row.body.len, (const uint8_t *)row.body.ptr);
    response.status = row.archived ? FEAST__CORE__GET_ONLINE_STORE_RESPONSE__STATUS__ARCHIVED
                                   : FEAST__CORE__GET_ONLINE_STORE_RESPONSE__STATUS__ACTIVE;
    if (!response.online_store)
        fc_request_fail_too_large(call);
    else
        fc_rpc_reply(call, &response.base);
}

struct store_write {
    struct core_write write;
    const char *name;
    struct fc_online_store_change change; /* of a registration */
};

static void reply_registered(struct core_write *write)
{
    const struct store_write *stored = (const struct store_write *)write;
    register_response response = FEAST__CORE__REGISTER_ONLINE_STORE_RESPONSE__INIT;

    response.online_store = stored->change.store;
    response.status =
        stored->change.unchanged ? FEAST__CORE__REGISTER_ONLINE_STORE_RESPONSE__STATUS__NO_CHANGE
        : stored->change.existed ? FEAST__CORE__REGISTER_ONLINE_STORE_RESPONSE__STATUS__UPDATED
                                 : FEAST__CORE__REGISTER_ONLINE_STORE_RESPONSE__STATUS__REGISTERED;
    fc_rpc_reply(write->call, &response.base);
}

static fc_rc register_store(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                            int64_t now_s FC_UNUSED, struct fc_error *err)
{
    struct fc_online_store_change *change = &((struct store_write *)write)->change;

    if (write->of_request > 0)
        return FC_OK;
    fc_rc rc = fc_online_store_change_apply(change, reader, txn, err);
    write->settled = rc == FC_OK && change->unchanged;
    return rc;
}

void core_register_online_store(struct fc_rpc_call *call, void *ctx,
                                const ProtobufCMessage *message)
{
    Feast__Core__OnlineStore *store =
        ((const Feast__Core__RegisterOnlineStoreRequest *)message)->online_store;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct store_write *wanted = fc_arena_calloc(arena, 1, sizeof *wanted);

    if (!wanted || (store && !fc_encode(arena, &store->base, &wanted->change.bytes))) {
        fc_request_fail_too_large(call);
        return;
    }
    core_write_init(&wanted->write, call, ctx, register_store, reply_registered);
    wanted->change.arena = arena;
    wanted->change.store = store;
    if (!store) {
        fc_violations_add(&wanted->write.violations, FC_REASON_FIELD_REQUIRED, "online_store",
                          "the request has no online_store, an online store is required");
    } else {
        fc_name_check(&wanted->write.violations, FC_NAME_DASH, "online store", "online_store.name",
                      store->name);
    }
    if (core_write_look(&wanted->write, false))
        core_write_submit(&wanted->write);
}

static fc_rc archive_store(struct core_write *write, struct fc_reader *reader, struct fc_txn *txn,
                           int64_t now_s FC_UNUSED, struct fc_error *err)
{
    const struct store_write *wanted = (const struct store_write *)write;
    struct fc_store_row row;
    fc_rc rc = fc_store_row_find(reader, FC_STORE_ONLINE, fc_str_from(wanted->name), write->arena,
                                 &row, err);

    if (rc != FC_OK)
        return rc;
    if (row.id == 0)
        return not_found(wanted->name, write->arena, err);
    write->settled = row.archived;
    if (row.archived || !txn)
        return FC_OK;
    row.archived = true;
    return fc_store_row_put(txn, FC_STORE_ONLINE, &row, err);
}

void core_archive_online_store(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    struct store_write *wanted = fc_arena_calloc(fc_rpc_arena(call), 1, sizeof *wanted);

    if (!wanted) {
        fc_request_fail_too_large(call);
        return;
    }
    core_write_init(&wanted->write, call, ctx, archive_store, core_reply_empty);
    wanted->name = ((const Feast__Core__ArchiveOnlineStoreRequest *)message)->name;
    if (core_write_look(&wanted->write, false))
        core_write_submit(&wanted->write);
}
