/* SPDX-License-Identifier: Apache-2.0 */
/* A batch that ends in the middle and goes on: the store, the account and the dead letters are those of one run. */
#include "tests/unit/harness.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "storage/online/sqlite.h"
#include "tests/support/parquet.h"
#include "tests/support/scratch.h"
#include "tests/support/specs.h"
#include "worker/tasks/batch_place.h"
#include "worker/tasks/ingest_batch.h"

#define ROWS 40000
/* Its name is part of each key: rows are large, and slices have few of them. */
#define PROJECT_SIZE 400

struct fixture {
    struct test_scratch scratch;
    struct fc_arena *arena;
    Feast__Worker__V1__Ingest *order;
    Feast__Worker__V1__Receipt *receipt;
    Feast__Worker__V1__Progress *last; /* that told a place */
    int places, stop_after;            /* places told; end the work at this one, 0 for never */
    struct fc_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    test_scratch_init(&f->scratch);
    f->arena = fc_arena_new((size_t)64 << 20);
    f->order = test_ingest(f->arena, test_table(f->arena));
    f->order->project = fc_arena_alloc(f->arena, PROJECT_SIZE + 1);
    memset(f->order->project, 'p', PROJECT_SIZE);
    f->order->project[PROJECT_SIZE] = '\0';
    f->order->spec->batch_source = test_source_at(f->arena, test_path(&f->scratch, "source"));
    f->order->memory_limit_bytes = UINT64_C(8) << 20; /* slices of 4 MiB */
    f->order->spec_revision = 7;
    assert_int_equal(fc_mkdirs(test_path(&f->scratch, "source"), 0755), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_arena_free(f->arena);
    test_scratch_done(&f->scratch);
    free(f);
    return 0;
}

/* Keys that come back in the other file, newer and older ones, and every hundredth row without an entity. */
static void source(struct fixture *f, int file, int changed)
{
    const char *sql = fc_arena_printf(f->arena,
                                      "SELECT CASE WHEN range %% 100 = 99 THEN NULL ELSE (range * "
                                      "7 + %d) %% 30000 END::BIGINT AS driver_id,"
                                      " range::INTEGER AS trips, (%d + %d)::FLOAT AS rating, "
                                      "TIMESTAMPTZ '2021-01-01 00:00:00+00' + "
                                      "INTERVAL (hash(range) %% 1000) SECOND AS ts FROM range(%d)",
                                      file, file, changed, ROWS / 2);

    test_parquet(test_path(&f->scratch, "source/%d.parquet", file), sql, 2048);
}

static fc_rc take_progress(void *ctx, const Feast__Worker__V1__Progress *progress,
                           struct fc_error *err)
{
    struct fixture *f = ctx;
    uint8_t *bytes;

    if (progress->n_positions == 0)
        return FC_OK;
    size_t size = feast__worker__v1__progress__get_packed_size(progress);
    bytes = fc_arena_alloc(f->arena, size);
    assert_non_null(bytes);
    feast__worker__v1__progress__pack(progress, bytes);
    bool same = f->last && f->last->n_positions > 0 &&
                strcmp(f->last->positions[0]->part, progress->positions[0]->part) == 0 &&
                strcmp(f->last->positions[0]->offset, progress->positions[0]->offset) == 0;
    f->last = feast__worker__v1__progress__unpack(fc_arena_allocator(f->arena), size, bytes);
    f->places += !same;
    return f->stop_after > 0 && f->places >= f->stop_after
               ? fc_fail(err, FC_REASON_CANCELLED, "the worker was killed")
               : FC_OK;
}

/* One attempt, into the store and the dead letters of this name. */
static fc_rc attempt(struct fixture *f, const char *name, Feast__Worker__V1__Progress *from,
                     int stop_after)
{
    const struct fc_duck_options options = {.memory_limit = UINT64_C(256) << 20, .threads = 2};
    FC_CLEANUP(fc_duck_closep) struct fc_duck *duck = NULL;

    f->err = (struct fc_error)FC_ERROR_INIT;
    f->order->sqlite->path =
        fc_arena_strdup(f->arena, test_path(&f->scratch, "online/%s.db", name));
    f->order->dead_letter_path =
        fc_arena_strdup(f->arena, test_path(&f->scratch, "%s.jsonl", name));
    f->order->from = from;
    f->last = from;
    f->places = 0;
    f->stop_after = stop_after;
    assert_int_equal(fc_duck_open(&options, &duck, &f->err), FC_OK);
    const struct fc_ingest task = {.order = f->order,
                                   .duck = duck,
                                   .sys = fc_sys_real(),
                                   .progress = take_progress,
                                   .progress_ctx = f};
    return fc_ingest_run(&task, f->arena, &f->receipt, &f->err);
}

/* A number for all rows of a store. */
static int64_t contents(struct fixture *f, const char *name)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t sum = 17;

