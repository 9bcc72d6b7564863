/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of one ApplyBatch:
 *
 *     rules of the requests
 *       -> a transaction that decides every object in its turn and is rolled back: what each would be, the ones before
 *          it given
 *         -> the sources of the tables that need it are looked at
 *           -> the transaction again, with the reports; committed unless the batch is atomic and something was refused,
 *              or a table needs a look now that needed none before: then the looks again
 *
 * A dry run and an atomic batch with a refusal end earlier. One answer has one result for each object.
 */
#include "server/services/admin_batch.h"

#include <stdlib.h>
#include <string.h>

/* The writer does nothing else meanwhile; a table takes it some 100 us. */
#define MOST_OBJECTS 5000
/* Of all violations of one object, as text. */
#define MESSAGE_LIMIT 4096

static void batch_done(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        fc_arena_free(batch->entries[i].arena);
    (void)pthread_mutex_destroy(&batch->lock);
}

/* The call may be gone once it is answered, and the arena with it. */
static void fail(struct batch *batch, const struct fc_error *err)
{
    batch_done(batch);
    fc_rpc_fail(batch->call, err, NULL);
}

static bool any_refused(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch_entry_refused(&batch->entries[i]))
            return true;
    return false;
}

/* -- the answer ---------------------------------------------------------------------------------------------- */

static bool tell_refusal(const struct batch_entry *entry, batch_result *result)
{
    const struct fc_violations *violations = &entry->violations;
    struct fc_arena *arena = entry->batch->arena;
    enum fc_reason reason = entry->error ? entry->error->reason : violations->items[0].reason;

    result->change = CHANGE(REFUSED);
    result->reason = (char *)fc_reason_info(reason)->word;
    result->message = entry->error ? entry->error->message
                                   : (char *)fc_violations_text(violations, MESSAGE_LIMIT);
    return admin_add_violations(violations, arena, &result->violations, &result->n_violations);
}

static bool fill_result(const struct batch_entry *entry, batch_result *result)
{
    feast__admin__v1__batch_result__init(result);
    result->change = entry->change;
    result->revision = entry->revision;
    result->stream_hash = (char *)entry->stream_hash;
    result->report = entry->report;
    if (entry->report) {
        result->verdict = entry->report->verdict;
        entry->report->spec_hash = (char *)entry->as.table.hash;
    } else if (entry->object->object_case == FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_FEATURE_TABLE) {
        result->verdict = (Feast__Admin__V1__Verdict)entry->as.table.row.verdict;
    }
    return !batch_entry_refused(entry) || tell_refusal(entry, result);
}

static void reply(struct batch *batch, bool applied)
{
    Feast__Admin__V1__ApplyBatchResponse response = FEAST__ADMIN__V1__APPLY_BATCH_RESPONSE__INIT;
    batch_result *results = fc_arena_calloc(batch->arena, batch->count, sizeof *results);
    struct fc_error err = FC_ERROR_INIT;
    bool good = results != NULL;

    response.results = fc_arena_calloc(batch->arena, batch->count, sizeof(batch_result *));
    good = good && response.results;
    for (size_t i = 0; good && i < batch->count; i++) {
        good = fill_result(&batch->entries[i], &results[i]);
        response.results[response.n_results++] = &results[i];
    }
    if (!good) {
        (void)fc_request_too_large(&err);
        fail(batch, &err);
        return;
    }
    /* The reports are in arenas of their own until they are packed. */
    response.applied = applied;
    size_t size = protobuf_c_message_get_packed_size(&response.base);
    uint8_t *bytes = fc_arena_alloc(batch->arena, size);
    if (!bytes) {
        (void)fc_request_too_large(&err);
        fail(batch, &err);
        return;
    }
    (void)protobuf_c_message_pack(&response.base, bytes);
    batch_done(batch);
    fc_rpc_reply_bytes(batch->call, (fc_str){(const char *)bytes, size});
}

/* -- transactions -------------------------------------------------------------------------------------------- */

static fc_rc decide_all(struct batch *batch, struct fc_txn *txn, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    if (fc_rpc_cancelled(batch->call)) {
        return fc_fail(err, FC_REASON_DEADLINE_EXCEEDED,
                       "the deadline passed or the caller left before the change was made");
    }
    for (size_t i = 0; rc == FC_OK && i < batch->count; i++)
        rc = batch_decide(&batch->entries[batch->order[i]], txn, err);
    batch->decided = rc == FC_OK;
    return rc;
}

/* Never seen: it only has the transaction rolled back. */
static fc_rc roll_back(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_CANCELLED, "nothing of the batch is to stay");
}

