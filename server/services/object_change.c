/* SPDX-License-Identifier: Apache-2.0 */
#include "server/services/object_change.h"

#include "server/registry/encode.h"
#include "server/registry/entity.h"
#include "server/services/request.h"
#include "storage/schedules.h"

/* -- entities ------------------------------------------------------------------------------------------------ */

bool fc_entity_change_prepare(struct fc_entity_change *change, Feast__Core__EntitySpecV2 *spec)
{
    change->spec = spec;
    return !spec || (fc_entity_normalise(change->arena, spec) &&
                     fc_encode(change->arena, &spec->base, &change->bytes));
}

static fc_rc put_entity(struct fc_entity_change *change, struct fc_txn *txn, int64_t project_id,
                        struct fc_entity_row *row, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    if (project_id == 0)
        rc = fc_project_insert(txn, fc_str_from(change->project), &project_id, err);
    return rc != FC_OK ? rc : fc_entity_put(txn, project_id, row, err);
}

static fc_rc make_entity(struct fc_entity_change *change, const struct fc_entity_row *old,
                         int64_t now_s, struct fc_entity_row *ret, struct fc_error *err)
{
    *ret = (struct fc_entity_row){
        .id = old->id,
        .project = fc_str_from(change->project),
        .name = fc_str_from(change->spec->name),
        .value_type = (int32_t)change->spec->value_type,
        .revision = old->id == 0 ? 0 : old->revision + 1,
        .created_s = old->id == 0 ? now_s : old->created_s,
        .updated_s = now_s,
        .spec = change->bytes,
    };
    if (!fc_encode_entity(change->arena, ret->spec, ret->created_s, ret->updated_s, &ret->reply))
        return fc_request_too_large(err);
    change->reply = ret->reply;
    change->revision = ret->revision;
    return FC_OK;
}

fc_rc fc_entity_change_apply(struct fc_entity_change *change, struct fc_reader *reader,
                             struct fc_txn *txn, int64_t now_s, struct fc_violations *violations,
                             struct fc_error *err)
{
    fc_str project_name = fc_str_from(change->project);
    struct fc_project_row project;
    struct fc_entity_row row, new;

    if (!change->spec)
        return FC_OK; /* refused as such */
    fc_rc rc = fc_project_find(reader, project_name, change->arena, &project, err);
    if (rc == FC_OK) {
        rc = fc_entity_find(reader, project_name, fc_str_from(change->spec->name), change->arena,
                            &row, err);
    }
    if (rc != FC_OK)
        return rc;
    if (project.archived) {
        fc_violations_add(violations, FC_REASON_PROJECT_ARCHIVED, "project",
                          "Project is archived: %s", change->project);
    }
    if (row.id != 0)
        fc_entity_check_change(change->project, row.value_type, change->spec, violations);
    if (violations->count > 0)
        return FC_OK;
    change->existed = row.id != 0;
    change->unchanged = row.id != 0 && fc_str_eq(row.spec, change->bytes);
    if (change->unchanged) {
        change->reply = row.reply;
        change->revision = row.revision;
        return FC_OK;
    }
    rc = make_entity(change, &row, now_s, &new, err);
    return rc != FC_OK || !txn ? rc : put_entity(change, txn, project.id, &new, err);
}

/* -- online stores ------------------------------------------------------------------------------------------- */

fc_rc fc_online_store_change_apply(struct fc_online_store_change *change, struct fc_reader *reader,
                                   struct fc_txn *txn, struct fc_error *err)
{
    fc_str name = fc_str_from(change->store->name);
    struct fc_store_row row;
    fc_rc rc = fc_store_row_find(reader, FC_STORE_ONLINE, name, change->arena, &row, err);

    if (rc != FC_OK)
        return rc;
    change->existed = row.id != 0;
    change->unchanged = row.id != 0 && !row.archived && fc_str_eq(row.body, change->bytes);
    if (change->unchanged || !txn)
        return FC_OK;
    row.name = name;
    row.body = change->bytes;
    row.archived = false;
    return fc_store_row_put(txn, FC_STORE_ONLINE, &row, err);
}

/* -- feature tables ------------------------------------------------------------------------------------------ */

/* A deletion is a revision like any other; the row stays, so that an apply can revive it. */
static fc_rc put_deleted(struct fc_table_removal *removal, struct fc_txn *txn, int64_t project_id,
                         int64_t now_s, struct fc_error *err)
{
    struct fc_table_row *row = &removal->row;
    bool unscheduled;

    row->deleted = true;
    row->revision++;
    row->updated_s = now_s;
    struct fc_table_meta meta = {
        .created_s = row->created_s,
        .updated_s = row->updated_s,
        .revision = row->revision,
        .hash = fc_arena_strndup(removal->arena, row->hash.ptr, row->hash.len),
    };
    if (!meta.hash || !fc_encode_table(removal->arena, row->spec, &meta, &row->reply))
        return fc_request_too_large(err);
    fc_rc rc = fc_table_put(txn, project_id, row, err);
    /* It has nothing left to ingest. */
    return rc != FC_OK ? rc
                       : fc_schedule_remove(txn, row->project, row->name, removal->arena,
                                            &unscheduled, err);
}

fc_rc fc_table_removal_apply(struct fc_table_removal *removal, struct fc_reader *reader,
                             struct fc_txn *txn, int64_t now_s, struct fc_error *err)
{
    fc_str project_name = fc_str_from(removal->project);
    struct fc_project_row project;
    fc_rc rc = fc_table_find(reader, project_name, fc_str_from(removal->name), removal->arena,
                             &removal->row, err);

    if (rc != FC_OK)
        return rc;
    if (removal->row.id == 0) {
        return fc_fail_field(err, FC_REASON_TABLE_NOT_FOUND, "name",
                             "No such Feature Table: (project: %s, name: %s)", removal->project,
                             removal->name);
    }
    removal->unchanged = removal->row.deleted;
    if (removal->unchanged || !txn)
        return FC_OK;
    rc = fc_project_find(reader, project_name, removal->arena, &project, err);
    return rc != FC_OK ? rc : put_deleted(removal, txn, project.id, now_s, err);
}
