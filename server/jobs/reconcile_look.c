/* SPDX-License-Identifier: Apache-2.0 */
#include "server/jobs/reconcile_look.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/jobs/entities.h"
#include "storage/registry.h"
#include "storage/streams.h"

/* One table, unpacked. */
#define TABLE_BYTES ((size_t)64 * 1024 * 1024)
/* Failures in a row are counted up to here: further ones do not make the pause longer. */
#define LOOK_BACK 8

struct walk {
    struct fc_reader *reader;
    const struct fc_jobs *jobs;
    const struct fc_known_tables *before;
    struct fc_known_tables now;
    size_t known_room, want_room;
    struct fc_arena *arena, *scratch;
    struct fc_reconcile_look *look;
};

static fc_rc out_of_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to look at the streams");
}

static int compare_known(const void *a, const void *b)
{
    int64_t left = ((const struct fc_known_table *)a)->id;
    int64_t right = ((const struct fc_known_table *)b)->id;

    return left < right ? -1 : left > right;
}

static const struct fc_known_table *find_known(const struct fc_known_tables *known,
                                               const struct fc_table_row *row)
{
    const struct fc_known_table key = {.id = row->id};
    const struct fc_known_table *found =
        known->count == 0 ? NULL
                          : bsearch(&key, known->tables, known->count, sizeof key, compare_known);

    return found && found->revision == row->revision ? found : NULL;
}

static fc_rc find_hash(struct walk *walk, const struct fc_table_row *row,
                       struct fc_known_table *ret, struct fc_error *err)
{
    struct fc_entity_type *entities = NULL;

    fc_arena_reset(walk->scratch);
    const char *project = fc_arena_strndup(walk->scratch, row->project.ptr, row->project.len);
    const Feast__Core__FeatureTableSpec *spec = feast__core__feature_table_spec__unpack(
        fc_arena_allocator(walk->scratch), row->spec.len, (const uint8_t *)row->spec.ptr);
    if (!spec || !project)
        return out_of_memory(err);
    ret->streams = fc_stream_has_source(spec);
    if (!ret->streams)
        return FC_OK;
    fc_rc rc = fc_table_entities(walk->reader, project, spec, walk->scratch, &entities, err);
    return rc == FC_OK ? fc_job_hash(walk->scratch, project, spec, entities, spec->n_entities,
                                     spec->stream_source, ret->hash, err)
                       : rc;
}

/* A table whose hash cannot be had is one of which nothing is known, and no reason to give up the others. */
static struct fc_known_table judge(struct walk *walk, const struct fc_table_row *row)
{
    const struct fc_known_table *before = find_known(walk->before, row);
    struct fc_known_table known = {.id = row->id, .revision = row->revision, .streams = true};
    struct fc_error err = FC_ERROR_INIT;

    if (before && (!before->streams || before->hash[0] != '\0'))
        return *before;
    if (find_hash(walk, row, &known, &err) != FC_OK) {
        known.streams = true;
        known.hash[0] = '\0';
        walk->look->broken++;
        fc_log(FC_LOG_WARN, "stream_not_judged",
               FC_LOG_STR("project",
                          fc_arena_strndup(walk->arena, row->project.ptr, row->project.len)),
               FC_LOG_STR("table", fc_arena_strndup(walk->arena, row->name.ptr, row->name.len)),
               FC_LOG_ERR(&err));
    }
    return known;
}

static fc_rc keep_known(struct walk *walk, const struct fc_known_table *known, struct fc_error *err)
{
    struct fc_known_tables *now = &walk->now;

    if (now->count == walk->known_room) {
        size_t room = walk->known_room == 0 ? 64 : 2 * walk->known_room;
        struct fc_known_table *tables = reallocarray(now->tables, room, sizeof *tables);
        if (!tables)
            return out_of_memory(err);
        now->tables = tables;
        walk->known_room = room;
    }
    now->tables[now->count++] = *known;
    return FC_OK;
}

/* Grows an array of the arena by the double. */
static void *room_for(struct fc_arena *arena, void *items, size_t size, size_t count, size_t *room)
{
    if (count < *room)
        return items;
    size_t more = *room == 0 ? 64 : 2 * *room;
    void *grown = fc_arena_calloc(arena, more, size);
    if (grown && count > 0)
        memcpy(grown, items, count * size);
    *room = more;
    return grown;
}

