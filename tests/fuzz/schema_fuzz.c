/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: lines. First the elements of a Parquet schema as the engine lists them, fields apart by tabs (name, physical,
 * length, repetition, converted, logical, engine type, children); after an empty line the paths of files whose directories
 * name partitions. Columns come out with a text, partition values as what their key's type says.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "worker/sources/hive.h"
#include "worker/sources/parquet_type.h"

enum { LINES_MAX = 256, FIELDS = 8 };

/* The next part up to `end`, NULL for an empty one; moves on. */
static const char *part(char **at, char end)
{
    char *start = *at;
    char *stop = strchr(start, end);

    *at = stop ? stop + 1 : start + strlen(start);
    if (stop)
        *stop = '\0';
    return *start ? start : NULL;
}

static void read_schema(char **at, struct fc_arena *arena)
{
    struct fc_parquet_element elements[LINES_MAX];
    struct fc_parquet_schema schema;
    size_t count = 0;

    while (**at && **at != '\n' && count < LINES_MAX) {
        char *line = (char *)(uintptr_t)part(at, '\n');
        const char *fields[FIELDS];
        for (size_t i = 0; i < FIELDS; i++)
            fields[i] = part(&line, '\t');
        elements[count++] =
            (struct fc_parquet_element){.name = fields[0],
                                        .physical = fields[1],
                                        .length = fields[2],
                                        .repetition = fields[3],
                                        .converted = fields[4],
                                        .logical = fields[5],
                                        .engine = fields[6],
                                        .children = fields[7] ? strtoll(fields[7], NULL, 10) : 0};
    }
    if (!fc_parquet_columns(elements, count, arena, &schema))
        return;
    FUZZ_CHECK(schema.count < LINES_MAX && schema.top_count <= schema.count,
               "more columns than elements");
    for (size_t i = 0; i < schema.count; i++) {
        const struct fc_source_column *column = &schema.columns[i];
        const struct fc_parquet_field *field = &schema.fields[i];
        FUZZ_CHECK(column->name && column->type.text && column->type.kind < FC_COLUMN_KINDS,
                   "a column");
        FUZZ_CHECK(field->top < schema.top_count && field->place > 0, "a field");
        FUZZ_CHECK(i < schema.top_count ? field->parent == i && field->top == i : field->parent < i,
                   "a field before its parent");
    }
}

static void check_partition(const struct fc_file_list *list, const struct fc_file *file, size_t key)
{
    struct fc_cell cell;

    fc_file_partition_cell(list, file, key, &cell);
    FUZZ_CHECK(cell.null == (!file->partitions[key]), "a value unlike its key's type");
    if (list->keys[key].type.kind == FC_COLUMN_INT32 && !cell.null)
        FUZZ_CHECK(cell.as.integer >= INT32_MIN && cell.as.integer <= INT32_MAX, "no int32");
}

static void read_paths(char **at, struct fc_arena *arena)
{
    struct fc_file files[LINES_MAX];
    struct fc_file_list list = {.root = "/data", .files = files};
    struct fc_error err = FC_ERROR_INIT;

    while (**at && list.count < LINES_MAX) {
        const char *line = part(at, '\n');
        files[list.count++] = (struct fc_file){.path = line ? line : ""};
    }
    if (fc_hive_read(&list, arena, &err) != FC_OK)
        return;
    for (size_t key = 0; key < list.key_count; key++)
        for (size_t i = 0; i < list.count; i++)
            check_partition(&list, &files[i], key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fc_arena *arena = fc_arena_new((size_t)1 << 24);
    char *text = fc_arena_strndup(arena, (const char *)data, size);

    FUZZ_CHECK(text, "no memory");
    char *at = text;
    read_schema(&at, arena);
    if (*at == '\n')
        at++;
    read_paths(&at, arena);
    fc_arena_free(arena);
    return 0;
}
