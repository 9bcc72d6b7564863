/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/formats/columns.h"

#include <string.h>

void fc_columns_add(struct fc_columns *columns, const char *name, const struct fc_column_type *type,
                    bool wanted)
{
    if (columns->count >= FC_COLUMNS_MAX && !wanted)
        return;
    if (columns->count == columns->capacity) {
        size_t capacity = columns->capacity ? columns->capacity * 2 : 64;
        struct fc_source_column *grown =
            fc_arena_calloc(columns->arena, capacity, sizeof *columns->items);
        if (grown && columns->count > 0)
            memcpy(grown, columns->items, columns->count * sizeof *grown);
        columns->failed = columns->failed || !grown;
        if (!grown)
            return;
        columns->items = grown;
        columns->capacity = capacity;
    }
    columns->failed = columns->failed || !name || !type->text;
    columns->items[columns->count++] = (struct fc_source_column){.name = name, .type = *type};
}

bool fc_columns_has(const struct fc_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(columns->items[i].name, name) == 0)
            return true;
    return false;
}

const char *fc_columns_name(struct fc_arena *arena, const char *prefix, const char *name)
{
    return prefix ? fc_arena_printf(arena, "%s.%s", prefix, name) : name;
}

fc_str fc_columns_part(const char **path)
{
    const char *dot = strchr(*path, '.');
    fc_str part = {.ptr = *path, .len = dot ? (size_t)(dot - *path) : strlen(*path)};

    *path = dot ? dot + 1 : NULL;
    return part;
}
