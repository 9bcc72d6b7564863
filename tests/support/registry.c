/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/registry.h"

#include <stdio.h>
#include <stdlib.h>

#include "feast/core/Entity.pb-c.h"
#include "server/registry/encode.h"
#include "server/registry/hash.h"

#define NOW_S 1600000000

struct change {
    struct fc_arena *arena;
    const char *project, *name;
    int32_t value_type;
    const Feast__Core__FeatureTableSpec *spec;
    bool gone;
};

static void must(fc_rc rc, const struct fc_error *err)
{
    if (rc != FC_OK) {
        (void)fprintf(stderr, "test support: %s\n", err->message);
        abort();
    }
}

static void must_be(bool true_)
{
    if (!true_) {
        (void)fprintf(stderr, "test support: the arena is exhausted\n");
        abort();
    }
}

struct fc_store *test_store_open(const char *dir)
{
    const struct fc_store_options options = {.data_dir = dir};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_store *store = NULL;

    must(fc_store_open(&options, &store, &err), &err);
    return store;
}

static int64_t project_id(struct fc_txn *txn, const struct change *change, struct fc_error *err)
{
    struct fc_project_row row = {.id = 0};
    fc_str name = fc_str_from(change->project);

    must(fc_project_find(fc_txn_reader(txn), name, change->arena, &row, err), err);
    if (row.id == 0)
        must(fc_project_insert(txn, name, &row.id, err), err);
    return row.id;
}

static fc_rc put_entity(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    const struct change *change = ctx;
    Feast__Core__EntitySpecV2 spec = FEAST__CORE__ENTITY_SPEC_V2__INIT;
    struct fc_entity_row row = {.name = fc_str_from(change->name),
                                .value_type = change->value_type,
                                .created_s = NOW_S,
                                .updated_s = NOW_S};

    spec.name = (char *)change->name;
    spec.value_type = (Feast__Types__ValueType__Enum)change->value_type;
    must_be(fc_encode(change->arena, &spec.base, &row.spec) &&
            fc_encode_entity(change->arena, row.spec, NOW_S, NOW_S, &row.reply));
    return fc_entity_put(txn, project_id(txn, change, err), &row, err);
}

static fc_rc put_table(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    const struct change *change = ctx;
    char hash[FC_TABLE_HASH_SIZE];
    struct fc_table_row row = {.id = 0};

    must(fc_table_find(fc_txn_reader(txn), fc_str_from(change->project), fc_str_from(change->name),
                       change->arena, &row, err),
         err);
    row.revision = row.id == 0 ? 0 : row.revision + 1;
    row.name = fc_str_from(change->name);
    row.project = fc_str_from(change->project);
    row.deleted = change->gone;
    row.mode = FC_STR("off");
    row.created_s = row.updated_s = NOW_S;
    if (change->spec) {
        const struct fc_table_meta meta = {NOW_S, NOW_S, row.revision, hash};
        must_be(fc_table_hash(change->arena, change->spec, hash));
        row.hash = fc_str_from(hash);
        must_be(fc_encode(change->arena, &change->spec->base, &row.spec) &&
                fc_encode_table(change->arena, row.spec, &meta, &row.reply));
    }
    return fc_table_put(txn, project_id(txn, change, err), &row, err);
}

static fc_rc archive(struct fc_txn *txn, void *ctx, struct fc_error *err)
{
    return fc_project_set_archived(txn, project_id(txn, ctx, err), true, err);
}

static void run(struct fc_store *store, fc_txn_fn fn, struct change change)
{
    struct fc_error err = FC_ERROR_INIT;

    change.arena = fc_arena_new((size_t)16 * 1024 * 1024);
    must(fc_store_run(store, fn, &change, &err), &err);
    fc_arena_free(change.arena);
}

void test_put_entity(struct fc_store *store, const char *project, const char *name,
                     int32_t value_type)
{
    run(store, put_entity,
        (struct change){.project = project, .name = name, .value_type = value_type});
}

void test_put_table(struct fc_store *store, const char *project,
                    const Feast__Core__FeatureTableSpec *spec)
{
    run(store, put_table, (struct change){.project = project, .name = spec->name, .spec = spec});
}

void test_delete_table(struct fc_store *store, const char *project, const char *name)
{
    run(store, put_table, (struct change){.project = project, .name = name, .gone = true});
}

void test_archive_project(struct fc_store *store, const char *project)
{
    run(store, archive, (struct change){.project = project});
}