    assert_int_equal(sqlite3_open_v2(test_path(&f->scratch, "online/%s.db", name), &db,
                                     SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT checksum, event_s, event_ns FROM feature_row "
                                        "ORDER BY key",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        uint64_t next = (uint64_t)sum * 1099511628211u;
        for (int i = 0; i < 3; i++)
            next = (next ^ (uint64_t)sqlite3_column_int64(stmt, i)) * 1099511628211u;
        sum = (int64_t)next;
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return sum;
}

static void same_letters(struct fixture *f, const char *name)
{
    char *whole = test_read(test_path(&f->scratch, "whole.jsonl"));
    char *other = test_read(test_path(&f->scratch, "%s.jsonl", name));

    assert_string_equal(whole, other);
    free(whole);
    free(other);
}

static uint64_t others(const Feast__Worker__V1__Receipt *receipt)
{
    return receipt->rows_written + receipt->rows_late + receipt->rows_superseded;
}

static int undisturbed(struct fixture *f)
{
    source(f, 1, 0);
    source(f, 2, 0);
    if (attempt(f, "whole", NULL, 0) != FC_OK)
        fail_msg("%s", f->err.message);
    assert_int_equal(f->receipt->rows_read, ROWS);
    assert_int_equal(f->receipt->rows_rejected, ROWS / 100);
    assert_int_equal(f->receipt->spec_revision, 7);
    assert_non_null(strstr(f->receipt->source_version, "1.parquet"));
    assert_non_null(strstr(f->receipt->source_version, "2.parquet"));
    return f->places;
}

static void it_goes_on_from_every_place(void **state)
{
    struct fixture *f = *state;
    int places = undisturbed(f);
    Feast__Worker__V1__Receipt whole = *f->receipt;

    assert_true(places >= 3);
    for (int stop = 1; stop <= places; stop++) {
        const char *name = fc_arena_printf(f->arena, "stopped%d", stop);
        assert_int_equal(attempt(f, name, NULL, stop), FC_CANCELLED);
        uint64_t behind = f->last->receipt->rows_read;
        assert_true(behind > 0 && behind < ROWS);
        assert_int_equal(f->last->receipt->rows_read,
                         f->last->receipt->rows_rejected + others(f->last->receipt));
        if (attempt(f, name, f->last, 0) != FC_OK)
            fail_msg("%s", f->err.message);
        assert_int_equal(f->places, places - stop);
        assert_int_equal(f->receipt->rows_read, ROWS);
        assert_int_equal(f->receipt->rows_rejected, whole.rows_rejected);
        assert_int_equal(others(f->receipt), others(&whole));
        assert_int_equal(f->receipt->n_rejections, whole.n_rejections);
        assert_int_equal(f->receipt->rejections[0]->count, whole.rejections[0]->count);
        assert_string_equal(f->receipt->rejections[0]->first_value,
                            whole.rejections[0]->first_value);
        assert_int_equal(contents(f, name), contents(f, "whole"));
        same_letters(f, name);
    }
}

/* One place an attempt: it comes to an end all the same. */
static void attempt_after_attempt(void **state)
{
    struct fixture *f = *state;
    int places = undisturbed(f), attempts = 1;

    fc_rc rc = attempt(f, "often", NULL, 1);
    while (rc == FC_CANCELLED && attempts++ <= places)
        rc = attempt(f, "often", f->last, 1);
    assert_int_equal(rc, FC_OK);
    assert_int_equal(attempts, places + 1);
    assert_int_equal(f->receipt->rows_read, ROWS);
    assert_int_equal(contents(f, "often"), contents(f, "whole"));
    same_letters(f, "often");
}

static void from_the_beginning(struct fixture *f, const char *name,
                               Feast__Worker__V1__Progress *from)
{
    if (attempt(f, name, from, 0) != FC_OK)
        fail_msg("%s", f->err.message);
    assert_int_equal(f->receipt->rows_read, ROWS);
    assert_int_equal(f->receipt->rows_rejected, ROWS / 100);
    assert_true(f->places >= 3);
}

static void what_changed_is_read_again(void **state)
{
    struct fixture *f = *state;

    (void)undisturbed(f);
    assert_int_equal(attempt(f, "letters", NULL, 2), FC_CANCELLED);
    Feast__Worker__V1__Progress *place = f->last;
    assert_true(place->dead_letter_bytes > 0);
    /* Its dead letters are gone. */
    assert_int_equal(truncate(test_path(&f->scratch, "letters.jsonl"), 0), 0);
    from_the_beginning(f, "letters", place);
    same_letters(f, "letters");
    /* Another revision of the table. */
    assert_int_equal(attempt(f, "revision", NULL, 2), FC_CANCELLED);
    f->order->spec_revision = 8;
    from_the_beginning(f, "revision", f->last);
    assert_int_equal(f->receipt->spec_revision, 8);
    /* Another source. */
    assert_int_equal(attempt(f, "changed", NULL, 2), FC_CANCELLED);
    place = f->last;
    source(f, 1, 1);
    from_the_beginning(f, "changed", place);
    assert_string_not_equal(f->receipt->source_version, place->receipt->source_version);
}

static void places_that_are_none(void **state)
{
    static const char *const offsets[] = {"", "x", "-1", "1 ", "99999999999999999999"};
    struct fixture *f = *state;

    (void)undisturbed(f);
    assert_int_equal(attempt(f, "odd", NULL, 1), FC_CANCELLED);
    Feast__Worker__V1__Progress *place = f->last;
    for (size_t i = 0; i < FC_ARRAY_LEN(offsets); i++) {
        place->positions[0]->offset = (char *)(uintptr_t)offsets[i];
        from_the_beginning(f, "odd", place);
    }
    place->positions[0]->offset = (char *)(uintptr_t) "0";
    place->n_positions = 0;
    from_the_beginning(f, "odd", place);
    assert_int_equal(contents(f, "odd"), contents(f, "whole"));
}

/* Every progress of a second attempt tells the pace of that attempt, and none goes back. */
static fc_rc look_at_pace(void *ctx, const Feast__Worker__V1__Progress *progress,
                          struct fc_error *err)
{
    Feast__Worker__V1__Progress *before = ctx;

    (void)err;
    assert_true(progress->rows_read >= before->rows_read);
    assert_true(progress->rows_written >= before->rows_written);
    assert_true(progress->bytes_read >= before->bytes_read);
    assert_true(progress->rows_per_second >= 0);
    assert_true(progress->percent < 0 || progress->percent <= 100.001);
    if (strcmp(progress->phase, "done") == 0) {
        assert_true(progress->rows_per_second > 0);
        assert_true(progress->seconds_left >= 0 && progress->seconds_left < 0.001);
    }
    before->rows_read = progress->rows_read;
    before->rows_written = progress->rows_written;
    before->bytes_read = progress->bytes_read;
    return FC_OK;
}

static void pace_is_told(void **state)
{
    const struct fc_duck_options options = {.memory_limit = UINT64_C(256) << 20, .threads = 2};
    struct fixture *f = *state;
    struct fc_duck *duck = NULL;

    (void)undisturbed(f);
    assert_int_equal(attempt(f, "pace", NULL, 2), FC_CANCELLED);
    Feast__Worker__V1__Progress before = *f->last;
    before.rows_written = 0; /* with rows that it overwrote itself */
    f->order->from = f->last;
    assert_int_equal(fc_duck_open(&options, &duck, &f->err), FC_OK);
    const struct fc_ingest task = {.order = f->order,
                                   .duck = duck,
                                   .sys = fc_sys_real(),
                                   .progress = look_at_pace,
                                   .progress_ctx = &before};
    assert_int_equal(fc_ingest_run(&task, f->arena, &f->receipt, &f->err), FC_OK);
    fc_duck_close(duck);
    assert_int_equal(before.rows_read, ROWS);
}

/* The registry refuses messages with text that is no UTF-8: the place of such a file must not be in one. */
static void a_name_that_is_no_utf8_is_not_told(void **state FC_UNUSED)
{
    struct fc_batch_place place = {.scan = {.path = "/data/caf\xe9.parquet", .row = 7}};
    Feast__Worker__V1__Progress progress = FEAST__WORKER__V1__PROGRESS__INIT;

    fc_batch_place_tell(&place, &progress);
    assert_int_equal(progress.n_positions, 0);
    place.scan.path = "/data/caf\xc3\xa9.parquet";
    fc_batch_place_tell(&place, &progress);
    assert_int_equal(progress.n_positions, 1);
    assert_string_equal(progress.positions[0]->offset, "7");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static const struct CMUnitTest cases[] = {
    CASE(it_goes_on_from_every_place),
    CASE(attempt_after_attempt),
    CASE(what_changed_is_read_again),
    CASE(places_that_are_none),
    CASE(pace_is_told),
    cmocka_unit_test(a_name_that_is_no_utf8_is_not_told),
};

FC_TEST_MAIN_GROUP(cases, NULL, test_parquet_done)
