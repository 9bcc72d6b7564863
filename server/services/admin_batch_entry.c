/* SPDX-License-Identifier: Apache-2.0 */
/* One object of a batch: what it is, and how a transaction decides it. */
#include "server/jobs/entities.h"
#include "server/registry/encode.h"
#include "server/registry/entity.h"
#include "server/registry/feature_table.h"
#include "server/registry/names.h"
#include "server/services/admin_batch.h"

#define OBJECT(word) FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_##word

static bool init_store(struct batch_entry *entry)
{
    Feast__Core__OnlineStore *store = entry->object->online_store;

    entry->as.store = (struct fc_online_store_change){.arena = entry->batch->arena, .store = store};
    fc_name_check(&entry->violations, FC_NAME_DASH, "online store", "online_store.name",
                  store->name);
    return fc_encode(entry->batch->arena, &store->base, &entry->as.store.bytes);
}

static bool init_entity(struct batch_entry *entry)
{
    entry->as.entity =
        (struct fc_entity_change){.arena = entry->batch->arena, .project = entry->project};
    if (!fc_entity_change_prepare(&entry->as.entity, entry->object->entity))
        return false;
    fc_entity_check(entry->as.entity.spec, &entry->violations);
    fc_name_check(&entry->violations, FC_NAME_DASH, "project", "project", entry->project);
    return true;
}

static bool init_table(struct batch_entry *entry)
{
    entry->as.table = (struct fc_table_change){
        .arena = entry->batch->arena,
        .project = entry->project,
        .mode = entry->batch->mode,
        .mode_open = entry->batch->mode_open,
        .reverify = entry->batch->services->reverify,
    };
    if (!fc_table_change_prepare(&entry->as.table, entry->object->feature_table))
        return false;
    fc_table_check(entry->as.table.spec, entry->project, &entry->violations);
    return true;
}

bool batch_entry_init(struct batch_entry *entry, struct batch *batch, const batch_object *object)
{
    bool good = true;

    *entry = (struct batch_entry){
        .batch = batch, .object = object, .project = fc_request_project(object->project)};
    fc_violations_init(&entry->violations, batch->arena);
    switch (object->object_case) {
    case OBJECT(NEW_PROJECT):
        fc_name_check(&entry->violations, FC_NAME_DASH, "project", "new_project",
                      object->new_project);
        break;
    case OBJECT(ONLINE_STORE):
        good = init_store(entry);
        break;
    case OBJECT(ENTITY):
        good = init_entity(entry);
        break;
    case OBJECT(FEATURE_TABLE):
        good = init_table(entry);
        break;
    case OBJECT(DELETED_FEATURE_TABLE):
        entry->as.removal = (struct fc_table_removal){.arena = batch->arena,
                                                      .project = entry->project,
                                                      .name = object->deleted_feature_table};
        break;
    default:
        fc_violations_add(&entry->violations, FC_REASON_FIELD_REQUIRED, "object",
                          "object is not set: it is what to apply");
        break;
    }
    entry->of_request = entry->violations.count;
    return good;
}

static batch_change change_of(bool existed, bool unchanged)
{
    return unchanged ? CHANGE(UNCHANGED) : existed ? CHANGE(UPDATED) : CHANGE(CREATED);
}

static fc_rc decide_project(struct batch_entry *entry, struct fc_txn *txn, struct fc_error *err)
{
    fc_str name = fc_str_from(entry->object->new_project);
    struct fc_project_row row;
    int64_t id;
    fc_rc rc = fc_project_find(fc_txn_reader(txn), name, entry->batch->arena, &row, err);

    if (rc == FC_OK && row.archived) {
        fc_violations_add(&entry->violations, FC_REASON_PROJECT_ARCHIVED, "new_project",
                          "Project is archived: %s", entry->object->new_project);
        return FC_OK;
    }
    entry->change = change_of(false, rc == FC_OK && row.id != 0);
    return rc != FC_OK || row.id != 0 ? rc : fc_project_insert(txn, name, &id, err);
}

static fc_rc decide_removal(struct batch_entry *entry, struct fc_txn *txn, int64_t now_s,
                            struct fc_error *err)
{
    struct fc_table_removal *removal = &entry->as.removal;
    struct fc_error why = FC_ERROR_INIT;
    fc_rc rc = fc_table_removal_apply(removal, fc_txn_reader(txn), txn, now_s, &why);

    entry->change = removal->unchanged ? CHANGE(UNCHANGED) : CHANGE(DELETED);
    entry->revision = removal->row.revision;
    if (rc == FC_NOT_FOUND) {
        fc_violations_add(&entry->violations, why.reason, "deleted_feature_table", "%s",
                          why.message);
        return FC_OK;
    }
    if (rc != FC_OK)
        *err = why;
    return rc;
}

/* By which a client sees whether the job at work is still the right one. */
static fc_rc hash_stream(struct batch_entry *entry, struct fc_reader *reader, struct fc_error *err)
{
    const Feast__Core__FeatureTableSpec *spec = entry->as.table.spec;
    struct fc_entity_type *entities = NULL;

    if (!spec || !spec->stream_source)
        return FC_OK;
    fc_rc rc = fc_table_entities(reader, entry->project, spec, entry->batch->arena, &entities, err);
    return rc != FC_OK
               ? rc
               : fc_job_hash(entry->batch->arena, entry->project, spec, entities, spec->n_entities,
                             spec->stream_source, entry->stream_hash, err);
}

static fc_rc decide(struct batch_entry *entry, struct fc_txn *txn, struct fc_error *err)
{
    struct fc_reader *reader = fc_txn_reader(txn);
    int64_t now_s = fc_txn_now_ns(txn) / FC_NS_PER_S;
    fc_rc rc;

    switch (entry->object->object_case) {
    case OBJECT(NEW_PROJECT):
        return decide_project(entry, txn, err);
    case OBJECT(ONLINE_STORE):
        rc = fc_online_store_change_apply(&entry->as.store, reader, txn, err);
        entry->change = change_of(entry->as.store.existed, entry->as.store.unchanged);
        return rc;
    case OBJECT(ENTITY):
        rc = fc_entity_change_apply(&entry->as.entity, reader, txn, now_s, &entry->violations, err);
        entry->change = change_of(entry->as.entity.existed, entry->as.entity.unchanged);
        entry->revision = entry->as.entity.revision;
        return rc;
    case OBJECT(FEATURE_TABLE):
        rc = fc_table_change_apply(&entry->as.table, reader, txn, now_s, &entry->violations, err);
        entry->change = change_of(entry->as.table.existed, entry->as.table.unchanged);
        entry->revision = entry->as.table.row.revision;
        return rc == FC_OK && !batch_entry_refused(entry) ? hash_stream(entry, reader, err) : rc;
    default:
        return decide_removal(entry, txn, now_s, err);
    }
}

fc_rc batch_decide(struct batch_entry *entry, struct fc_txn *txn, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    entry->violations.count = entry->of_request;
    if (!batch_entry_refused(entry))
        rc = decide(entry, txn, err);
    if (rc == FC_OK && fc_arena_exhausted(entry->batch->arena))
        rc = fc_request_too_large(err);
    return rc;
}
