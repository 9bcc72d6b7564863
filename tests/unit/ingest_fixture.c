/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ingest_fixture.h"

#include <stdlib.h>

#include "storage/online/key.h"

int ingest_setup(void **state)
{
    struct ingest_fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    test_scratch_init(&f->scratch);
    f->arena = fc_arena_new((size_t)64 << 20);
    f->spec = test_table(f->arena);
    f->spec->batch_source = test_source_at(f->arena, test_path(&f->scratch, "t.parquet"));
    google__protobuf__timestamp__init(&f->start);
    google__protobuf__timestamp__init(&f->end);
    f->order = test_ingest(f->arena, f->spec);
    f->order->sqlite->path =
        fc_arena_strdup(f->arena, test_path(&f->scratch, "online/default/t.db"));
    f->order->dead_letter_path = fc_arena_strdup(f->arena, test_path(&f->scratch, "dead.jsonl"));
    f->order->memory_limit_bytes = UINT64_C(256) << 20;
    f->order->threads = 2;
    *state = f;
    return 0;
}

int ingest_teardown(void **state)
{
    struct ingest_fixture *f = *state;

    fc_arena_free(f->arena);
    test_scratch_done(&f->scratch);
    free(f);
    return 0;
}

static fc_rc take_progress(void *ctx, const Feast__Worker__V1__Progress *progress,
                           struct fc_error *err)
{
    struct ingest_fixture *f = ctx;

    (void)err;
    assert_true(progress->rows_read >= f->last.rows_read);
    assert_true(progress->rows_written >= f->last.rows_written);
    assert_true(progress->bytes_read >= f->last.bytes_read);
    f->last = *progress;
    f->progresses++;
    return FC_OK;
}

fc_rc ingest(struct ingest_fixture *f)
{
    const struct fc_duck_options options = {.memory_limit = UINT64_C(256) << 20, .threads = 2};
    FC_CLEANUP(fc_duck_closep) struct fc_duck *duck = NULL;

    f->err = (struct fc_error)FC_ERROR_INIT;
    memset(&f->last, 0, sizeof(f->last));
    f->progresses = 0;
    assert_int_equal(fc_duck_open(&options, &duck, &f->err), FC_OK);
    const struct fc_ingest task = {.order = f->order,
                                   .duck = duck,
                                   .sys = fc_sys_real(),
                                   .progress = take_progress,
                                   .progress_ctx = f};
    fc_rc rc = fc_ingest_run(&task, f->arena, &f->receipt, &f->err);
    if (rc == FC_OK)
        assert_true(f->receipt->rows_read == f->receipt->rows_written + f->receipt->rows_rejected +
                                                 f->receipt->rows_late +
                                                 f->receipt->rows_superseded);
    return rc;
}

void ingest_ok(struct ingest_fixture *f)
{
    if (ingest(f) != FC_OK)
        fail_msg("%s", f->err.message);
}

void ingest_source(struct ingest_fixture *f, const char *select)
{
    test_parquet(test_path(&f->scratch, "t.parquet"), select, 2048);
}

void ingest_counts(const struct ingest_fixture *f, uint64_t read, uint64_t written,
                   uint64_t rejected, uint64_t late, uint64_t superseded)
{
    assert_int_equal(f->receipt->rows_read, read);
    assert_int_equal(f->receipt->rows_written, written);
    assert_int_equal(f->receipt->rows_rejected, rejected);
    assert_int_equal(f->receipt->rows_late, late);
    assert_int_equal(f->receipt->rows_superseded, superseded);
}

Feast__Storage__OnlineRow *ingest_stored(struct ingest_fixture *f, int64_t driver,
                                         struct fc_online_row *ret)
{
    Feast__Types__Value value = FEAST__TYPES__VALUE__INIT;
    struct fc_online_entity entity = {.name = "driver_id", .value = &value};
    struct fc_online_reader *reader = NULL;
    struct fc_error err = FC_ERROR_INIT;
    bool found = false;
    fc_str key;

    value.val_case = FEAST__TYPES__VALUE__VAL_INT64_VAL;
    value.int64_val = driver;
    assert_int_equal(fc_online_key_encode("default", &entity, 1, f->arena, &key, &err), FC_OK);
    assert_int_equal(fc_online_reader_open(f->order->sqlite->path, &reader, &err), FC_OK);
    assert_int_equal(fc_online_reader_get(reader, key, f->arena, ret, &found, &err), FC_OK);
    fc_online_reader_close(reader);
    if (!found)
        return NULL;
    Feast__Storage__OnlineRow *row = feast__storage__online_row__unpack(
        fc_arena_allocator(f->arena), ret->features.len, (const uint8_t *)ret->features.ptr);
    assert_non_null(row);
    return row;
}

int64_t ingest_trips(struct ingest_fixture *f, int64_t driver)
{
    struct fc_online_row times;
    const Feast__Storage__OnlineRow *row = ingest_stored(f, driver, &times);

    if (!row)
        return -2;
    for (size_t i = 0; i < row->n_features; i++)
        if (strcmp(row->features[i]->name, "trips") == 0)
            return row->features[i]->value->int32_val;
    return -1;
}
