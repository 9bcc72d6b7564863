/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/hive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define KEYS_MAX    64
#define NULL_NAME   "__HIVE_DEFAULT_PARTITION__"
#define DAY_SECONDS 86400

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                   "the list of files needs more memory than it may have");
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hive writes what a path cannot hold as %XX. */
static const char *unescape(const char *text, size_t len, struct fc_arena *arena)
{
    char *out = fc_arena_strndup(arena, text, len);
    size_t to = 0;

    for (size_t i = 0; out && i < len; i++) {
        if (text[i] == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 &&
            hex_digit(text[i + 2]) >= 0) {
            char c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            if (c != '\0') {
                out[to++] = c;
                i += 2;
                continue;
            }
        }
        out[to++] = text[i];
    }
    if (out)
        out[to] = '\0';
    return out;
}

/* The index of the key, a new one if need be; -1 when there are too many. */
static int key_index(struct fc_file_list *list, const char *name)
{
    for (size_t i = 0; i < list->key_count; i++)
        if (strcmp(list->keys[i].name, name) == 0)
            return (int)i;
    if (list->key_count == KEYS_MAX)
        return -1;
    list->keys[list->key_count].name = name;
    return (int)list->key_count++;
}

/* Takes `key=value` parts of the directories below the root; the file's own name is none. */
static fc_rc read_path(struct fc_file_list *list, struct fc_file *file, const char **values,
                       struct fc_arena *arena, struct fc_error *err)
{
    const char *at = file->path;
    size_t root = strlen(list->root);

    if (strncmp(at, list->root, root) == 0)
        at += root;
    for (const char *slash = strchr(at, '/'); slash; at = slash + 1, slash = strchr(at, '/')) {
        const char *equals = memchr(at, '=', (size_t)(slash - at));
        if (!equals || equals == at)
            continue;
        const char *name = unescape(at, (size_t)(equals - at), arena);
        const char *value = unescape(equals + 1, (size_t)(slash - equals - 1), arena);
        if (!name || !value)
            return no_memory(err);
        int key = key_index(list, name);
        if (key < 0)
            return fc_fail(err, FC_REASON_SOURCE_INVALID, "%s has more than %d partition columns",
                           list->root, KEYS_MAX);
        values[key] = strcmp(value, NULL_NAME) == 0 ? NULL : value;
    }
    return FC_OK;
}

/* A number as a program writes it: `007` and `+7` are names, not numbers. */
static bool is_number(const char *text, int64_t *ret)
{
    char again[24];
    char *end = NULL;

    *ret = strtoll(text, &end, 10);
    if (end == text || *end != '\0')
        return false;
    snprintf(again, sizeof(again), "%" PRId64, *ret);
    return strcmp(again, text) == 0;
}

static bool is_day(const char *text, int64_t *ret_days)
{
    int64_t seconds = 0;
    int32_t nanos = 0;

    if (strlen(text) != strlen("2020-01-01") || !fc_time_parse(text, &seconds, &nanos) ||
        seconds % DAY_SECONDS != 0)
        return false;
    *ret_days = seconds / DAY_SECONDS;
    return true;
}

/* The narrowest type that all values of the key are: int32, int64, date, else string. */
static struct fc_column_type type_of_key(const struct fc_file_list *list, size_t key)
{
    bool int32 = true;
    bool int64 = true;
    bool date = true;
    bool any = false;

    for (size_t i = 0; i < list->count; i++) {
        const char *value = list->files[i].partitions[key];
        int64_t number = 0;
        if (!value)
            continue;
        any = true;
        int64 = int64 && is_number(value, &number);
        int32 = int32 && int64 && number >= INT32_MIN && number <= INT32_MAX;
        date = date && is_day(value, &number);
    }
    if (any && int32)
        return (struct fc_column_type){.kind = FC_COLUMN_INT32, .text = "partition int32"};
    if (any && int64)
        return (struct fc_column_type){.kind = FC_COLUMN_INT64, .text = "partition int64"};
    if (any && date)
        return (struct fc_column_type){.kind = FC_COLUMN_DATE, .text = "partition date"};
    return (struct fc_column_type){.kind = FC_COLUMN_STRING, .text = "partition string"};
}

fc_rc fc_hive_read(struct fc_file_list *list, struct fc_arena *arena, struct fc_error *err)
{
    const char *values[KEYS_MAX];

    list->keys = fc_arena_calloc(arena, KEYS_MAX, sizeof *list->keys);
    if (!list->keys)
        return no_memory(err);
    /* Once to learn the keys, again to keep the values: arrays then have the length that is needed. */
    for (size_t i = 0; i < list->count; i++) {
        fc_rc rc = read_path(list, &list->files[i], values, arena, err);
        if (rc != FC_OK)
            return rc;
    }
    for (size_t i = 0; i < list->count && list->key_count > 0; i++) {
        memset(values, 0, sizeof(values));
        fc_rc rc = read_path(list, &list->files[i], values, arena, err);
        if (rc != FC_OK)
            return rc;
        list->files[i].partitions =
            fc_arena_memdup(arena, values, list->key_count * sizeof *values);
        if (!list->files[i].partitions)
            return no_memory(err);
    }
    for (size_t i = 0; i < list->key_count; i++)
        list->keys[i].type = type_of_key(list, i);
    return FC_OK;
}

void fc_file_partition_cell(const struct fc_file_list *list, const struct fc_file *file, size_t key,
                            struct fc_cell *ret)
{
    const char *value = file->partitions[key];

    *ret = (struct fc_cell){.null = value == NULL};
    if (!value)
        return;
    switch (list->keys[key].type.kind) {
    case FC_COLUMN_DATE:
        ret->null = !is_day(value, &ret->as.integer);
        break;
    case FC_COLUMN_STRING:
        ret->as.bytes = fc_str_from(value);
        break;
    default:
        ret->null = !is_number(value, &ret->as.integer);
        break;
    }
}
