/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_model.h"

#include "tests/unit/harness.h"

uint64_t model_random(uint64_t *state)
{
    uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

fc_str model_bytes(uint64_t tag, struct fc_arena *arena)
{
    uint64_t state = tag, shape = model_random(&state);
    /* Mostly small, sometimes over several pages, now and then empty. */
    size_t len = shape % 5 == 0 ? (shape >> 8) % 20000 : (shape >> 8) % 300;
    char *bytes = fc_arena_alloc(arena, len + 8);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = model_random(&state);
        memcpy(bytes + i, &word, sizeof word);
    }
    return (fc_str){.ptr = bytes, .len = len};
}

const char *model_project_name(int project)
{
    static const char *const names[MODEL_PROJECTS] = {"default", "alpha", "Beta", "_x"};
    return names[project];
}

const char *model_object_name(int object)
{
    static const char *const names[MODEL_OBJECTS] = {
        "a", "b", "c", "aa", "ab", "B", "_z", "z9", "long_name_of_something", "q", "r", "s"};
    return names[object];
}

static fc_str project_of(const struct op *op)
{
    return fc_str_from(model_project_name(op->project));
}

static fc_str name_of(const struct op *op)
{
    return fc_str_from(model_object_name(op->object));
}

/* ---- Requests ---- */

static fc_rc run_project(struct fc_txn *txn, struct op *op, struct fc_error *err)
{
    struct fc_project_row row;
    fc_rc rc = fc_project_find(fc_txn_reader(txn), project_of(op), op->arena, &row, err);
    if (rc != FC_OK)
        return rc;
    op->id = row.id;
    return row.id == 0 ? fc_project_insert(txn, project_of(op), &op->id, err)
                       : fc_project_set_archived(txn, row.id, op->tag % 2 == 0, err);
}

static fc_rc run_entity(struct fc_txn *txn, struct op *op, int64_t project_id, struct fc_error *err)
{
    struct fc_entity_row row;
    fc_rc rc =
        fc_entity_find(fc_txn_reader(txn), project_of(op), name_of(op), op->arena, &row, err);
    if (rc != FC_OK)
        return rc;
    row.revision = row.id != 0 ? row.revision + 1 : 0;
    row.name = name_of(op);
    row.value_type = (int32_t)(op->tag % 17);
    row.updated_s = (int64_t)(op->tag >> 1);
    row.spec = model_bytes(op->tag, op->arena);
    row.reply = model_bytes(op->tag + 1, op->arena);
    rc = fc_entity_put(txn, project_id, &row, err);
    op->id = row.id;
    return rc;
}

static fc_rc run_table(struct fc_txn *txn, struct op *op, int64_t project_id, struct fc_error *err)
{
    struct fc_table_row row;
    fc_rc rc = fc_table_find(fc_txn_reader(txn), project_of(op), name_of(op), op->arena, &row, err);
    if (rc != FC_OK)
        return rc;
    op->id = row.id;
    if (op->kind == OP_VERDICT) {
        if (row.id == 0)
            return fc_fail(err, FC_REASON_TABLE_NOT_FOUND, "no such table");
        rc = fc_report_insert(txn, row.id, (int32_t)(op->tag % 7), model_bytes(op->tag, op->arena),
                              &op->report_id, err);
        return rc == FC_OK ? fc_table_set_verdict(txn, row.id, (int32_t)(op->tag % 7),
                                                  FC_STR("warn"), op->report_id, err)
                           : rc;
    }
    if (op->kind == OP_TABLE_DELETE) {
        if (row.id == 0 || row.deleted)
            return fc_fail(err, FC_REASON_TABLE_NOT_FOUND, "no such table");
        row.deleted = true;
        row.revision++;
    } else {
        row.revision = row.id != 0 ? row.revision + 1 : 0;
        row.deleted = false;
        row.name = name_of(op);
        row.spec = model_bytes(op->tag, op->arena);
        row.reply = model_bytes(op->tag + 1, op->arena);
        row.hash = model_bytes(op->tag + 2, op->arena);
        row.hash.len = row.hash.len > 20 ? 20 : row.hash.len;
    }
    rc = fc_table_put(txn, project_id, &row, err);
    op->id = row.id;
    return rc;
}

static fc_rc run_store(struct fc_txn *txn, struct op *op, struct fc_error *err)
{
    enum fc_store_kind kind = op->project % 2 == 0 ? FC_STORE_LEGACY : FC_STORE_ONLINE;
    struct fc_store_row row;
    fc_rc rc = fc_store_row_find(fc_txn_reader(txn), kind, name_of(op), op->arena, &row, err);
    if (rc != FC_OK)
        return rc;
    row.name = name_of(op);
    row.archived = op->tag % 2 == 0;
    row.body = model_bytes(op->tag, op->arena);
    rc = fc_store_row_put(txn, kind, &row, err);
    op->id = row.id;
    return rc;
}

