/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/parquet.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/specs.h"
#include "worker/duck/duck.h"

static struct fc_duck *engine;

static void give_up(const char *what, const char *why)
{
    (void)fprintf(stderr, "test support: %s: %s\n", what, why);
    abort();
}

static void run(const char *sql)
{
    struct fc_arena *arena = fc_arena_new((size_t)64 << 20);
    struct fc_error err = FC_ERROR_INIT;
    struct fc_duck_result *result = NULL;
    const struct fc_cell *const *cells = NULL;
    size_t rows = 0;

    if (!arena || fc_duck_query(engine, sql, NULL, &result, &err) != FC_OK)
        give_up(sql, err.message);
    do {
        if (fc_duck_next(result, arena, &cells, &rows, &err) != FC_OK)
            give_up(sql, err.message);
    } while (rows > 0);
    fc_duck_result_free(result);
    fc_arena_free(arena);
}

void test_parquet(const char *path, const char *select, unsigned group_rows)
{
    const struct fc_duck_options options = {.memory_limit = UINT64_C(256) << 20};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_buf sql = FC_BUF_INIT;

    if (!engine && fc_duck_open(&options, &engine, &err) != FC_OK)
        give_up("no engine", err.message);
    fc_buf_printf(&sql, "COPY (%s) TO ", select);
    fc_duck_quote(&sql, path);
    fc_buf_puts(&sql, " (FORMAT parquet");
    if (group_rows > 0)
        fc_buf_printf(&sql, ", ROW_GROUP_SIZE %u", group_rows);
    fc_buf_puts(&sql, ")");
    run(fc_buf_text(&sql));
    fc_buf_done(&sql);
}

int test_parquet_done(void **state FC_UNUSED)
{
    fc_duck_close(engine);
    engine = NULL;
    return 0;
}

const char *test_parquet_data(struct fc_arena *arena, const char *name)
{
    return fc_arena_printf(arena, "%s/parquet/%s.parquet", FC_TEST_DATA_DIR, name);
}

Feast__Core__DataSource *test_source_at(struct fc_arena *arena, const char *url)
{
    Feast__Core__DataSource *source = test_file_source(arena);

    source->file_options->file_url = fc_arena_strdup(arena, url);
    return source;
}

void test_overwrite(const char *path, long offset, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "r+b");

    if (!file || fseek(file, offset, offset < 0 ? SEEK_END : SEEK_SET) != 0 ||
        fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        give_up(path, "cannot be changed");
}

void test_copy(const char *from, const char *to)
{
    char bytes[4096];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    size_t n = 0;

    if (!in || !out)
        give_up(from, "cannot be copied");
    while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
        if (fwrite(bytes, 1, n, out) != n)
            give_up(to, "cannot be written");
    (void)fclose(in);
    if (fclose(out) != 0)
        give_up(to, "cannot be written");
}