static fc_rc add_want(struct walk *walk, const struct fc_table_row *row,
                      const struct fc_known_table *known, struct fc_error *err)
{
    struct fc_reconcile_look *look = walk->look;

    look->wants =
        room_for(walk->arena, look->wants, sizeof *look->wants, look->want_count, &walk->want_room);
    const char *project = fc_arena_strndup(walk->arena, row->project.ptr, row->project.len);
    const char *table = fc_arena_strndup(walk->arena, row->name.ptr, row->name.len);
    const char *hash = fc_arena_strdup(walk->arena, known->hash);
    if (!look->wants || !project || !table || !hash)
        return out_of_memory(err);
    look->wants[look->want_count++] = (struct fc_stream_want){
        .project = project, .table = table, .hash = hash[0] != '\0' ? hash : NULL};
    return FC_OK;
}

static bool is_allowed(const struct walk *walk, fc_str project)
{
    char name[300];

    if (project.len >= sizeof name)
        return false;
    memcpy(name, project.ptr, project.len);
    name[project.len] = '\0';
    return fc_jobs_stream_allowed(walk->jobs, name);
}

static fc_rc see_table(void *ctx, const struct fc_table_row *row, struct fc_error *err)
{
    struct walk *walk = ctx;
    const struct fc_known_table known = judge(walk, row);
    fc_rc rc = keep_known(walk, &known, err);

    return rc == FC_OK && known.streams && is_allowed(walk, row->project)
               ? add_want(walk, row, &known, err)
               : rc;
}

static fc_rc look_at_tables(struct fc_reader *reader, const struct fc_jobs *jobs,
                            struct fc_known_tables *known, struct fc_arena *arena,
                            struct fc_reconcile_look *look, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *scratch = fc_arena_new(TABLE_BYTES);
    struct walk walk = {.reader = reader,
                        .jobs = jobs,
                        .before = known,
                        .arena = arena,
                        .scratch = scratch,
                        .look = look};

    fc_rc rc = !scratch ? out_of_memory(err)
                        : fc_table_each_after(reader, (struct fc_list_after){0}, true, see_table,
                                              &walk, err);
    if (rc != FC_OK) {
        free(walk.now.tables);
        return rc;
    }
    free(known->tables);
    *known = walk.now;
    if (known->count > 0)
        qsort(known->tables, known->count, sizeof *known->tables, compare_known);
    return FC_OK;
}

static int compare_halt(const void *a, const void *b)
{
    const struct fc_stream_halt *left = a, *right = b;
    int order = fc_str_cmp(left->project, right->project);

    return order != 0 ? order : fc_str_cmp(left->table_name, right->table_name);
}

static fc_rc mark_halted(struct fc_reader *reader, struct fc_arena *arena,
                         struct fc_reconcile_look *look, struct fc_error *err)
{
    struct fc_stream_halt *halts = NULL;
    size_t count = 0;
    fc_rc rc = fc_stream_halt_list(reader, arena, &halts, &count, err);

    for (size_t i = 0; rc == FC_OK && count > 0 && i < look->want_count; i++) {
        struct fc_stream_want *want = &look->wants[i];
        const struct fc_stream_halt key = {.project = fc_str_from(want->project),
                                           .table_name = fc_str_from(want->table)};
        const struct fc_stream_halt *halt = bsearch(&key, halts, count, sizeof key, compare_halt);
        want->halted = halt && want->hash && fc_str_eq(halt->hash, fc_str_from(want->hash));
    }
    return rc;
}

/* Strings of rows are in the arena, but end without a NUL. */
static const char *text(struct fc_arena *arena, fc_str str)
{
    const char *copy = fc_arena_strndup(arena, str.ptr, str.len);

    return copy ? copy : "";
}

static void add_have(struct fc_arena *arena, const struct fc_job_row *row, unsigned failures,
                     struct fc_reconcile_look *look)
{
    look->ids[look->have_count] = text(arena, row->id);
    look->haves[look->have_count++] = (struct fc_stream_have){.project = text(arena, row->project),
                                                              .table = text(arena, row->table_name),
                                                              .hash = text(arena, row->hash),
                                                              .state = row->state,
                                                              .ended_ns = row->ended_ns,
                                                              .failures = failures};
}

