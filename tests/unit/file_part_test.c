/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of files: from a place on, row groups that are not read, files that do not stay what they are. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/file_source_fixture.h"
#include "worker/sources/parquet_layout.h"

#define NEW_YEAR INT64_C(1609459200) /* 2021-01-01T00:00:00Z */
#define AT(s)                                                                                      \
    {                                                                                              \
        .seconds = NEW_YEAR + (s), .set = true                                                     \
    }

/* A layout's chunk is so much larger than it says itself, for the sake of old writers. */
#define SPARE 128

static const char *const columns[] = {"id", "ts"};

static const char *path_of(struct file_source *f, const char *name)
{
    return fc_arena_strdup(f->arena, test_path(&f->scratch, "%s", name));
}

/* Rows from..to-1, one a second from new year 2021, in row groups of 2048. */
static void seconds(struct file_source *f, const char *name, unsigned from, unsigned to)
{
    const char *sql = fc_arena_printf(f->arena,
                                      "SELECT range::BIGINT AS id, TIMESTAMPTZ '2021-01-01 "
                                      "00:00:00+00' + INTERVAL (range) SECOND AS ts "
                                      "FROM range(%u, %u)",
                                      from, to);

    test_parquet(path_of(f, name), sql, 2048);
}

static void dir(struct file_source *f, const char *name)
{
    assert_int_equal(fc_mkdirs(path_of(f, name), 0755), 0);
}

/* What one scan gives. */
struct scanned {
    struct file_rows rows;
    struct fc_scan_progress progress;
    fc_rc rc;
};

static struct scanned *scan(struct file_source *f, const char *name, struct fc_scan_request request)
{
    struct scanned *out = calloc(1, sizeof *out);

    request.columns = columns;
    request.count = 2;
    request.event = 1;
    out->rc = file_source_open(f, path_of(f, name));
    if (out->rc == FC_OK)
        out->rc =
            OPS->scan(f->source, &request, file_rows_take, &out->rows, &out->progress, &f->err);
    return out;
}

static struct scanned *scan_ok(struct file_source *f, const char *name,
                               struct fc_scan_request request)
{
    struct scanned *out = scan(f, name, request);

    if (out->rc != FC_OK)
        fail_msg("%s", f->err.message);
    return out;
}

/* Every place between two rows of two files: the first half of a scan and the second one are the whole. */
static void a_scan_goes_on_from_a_place(void **state)
{
    static const struct {
        const char *path;
        int64_t row, first, passed;
    } places[] = {{"d/a.parquet", 0, 0, 0},          {"d/a.parquet", 1, 1, 1},
                  {"d/a.parquet", 4096, 4096, 4096}, {"d/a.parquet", 5000, 5000, 5000},
                  {"d/a.parquet", 7000, 7000, 7000}, {"d/b.parquet", 0, 7000, 7000},
                  {"d/b.parquet", 2047, 9047, 9047}, {"d/b.parquet", 3000, 10000, 10000}};
    struct file_source *f = *state;

    dir(f, "d");
    seconds(f, "d/a.parquet", 0, 7000);
    seconds(f, "d/b.parquet", 7000, 10000);
    struct scanned *whole = scan_ok(f, "d", (struct fc_scan_request){0});
    assert_int_equal(whole->progress.rows_passed, 10000);
    for (size_t i = 0; i < FC_ARRAY_LEN(places); i++) {
        struct fc_scan_request request = {0};
        request.from.path = path_of(f, places[i].path);
        request.from.row = places[i].row;
        request.from.progress.rows_passed = places[i].passed;
        request.from.progress.bytes_read = 1;
        struct scanned *rest = scan_ok(f, "d", request);
        assert_int_equal(rest->rows.count, 10000 - places[i].first);
        for (size_t row = 0; row < rest->rows.count; row++)
            assert_int_equal(rest->rows.values[row], places[i].first + (int64_t)row);
        assert_int_equal(rest->progress.rows_passed, 10000);
        assert_true(rest->progress.bytes_read <= whole->progress.bytes_read + 1);
        free(rest);
    }
    struct fc_scan_request request = {.from = {.path = "/elsewhere"}};
    struct scanned *none = scan(f, "d", request);
    assert_int_equal(none->rc, FC_INVALID_ARGUMENT);
    assert_non_null(strstr(f->err.message, "/elsewhere"));
    free(none);
    free(whole);
}

