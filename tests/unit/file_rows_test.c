/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of one file, read by one thread or by two. */
#include "tests/unit/file_source_fixture.h"
#include "worker/contract/convert.h"
#include "worker/sources/file_rows.h"

#define ROWS 5000

struct reading {
    struct fc_file_reader reader;
    struct fc_file_rows rows;
    struct fc_buf text; /**< of all cells */
    size_t batches;
};

static int setup(void **state)
{
    int failed = file_source_setup(state);

    if (!failed)
        ((struct file_source *)*state)->brief = true;
    return failed;
}

/* Several columns in row groups of 4,096 rows. */
static const char *make_file(struct file_source *f)
{
    const char *path = test_path(&f->scratch, "r.parquet");

    test_parquet(path,
                 fc_arena_printf(f->arena,
                                 "SELECT range::BIGINT AS id, hash(range)::UBIGINT AS h, "
                                 "'row ' || range AS t, range / 7 AS q, CASE WHEN range %% 3 = 0 "
                                 "THEN range END AS n, [range, range + 1] AS l FROM range(%d)",
                                 ROWS),
                 4096);
    return path;
}

static fc_rc start(struct file_source *f, const char *path, const struct fc_file_run *run,
                   struct reading *ret)
{
    static const char *const names[] = {"id", "h", "t", "q", "n", "l"};

    *ret = (struct reading){.text = FC_BUF_INIT};
    if (file_source_open(f, path) != FC_OK ||
        fc_file_reader_open(f->source, &f->source->list.files[0], names, FC_ARRAY_LEN(names),
                            f->arena, &ret->reader, &f->err) != FC_OK)
        fail_msg("%s: %s", path, f->err.message);
    return fc_file_rows_open(f->source, &ret->reader, run, &ret->rows, &f->err);
}

static void put_rows(struct file_source *f, struct reading *r, const struct fc_cell *const *cells,
                     size_t count)
{
    for (size_t row = 0; row < count; row++) {
        for (size_t i = 0; i < r->reader.read_count; i++) {
            struct fc_column_type type = fc_file_rows_type(&r->rows, i);
            fc_buf_puts(&r->text, cells[i][row].null
                                      ? "null"
                                      : fc_cell_text(&type, &cells[i][row], f->arena));
            fc_buf_putc(&r->text, ' ');
        }
        fc_buf_printf(&r->text, "at %lld\n",
                      (long long)cells[r->reader.read_count][row].as.integer);
    }
}

static fc_rc read_all(struct file_source *f, const char *path, const struct fc_file_run *run,
                      struct reading *r)
{
    const struct fc_cell *const *cells = NULL;
    size_t count = 1;

    fc_rc rc = start(f, path, run, r);
    while (rc == FC_OK && count > 0) {
        rc = fc_file_rows_next(&r->rows, f->arena, &cells, &count, &f->err);
        if (rc == FC_OK)
            put_rows(f, r, cells, count);
        r->batches++;
    }
    return rc;
}

static void end(struct reading *r)
{
    fc_file_rows_done(&r->rows);
    fc_buf_done(&r->text);
}

static void two_threads_read_what_one_reads(void **state)
{
    static const int64_t spans[][2] = {{0, 0}, {0, 1000}, {1000, 3500}, {4096, 100}, {4999, 10}};
    struct file_source *f = *state;
    const char *path = make_file(f);

    for (size_t i = 0; i < FC_ARRAY_LEN(spans); i++) {
        struct fc_file_run run = {.first_row = spans[i][0], .row_count = spans[i][1]};
        struct reading one;
        struct reading two;
        if (read_all(f, path, &run, &one) != FC_OK)
            fail_msg("%s", f->err.message);
        assert_null(one.rows.parts[1]);
        fc_file_rows_done(&one.rows);
        one.rows = (struct fc_file_rows){.parquet = NULL};
        run.beside = true;
        if (read_all(f, path, &run, &two) != FC_OK)
            fail_msg("%s", f->err.message);
        assert_non_null(two.rows.parts[1]);
        assert_true(one.text.len > 0);
        assert_string_equal(fc_buf_text(&one.text), fc_buf_text(&two.text));
        end(&one);
        end(&two);
    }
}

static void an_engine_for_much_has_one_thread(void **state)
{
    struct file_source *f = *state;
    const struct fc_file_run run = {.row_count = 10, .beside = true};
    struct reading r;

    f->brief = false;
    assert_int_equal(read_all(f, make_file(f), &run, &r), FC_OK);
    assert_null(r.rows.parts[1]);
    end(&r);
}

/* Overwrites where the chunk of a column begins. */
static void damage(const char *path, const struct fc_file_reader *reader, size_t column)
{
    char noise[64];

    memset(noise, 0x5a, sizeof(noise));
    test_overwrite(path, (long)reader->layout.groups[0].chunks[column].first, noise, sizeof(noise));
}

static void what_either_thread_meets_is_told(void **state)
{
    static const size_t columns[] = {0, 4};
    struct file_source *f = *state;
    const struct fc_file_run run = {.row_count = 100, .beside = true};

    for (size_t i = 0; i < FC_ARRAY_LEN(columns); i++) {
        const char *path = make_file(f);
        struct reading r;
        assert_int_equal(start(f, path, &run, &r), FC_OK);
        damage(path, &r.reader, columns[i]);
        end(&r);
        assert_int_equal(read_all(f, path, &run, &r), FC_INVALID_ARGUMENT);
        assert_int_equal(f->err.reason, FC_REASON_SOURCE_INVALID);
        if (!strstr(f->err.message, "r.parquet cannot be decoded as Parquet"))
            fail_msg("%s", f->err.message);
        end(&r);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, file_source_teardown)

static const struct CMUnitTest cases[] = {
    CASE(two_threads_read_what_one_reads),
    CASE(an_engine_for_much_has_one_thread),
    CASE(what_either_thread_meets_is_told),
};

FC_TEST_MAIN_GROUP(cases, NULL, test_parquet_done)