static fc_rc try_all(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    fc_rc rc = decide_all(ctx, txn, err);

    return rc != FC_OK ? rc : roll_back(err);
}

static bool must_not_stay(const struct batch *batch)
{
    return batch->atomic && any_refused(batch);
}

/* What others changed since the looks may have made a table new, or right, that was not looked at for that. */
static bool any_unseen(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch_needs_look(&batch->entries[i]))
            return true;
    return false;
}

static fc_rc apply_all(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct batch *batch = ctx;
    fc_rc rc = decide_all(batch, txn, err);

    batch->unseen = rc == FC_OK && !must_not_stay(batch) && any_unseen(batch);
    return rc == FC_OK && (batch->unseen || must_not_stay(batch)) ? roll_back(err) : rc;
}

static void applied(void *ctx, const struct fc_error *err)
{
    struct batch *batch = ctx;

    if (err && batch->decided && batch->unseen)
        batch_look_at_sources(batch); /* each table once, so that this comes to an end */
    /* What was decided and was to stay, but does not, failed when it was written. */
    else if (err && !(batch->decided && must_not_stay(batch)))
        fail(batch, err);
    else
        reply(batch, !err);
}

void batch_looked(struct batch *batch)
{
    if (batch->dry_run || (batch->atomic && any_refused(batch))) {
        reply(batch, false);
        return;
    }
    batch->decided = false;
    fc_store_submit(batch->services->store, apply_all, applied, batch);
}

static void tried(void *ctx, const struct fc_error *err)
{
    struct batch *batch = ctx;

    if (!batch->decided)
        fail(batch, err);
    else if (batch->atomic && any_refused(batch) && !batch->dry_run)
        reply(batch, false);
    else
        batch_look_at_sources(batch);
}

/* -- the request --------------------------------------------------------------------------------------------- */

/* The numbers of the oneof are in the order of the turns. */
static void set_order(struct batch *batch)
{
    size_t at = 0;

    for (int kind = 0; kind <= FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_DELETED_FEATURE_TABLE;
         kind++) {
        for (size_t i = 0; i < batch->count; i++)
            if ((int)batch->entries[i].object->object_case == kind)
                batch->order[at++] = i;
    }
}

static bool fill(struct batch *batch, const Feast__Admin__V1__ApplyBatchRequest *request)
{
    batch->entries = fc_arena_calloc(batch->arena, request->n_objects, sizeof *batch->entries);
    batch->order = fc_arena_calloc(batch->arena, request->n_objects, sizeof *batch->order);
    if (!batch->entries || !batch->order)
        return false;
    batch->count = request->n_objects;
    for (size_t i = 0; i < batch->count; i++)
        if (!batch_entry_init(&batch->entries[i], batch, request->objects[i]))
            return false;
    set_order(batch);
    return !fc_arena_exhausted(batch->arena);
}

static fc_rc check(const struct fc_services *services,
                   const Feast__Admin__V1__ApplyBatchRequest *request,
                   enum fc_validation_mode *ret_mode, struct fc_error *err)
{
    if (request->n_objects == 0) {
        return fc_fail_field(err, FC_REASON_FIELD_REQUIRED, "objects",
                             "objects is empty: it is what to apply");
    }
    if (request->n_objects > MOST_OBJECTS) {
        return fc_fail_field(err, FC_REASON_REQUEST_TOO_LARGE, "objects",
                             "a batch has %zu objects, at most %d are allowed", request->n_objects,
                             MOST_OBJECTS);
    }
    return admin_read_mode(services, request->mode, ret_mode, err);
}

void admin_apply_batch(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const Feast__Admin__V1__ApplyBatchRequest *request = (const void *)message;
    struct fc_services *services = ctx;
    struct fc_arena *arena = fc_rpc_arena(call);
    struct batch *batch = fc_arena_calloc(arena, 1, sizeof *batch);
    struct fc_error err = FC_ERROR_INIT;
    enum fc_validation_mode mode;

    if (!batch) {
        fc_request_fail_too_large(call);
        return;
    }
    if (check(services, request, &mode, &err) != FC_OK) {
        fc_rpc_fail(call, &err, NULL);
        return;
    }
    *batch = (struct batch){
        .call = call,
        .services = services,
        .arena = arena,
        .atomic = request->atomic,
        .dry_run = request->dry_run,
        .mode = services->admission ? mode : FC_VALIDATION_OFF,
        .mode_open = services->admission &&
                     request->mode == FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__DEFAULT,
        .lock = PTHREAD_MUTEX_INITIALIZER,
    };
    if (!fill(batch, request)) {
        (void)fc_request_too_large(&err);
        fail(batch, &err);
        return;
    }
    fc_store_submit(services->store, try_all, tried, batch);
}