/* For so many haves more. */
static fc_rc make_room(struct fc_arena *arena, size_t more, struct fc_reconcile_look *look,
                       struct fc_error *err)
{
    size_t room = look->have_count + more;
    struct fc_stream_have *haves = fc_arena_calloc(arena, room, sizeof *haves);
    const char **ids = fc_arena_calloc(arena, room, sizeof *ids);

    if (!haves || !ids)
        return out_of_memory(err);
    if (look->have_count > 0) {
        memcpy(haves, look->haves, look->have_count * sizeof *haves);
        memcpy(ids, look->ids, look->have_count * sizeof *ids);
    }
    look->haves = haves;
    look->ids = ids;
    return FC_OK;
}

static fc_rc look_at_jobs(struct fc_reader *reader, struct fc_arena *arena,
                          struct fc_reconcile_look *look, struct fc_error *err)
{
    const struct fc_job_filter active = {.brief = true};
    struct fc_job_row *rows = NULL;
    size_t count = 0;
    fc_rc rc = fc_job_list(reader, &active, arena, &rows, &count, err);

    if (rc != FC_OK)
        return rc;
    rc = make_room(arena, count, look, err);
    if (rc != FC_OK)
        return rc;
    for (size_t i = 0; i < count; i++)
        if (rows[i].type == FC_JOB_STREAM_INGESTION)
            add_have(arena, &rows[i], 0, look);
    return fc_arena_exhausted(arena) ? out_of_memory(err) : FC_OK;
}

fc_rc fc_reconcile_look(struct fc_reader *reader, const struct fc_jobs *jobs,
                        struct fc_known_tables *known, struct fc_arena *arena,
                        struct fc_reconcile_look *ret, struct fc_error *err)
{
    *ret = (struct fc_reconcile_look){0};
    /* Jobs first: one that begins between the looks, for a table that changes there, is not taken for an old one. */
    fc_rc rc = look_at_jobs(reader, arena, ret, err);
    if (rc == FC_OK)
        rc = look_at_tables(reader, jobs, known, arena, ret, err);
    return rc == FC_OK ? mark_halted(reader, arena, ret, err) : rc;
}

fc_rc fc_reconcile_look_back(struct fc_reader *reader, const size_t *wants, size_t count,
                             struct fc_arena *arena, struct fc_reconcile_look *look,
                             struct fc_error *err)
{
    fc_rc rc = make_room(arena, count, look, err);

    for (size_t i = 0; rc == FC_OK && i < count; i++) {
        const struct fc_stream_want *want = &look->wants[wants[i]];
        struct fc_job_row *rows = NULL;
        size_t found = 0;
        unsigned failures = 0;
        rc = fc_stream_job_last(reader, fc_str_from(want->project), fc_str_from(want->table),
                                LOOK_BACK, arena, &rows, &found, err);
        while (failures < found && rows[failures].state == FC_JOB_ERROR &&
               fc_str_eq(rows[failures].hash, fc_str_from(want->hash)))
            failures++;
        if (failures > 0)
            add_have(arena, &rows[0], failures, look);
    }
    return rc == FC_OK && fc_arena_exhausted(arena) ? out_of_memory(err) : rc;
}

static const char *why_of_table(const struct fc_table_row *row, struct fc_arena *arena)
{
    if (row->id == 0 || row->deleted)
        return "its feature table was deleted";
    const Feast__Core__FeatureTableSpec *spec = feast__core__feature_table_spec__unpack(
        fc_arena_allocator(arena), row->spec.len, (const uint8_t *)row->spec.ptr);
    return spec && !fc_stream_has_source(spec)
               ? "its feature table has no stream source any more"
               : "its feature table has changed: another job goes on in its place";
}

const char *fc_reconcile_why(struct fc_reader *reader, const struct fc_jobs *jobs,
                             const struct fc_stream_have *have, struct fc_arena *arena)
{
    struct fc_project_row project = {.id = 0};
    struct fc_table_row table = {.id = 0};
    struct fc_error err = FC_ERROR_INIT;

    if (!fc_jobs_stream_allowed(jobs, have->project))
        return "streams of its project are not allowed: it is not among stream.projects";
    if (fc_project_find(reader, fc_str_from(have->project), arena, &project, &err) == FC_OK &&
        project.id != 0 && project.archived)
        return "its project was archived";
    if (fc_table_find(reader, fc_str_from(have->project), fc_str_from(have->table), arena, &table,
                      &err) != FC_OK)
        return "its feature table does not ask for it any more";
    return why_of_table(&table, arena);
}
