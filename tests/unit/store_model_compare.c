/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "tests/unit/store_model.h"

#define ARENA_LIMIT ((size_t)256 * 1024 * 1024)

struct check {
    const struct model *model;
    struct fc_reader *reader;
    struct fc_arena *arena;
    struct fc_error err;
    size_t seen;
    char last[600]; /* project and name before, to see the order */
};

static void check_ok(const struct check *check, fc_rc rc)
{
    if (rc != FC_OK)
        fail_msg("%s: %s", fc_rc_name(rc), check->err.message);
}

static void assert_same(fc_str actual, fc_str expected)
{
    assert_int_equal(actual.len, expected.len);
    assert_true(fc_str_eq(actual, expected));
}

static const struct model_change *current(const struct model_object *object)
{
    return &object->history[object->changes - 1];
}

static void check_in_order(struct check *check, fc_str project, fc_str name)
{
    char place[600];
    (void)snprintf(place, sizeof place, "%.*s\x01%.*s", (int)project.len, project.ptr,
                   (int)name.len, name.ptr);
    assert_true(strcmp(check->last, place) < 0);
    memcpy(check->last, place, sizeof place);
    check->seen++;
}

static int number_of(fc_str name, const char *(*name_of)(int), int count)
{
    for (int i = 0; i < count; i++)
        if (fc_str_eq(name, fc_str_from(name_of(i))))
            return i;
    fail_msg("a name that nobody wrote: %.*s", (int)name.len, name.ptr);
    return -1;
}

static void check_history(struct check *check, enum fc_object_kind kind,
                          const struct model_object *object)
{
    struct fc_revision_row *rows = NULL;
    size_t count = 0;

    check_ok(check, fc_revision_list(check->reader, kind, object->id, FC_REVISIONS_ALL,
                                     check->arena, &rows, &count, &check->err));
    assert_int_equal(count, object->changes);
    for (size_t i = 0; i < count; i++) {
        const struct model_change *expected = &object->history[count - 1 - i];
        assert_int_equal(rows[i].revision, count - 1 - i);
        assert_int_equal(rows[i].deleted, expected->deleted);
        if (i > 0)
            assert_true(rows[i].at_ns <= rows[i - 1].at_ns);
        assert_same(rows[i].spec, kind == FC_OBJECT_PROJECT
                                      ? FC_STR("")
                                      : model_bytes(expected->tag, check->arena));
    }
}

static fc_rc check_entity(void *ctx, const struct fc_entity_row *row, struct fc_error *err)
{
    struct check *check = ctx;
    int project = number_of(row->project, model_project_name, MODEL_PROJECTS);
    int number = number_of(row->name, model_object_name, MODEL_OBJECTS);
    const struct model_object *object = &check->model->entities[project][number];
    struct fc_entity_row found;

    (void)err;
    check_in_order(check, row->project, row->name);
    assert_int_equal(row->id, object->id);
    assert_int_equal(row->revision, object->changes - 1);
    assert_int_equal(row->value_type, current(object)->tag % 17);
    assert_int_equal(row->updated_s, (int64_t)(current(object)->tag >> 1));
    assert_same(row->spec, model_bytes(current(object)->tag, check->arena));
    assert_same(row->reply, model_bytes(current(object)->tag + 1, check->arena));
    check_ok(check, fc_entity_find(check->reader, row->project, row->name, check->arena, &found,
                                   &check->err));
    assert_int_equal(found.id, row->id);
    assert_same(found.reply, row->reply);
    return FC_OK;
}

static fc_rc check_table(void *ctx, const struct fc_table_row *row, struct fc_error *err)
{
    struct check *check = ctx;
    int project = number_of(row->project, model_project_name, MODEL_PROJECTS);
    int number = number_of(row->name, model_object_name, MODEL_OBJECTS);
    const struct model_object *object = &check->model->tables[project][number];
    struct fc_table_row found;
    fc_str body;

    (void)err;
    check_in_order(check, row->project, row->name);
    assert_int_equal(row->id, object->id);
    assert_int_equal(row->revision, object->changes - 1);
    assert_int_equal(row->deleted, current(object)->deleted);
    assert_int_equal(row->verdict, object->verdict);
    assert_int_equal(row->report_id, object->report_id);
    assert_same(row->spec, model_bytes(current(object)->tag, check->arena));
    assert_same(row->reply, model_bytes(current(object)->tag + 1, check->arena));
    if (object->report_id != 0) {
        check_ok(check, fc_report_find(check->reader, object->report_id, check->arena, &body,
                                       &check->err));
        assert_same(body, model_bytes(object->report_tag, check->arena));
    }
    check_ok(check, fc_table_find(check->reader, row->project, row->name, check->arena, &found,
                                  &check->err));
    assert_int_equal(found.id, row->id);
    assert_same(found.hash, row->hash);
    return FC_OK;
}

static void check_projects(struct check *check)
{
    struct fc_project_row *rows = NULL;
    size_t count = 0, expected = 0, active = 0;

    for (int i = 0; i < MODEL_PROJECTS; i++) {
        const struct model_object *object = &check->model->projects[i];
        if (object->id != 0) {
            expected++;
            active += !current(object)->deleted;
            check_history(check, FC_OBJECT_PROJECT, object);
        }
    }
    check_ok(check, fc_project_list(check->reader, true, check->arena, &rows, &count, &check->err));
    assert_int_equal(count, expected);
    check->last[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        int number = number_of(rows[i].name, model_project_name, MODEL_PROJECTS);
        check_in_order(check, rows[i].name, FC_STR(""));
        assert_int_equal(rows[i].id, check->model->projects[number].id);
        assert_int_equal(rows[i].archived, current(&check->model->projects[number])->deleted);
    }
    check_ok(check,
             fc_project_list(check->reader, false, check->arena, &rows, &count, &check->err));
    assert_int_equal(count, active);
}