static fc_rc run_job(struct fc_txn *txn, struct op *op, struct fc_error *err)
{
    struct fc_job_row row;
    if (op->kind == OP_JOB) {
        row = (struct fc_job_row){.id = fc_str_from(op->job_id),
                                  .type = FC_JOB_BATCH_INGESTION,
                                  .state = FC_JOB_PENDING,
                                  .project = project_of(op),
                                  .table_name = name_of(op),
                                  .order = model_bytes(op->tag, op->arena),
                                  .created_ns = fc_txn_now_ns(txn)};
        return fc_job_insert(txn, &row, err);
    }
    fc_rc rc = fc_job_find(fc_txn_reader(txn), fc_str_from(op->job_id), op->arena, &row, err);
    if (rc != FC_OK)
        return rc;
    row.id = fc_str_from(op->job_id);
    row.state = op->to;
    row.attempts++;
    row.order = model_bytes(op->tag, op->arena);
    return fc_job_update(txn, &row, err);
}

static fc_rc run_in_project(struct fc_txn *txn, struct op *op, struct fc_error *err)
{
    struct fc_project_row project;
    fc_rc rc = fc_project_find(fc_txn_reader(txn), project_of(op), op->arena, &project, err);
    if (rc == FC_OK && project.id == 0)
        return fc_fail(err, FC_REASON_PROJECT_NOT_FOUND, "no such project");
    if (rc != FC_OK)
        return rc;
    return op->kind == OP_ENTITY ? run_entity(txn, op, project.id, err)
                                 : run_table(txn, op, project.id, err);
}

fc_rc model_run(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    struct op *op = ctx;
    fc_rc rc;

    switch (op->kind) {
    case OP_PROJECT:
        rc = run_project(txn, op, err);
        break;
    case OP_STORE:
        rc = run_store(txn, op, err);
        break;
    case OP_JOB:
    case OP_JOB_MOVE:
        rc = run_job(txn, op, err);
        break;
    default:
        rc = run_in_project(txn, op, err);
        break;
    }
    return rc == FC_OK && op->fail ? fc_fail(err, FC_REASON_CANCELLED, "given up after the writes")
                                   : rc;
}

/* ---- The same in memory ---- */

static void change(struct model_object *object, int64_t id, bool deleted, uint64_t tag)
{
    if (object->id != 0)
        assert_int_equal(object->id, id);
    assert_true(object->changes < MODEL_HISTORY);
    object->id = id;
    object->history[object->changes++] = (struct model_change){.deleted = deleted, .tag = tag};
}

static const struct model_change *current(const struct model_object *object)
{
    return &object->history[object->changes - 1];
}

static bool apply_project(struct model_object *object, const struct op *op)
{
    bool archived = object->id != 0 && op->tag % 2 == 0;
    if (object->id == 0 || current(object)->deleted != archived)
        change(object, op->id, archived, 0);
    return true;
}

static bool apply_table(struct model_object *object, const struct op *op)
{
    if (op->kind == OP_TABLE) {
        change(object, op->id, false, op->tag);
        return true;
    }
    if (object->id == 0)
        return false;
    if (op->kind == OP_VERDICT) {
        object->verdict = (int32_t)(op->tag % 7);
        object->report_id = op->report_id;
        object->report_tag = op->tag;
        return true;
    }
    if (current(object)->deleted)
        return false;
    change(object, op->id, true, current(object)->tag);
    return true;
}

static bool apply_job(struct model *model, const struct op *op)
{
    if (op->kind == OP_JOB) {
        struct model_job *job = &model->jobs[model->job_count];
        if (model->job_count == MODEL_JOBS)
            return false;
        model->job_count++;
        *job = (struct model_job){
            .project = op->project, .table = op->object, .state = FC_JOB_PENDING, .tag = op->tag};
        memcpy(job->id, op->job_id, sizeof job->id);
        return true;
    }
    for (size_t i = 0; i < model->job_count; i++) {
        struct model_job *job = &model->jobs[i];
        if (strcmp(job->id, op->job_id) == 0) {
            if (job->state != op->to && !fc_job_transition_allowed(job->state, op->to))
                return false;
            job->state = op->to;
            job->attempts++;
            job->tag = op->tag;
            return true;
        }
    }
    return false;
}

bool model_apply(struct model *model, const struct op *op)
{
    if (op->fail)
        return false;
    switch (op->kind) {
    case OP_PROJECT:
        return apply_project(&model->projects[op->project], op);
    case OP_STORE:
        change(&model->stores[op->project % 2][op->object], op->id, op->tag % 2 == 0, op->tag);
        return true;
    case OP_JOB:
    case OP_JOB_MOVE:
        return apply_job(model, op);
    case OP_ENTITY:
        if (model->projects[op->project].id == 0)
            return false;
        change(&model->entities[op->project][op->object], op->id, false, op->tag);
        return true;
    default:
        return model->projects[op->project].id != 0 &&
               apply_table(&model->tables[op->project][op->object], op);
    }
}