/* Bytes that are no Parquet at all: whoever reads them fails. */
static void spoil(struct file_source *f, const char *path, int64_t first, int64_t end)
{
    int fd = open(path_of(f, path), O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    for (int64_t at = first; at < end; at++)
        assert_int_equal(pwrite(fd, "x", 1, at), 1);
    close(fd);
}

/* Ten row groups in the order of time, nine of which are spoilt: a span within the other one does not touch them. */
static void other_row_groups_are_not_read(void **state)
{
    struct file_source *f = *state;
    struct fc_parquet_layout layout;

    seconds(f, "s.parquet", 0, 20000);
    const char *path = path_of(f, "s.parquet");
    assert_int_equal(fc_parquet_layout_of(path, path, columns, 2, f->arena, &layout, &f->err),
                     FC_OK);
    assert_int_equal(layout.group_count, 10);
    struct scanned *whole = scan_ok(f, "s.parquet", (struct fc_scan_request){0});
    const struct fc_parquet_layout_group *wanted = &layout.groups[4];
    int64_t bytes = wanted->chunks[0].size + wanted->chunks[1].size;
    spoil(f, "s.parquet", 4, wanted->chunks[0].first);
    spoil(f, "s.parquet", wanted->chunks[1].first + wanted->chunks[1].size,
          layout.groups[9].chunks[1].first + layout.groups[9].chunks[1].size - SPARE);
    struct scanned *out =
        scan_ok(f, "s.parquet", (struct fc_scan_request){.start = AT(8200), .end = AT(8300)});
    assert_int_equal(out->rows.count, 100);
    assert_int_equal(out->rows.values[0], 8200);
    assert_true(out->progress.bytes_read <= bytes);
    assert_true(out->progress.bytes_read > 0);
    assert_true(out->progress.bytes_read * 5 < whole->progress.bytes_read);
    assert_int_equal(out->progress.rows_passed, 20000);
    free(out);
    out = scan(f, "s.parquet", (struct fc_scan_request){.start = AT(6000), .end = AT(8300)});
    assert_int_equal(out->rc, FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
    free(out);
    free(whole);
}

/* Between the list of files and the end of its scan another one took its place. */
struct swap {
    struct file_source *f;
    bool done;
};

static fc_rc swap_file(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    struct swap *swap = ctx;

    (void)batch;
    (void)err;
    if (!swap->done)
        seconds(swap->f, "s.parquet", 0, 30000);
    swap->done = true;
    return FC_OK;
}

static void a_file_that_changes_is_told(void **state)
{
    const struct fc_scan_request request = {.columns = columns, .count = 2, .event = 1};
    struct file_source *f = *state;
    struct swap swap = {.f = f};
    struct fc_scan_progress progress;

    seconds(f, "s.parquet", 0, 20000);
    assert_int_equal(file_source_open(f, path_of(f, "s.parquet")), FC_OK);
    const char *before = OPS->state(f->source, f->arena);
    assert_non_null(strstr(before, "s.parquet"));
    assert_true(OPS->resumes(f->source));
    assert_int_not_equal(OPS->scan(f->source, &request, swap_file, &swap, &progress, &f->err),
                         FC_OK);
    assert_int_equal(f->err.reason, FC_REASON_SOURCE_UNREACHABLE);
    assert_non_null(strstr(f->err.message, "was changed while it was read"));
    assert_int_equal(file_source_open(f, path_of(f, "s.parquet")), FC_OK);
    assert_string_not_equal(OPS->state(f->source, f->arena), before);
}

static void the_state_of_many_files_is_short(void **state)
{
    struct file_source *f = *state;

    dir(f, "d");
    for (unsigned i = 0; i < 12; i++)
        seconds(f, fc_arena_printf(f->arena, "d/%02u.parquet", i), 0, 10);
    assert_int_equal(file_source_open(f, path_of(f, "d")), FC_OK);
    const char *before = OPS->state(f->source, f->arena);
    assert_non_null(strstr(before, "12 files below"));
    assert_true(strlen(before) < 400);
    seconds(f, "d/07.parquet", 0, 11);
    assert_int_equal(file_source_open(f, path_of(f, "d")), FC_OK);
    assert_string_not_equal(OPS->state(f->source, f->arena), before);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, file_source_setup, file_source_teardown)
static const struct CMUnitTest cases[] = {
    CASE(a_scan_goes_on_from_a_place),
    CASE(other_row_groups_are_not_read),
    CASE(a_file_that_changes_is_told),
    CASE(the_state_of_many_files_is_short),
};

FC_TEST_MAIN_GROUP(cases, NULL, test_parquet_done)