static void check_stores(struct check *check)
{
    static const enum fc_store_kind kinds[] = {FC_STORE_LEGACY, FC_STORE_ONLINE};
    for (int k = 0; k < 2; k++) {
        struct fc_store_row *rows = NULL;
        size_t count = 0, expected = 0;
        for (int i = 0; i < MODEL_STORES; i++) {
            const struct model_object *object = &check->model->stores[k][i];
            if (object->id != 0) {
                expected++;
                check_history(check, FC_OBJECT_STORE, object);
            }
        }
        check_ok(check, fc_store_row_list(check->reader, kinds[k], true, check->arena, &rows,
                                          &count, &check->err));
        assert_int_equal(count, expected);
        for (size_t i = 0; i < count; i++) {
            int number = number_of(rows[i].name, model_object_name, MODEL_STORES);
            const struct model_object *object = &check->model->stores[k][number];
            assert_int_equal(rows[i].id, object->id);
            assert_int_equal(rows[i].archived, current(object)->deleted);
            assert_same(rows[i].body, model_bytes(current(object)->tag, check->arena));
        }
    }
}

static bool listed(const struct model_job *job, int project, int table, bool with_terminated)
{
    return (project < 0 || job->project == project) && (table < 0 || job->table == table) &&
           (with_terminated || job->state == FC_JOB_PENDING || job->state == FC_JOB_RUNNING);
}

static void check_job_list(struct check *check, int project, int table, bool with_terminated)
{
    const struct fc_job_filter filter = {
        .project = fc_str_from(project < 0 ? "" : model_project_name(project)),
        .table_name = fc_str_from(table < 0 ? "" : model_object_name(table)),
        .with_terminated = with_terminated,
    };
    struct fc_job_row *rows = NULL;
    size_t count = 0, at = 0;

    check_ok(check, fc_job_list(check->reader, &filter, check->arena, &rows, &count, &check->err));
    for (size_t i = check->model->job_count; i-- > 0;) {
        const struct model_job *job = &check->model->jobs[i];
        if (!listed(job, project, table, with_terminated))
            continue;
        assert_true(at < count);
        assert_same(rows[at].id, fc_str_from(job->id));
        assert_int_equal(rows[at].state, job->state);
        assert_int_equal(rows[at].attempts, job->attempts);
        assert_same(rows[at].order, model_bytes(job->tag, check->arena));
        at++;
    }
    assert_int_equal(at, count);
}

static size_t count_live(const struct model *model, bool tables)
{
    size_t count = 0;
    for (int p = 0; p < MODEL_PROJECTS; p++) {
        for (int i = 0; i < MODEL_OBJECTS; i++) {
            const struct model_object *object =
                tables ? &model->tables[p][i] : &model->entities[p][i];
            count += object->id != 0 && !current(object)->deleted;
        }
    }
    return count;
}

static void check_objects(struct check *check)
{
    struct fc_registry_counts counts;
    size_t deleted = 0;

    for (int p = 0; p < MODEL_PROJECTS; p++) {
        for (int i = 0; i < MODEL_OBJECTS; i++) {
            const struct model_object *entity = &check->model->entities[p][i],
                                      *table = &check->model->tables[p][i];
            if (entity->id != 0)
                check_history(check, FC_OBJECT_ENTITY, entity);
            if (table->id != 0) {
                check_history(check, FC_OBJECT_TABLE, table);
                deleted += current(table)->deleted;
            }
        }
    }
    check->seen = 0;
    check->last[0] = '\0';
    check_ok(check, fc_entity_each(check->reader, FC_STR(""), check_entity, check, &check->err));
    assert_int_equal(check->seen, count_live(check->model, false));
    check->seen = 0;
    check->last[0] = '\0';
    check_ok(check,
             fc_table_each(check->reader, FC_STR(""), false, check_table, check, &check->err));
    assert_int_equal(check->seen, count_live(check->model, true));
    check->seen = 0;
    check->last[0] = '\0';
    check_ok(check,
             fc_table_each(check->reader, FC_STR(""), true, check_table, check, &check->err));
    assert_int_equal(check->seen, count_live(check->model, true) + deleted);
    check_ok(check, fc_registry_count(check->reader, &counts, &check->err));
    assert_int_equal(counts.entities, count_live(check->model, false));
    assert_int_equal(counts.tables, count_live(check->model, true));
}

void model_compare(const struct model *model, struct fc_reader *reader)
{
    struct check check = {.model = model, .reader = reader, .arena = fc_arena_new(ARENA_LIMIT)};

    assert_non_null(check.arena);
    check_projects(&check);
    check_objects(&check);
    check_stores(&check);
    for (int project = -1; project < MODEL_PROJECTS; project++) {
        for (int table = -1; table < 3; table++) {
            check_job_list(&check, project, table, false);
            check_job_list(&check, project, table, true);
        }
    }
    fc_arena_free(check.arena);
}
