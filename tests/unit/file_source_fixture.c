/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/file_source_fixture.h"

#include <stdlib.h>

int file_source_setup(void **state)
{
    struct file_source *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    test_scratch_init(&f->scratch);
    f->arena = fc_arena_new((size_t)64 << 20);
    feast__worker__v1__limits__init(&f->limits);
    *state = f;
    return f->arena ? 0 : -1;
}

static void close_source(struct file_source *f)
{
    if (f->source)
        OPS->close(f->source);
    f->source = NULL;
    fc_duck_close(f->duck);
    f->duck = NULL;
}

int file_source_teardown(void **state)
{
    struct file_source *f = *state;

    close_source(f);
    fc_arena_free(f->arena);
    test_scratch_done(&f->scratch);
    free(f);
    return 0;
}

fc_rc file_source_open(struct file_source *f, const char *url)
{
    const struct fc_duck_options options = {
        .memory_limit = UINT64_C(256) << 20, .threads = 2, .brief = f->brief};

    close_source(f);
    f->err = (struct fc_error)FC_ERROR_INIT;
    assert_int_equal(fc_duck_open(&options, &f->duck, &f->err), FC_OK);
    f->env = (struct fc_source_env){.duck = f->duck, .sys = fc_sys_real(), .limits = &f->limits};
    return OPS->open(&f->env, test_source_at(f->arena, url), f->arena, &f->source, &f->err);
}

struct fc_source_schema file_source_schema(struct file_source *f, const char *url)
{
    struct fc_source_schema schema = {.column_count = 0};

    if (file_source_open(f, url) != FC_OK ||
        OPS->describe(f->source, f->arena, &schema, &f->err) != FC_OK)
        fail_msg("%s: %s", url, f->err.message);
    return schema;
}

const struct fc_source_column *file_source_column(const struct fc_source_schema *schema,
                                                  const char *name)
{
    for (size_t i = 0; i < schema->column_count; i++)
        if (strcmp(schema->columns[i].name, name) == 0)
            return &schema->columns[i];
    fail_msg("there is no column %s", name);
    return NULL;
}

void file_source_refuses(struct file_source *f, const char *url, enum fc_reason reason,
                         const char *text)
{
    struct fc_source_schema schema;
    fc_rc rc = file_source_open(f, url);

    if (rc == FC_OK)
        rc = OPS->describe(f->source, f->arena, &schema, &f->err);
    assert_int_not_equal(rc, FC_OK);
    assert_string_equal(fc_reason_info(f->err.reason)->word, fc_reason_info(reason)->word);
    if (!strstr(f->err.message, text))
        fail_msg("'%s' does not hold '%s'", f->err.message, text);
}

fc_rc file_rows_take(void *ctx, const struct fc_batch *batch, struct fc_error *err)
{
    struct file_rows *rows = ctx;

    (void)err;
    rows->batches++;
    for (size_t i = 0; i < batch->row_count && rows->count < FC_ARRAY_LEN(rows->values); i++) {
        const struct fc_cell *cell = &batch->cells[0][i];
        rows->values[rows->count] = cell->null ? 0 : cell->as.integer;
        rows->nulls[rows->count] = cell->null;
        rows->positions[rows->count] = batch->positions[i];
        rows->count++;
    }
    (void)snprintf(rows->last_path, sizeof(rows->last_path), "%s", batch->path);
    return FC_OK;
}
