/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/row_cache.h"

#include <stdlib.h>
#include <string.h>

#include "storage/checksum.h"

/* Places, each for the rows whose names hash to it; rows above the limit are not kept. At most 8 MiB a reader. */
#define PLACES    1024u
#define ROW_LIMIT 8192u

struct place {
    uint64_t generation;
    const struct fc_row_kind *kind;
    char *memory; /* owned: the row, then its strings, each with a byte that ends it; NULL: none */
    size_t size;
};

struct fc_row_cache {
    struct place places[PLACES];
};

struct fc_row_cache *fc_row_cache_new(void)
{
    return calloc(1, sizeof(struct fc_row_cache));
}

void fc_row_cache_free(struct fc_row_cache *cache)
{
    for (size_t i = 0; cache && i < PLACES; i++)
        free(cache->places[i].memory);
    free(cache);
}

static fc_str string_in(const struct fc_row_kind *kind, const void *row, size_t number)
{
    return *(const fc_str *)((const char *)row + kind->strings[number]);
}

/* An entity and a feature table may have the same name. */
static size_t place_of(const struct fc_row_kind *kind, fc_str project, fc_str name)
{
    uint64_t sum = fc_sum_bytes(fc_sum_bytes(FC_SUM_TABLE, project), name);

    return (sum + (uintptr_t)kind / sizeof *kind) % PLACES;
}

static size_t size_of_strings(const struct fc_row_kind *kind, const void *row)
{
    size_t size = 0;

    for (size_t i = 0; i < kind->string_count; i++)
        size += string_in(kind, row, i).len + 1;
    return size;
}

static void copy(const struct fc_row_kind *kind, void *to, const void *from, char *memory)
{
    memcpy(to, from, kind->size);
    for (size_t i = 0; i < kind->string_count; i++) {
        fc_str *string = fc_row_string(kind, to, i);
        if (string->len > 0)
            memcpy(memory, string->ptr, string->len);
        string->ptr = memory;
        memory[string->len] = '\0';
        memory += string->len + 1;
    }
}

bool fc_row_cache_get(const struct fc_row_cache *cache, uint64_t generation,
                      const struct fc_row_kind *kind, fc_str project, fc_str name,
                      struct fc_arena *arena, void *ret)
{
    if (!cache)
        return false;
    const struct place *place = &cache->places[place_of(kind, project, name)];
    if (!place->memory || place->generation != generation || place->kind != kind ||
        !fc_str_eq(string_in(kind, place->memory, 1), name) ||
        !fc_str_eq(string_in(kind, place->memory, 0), project))
        return false;
    char *memory = fc_arena_alloc(arena, place->size - kind->size);
    if (!memory)
        return false; /* the way without a cache says what is wrong */
    copy(kind, ret, place->memory, memory);
    return true;
}

void fc_row_cache_put(struct fc_row_cache *cache, uint64_t generation,
                      const struct fc_row_kind *kind, const void *row)
{
    size_t size = kind->size + size_of_strings(kind, row);

    if (!cache || size > ROW_LIMIT)
        return;
    struct place *place =
        &cache->places[place_of(kind, string_in(kind, row, 0), string_in(kind, row, 1))];
    if (place->size != size) {
        free(place->memory);
        place->memory = malloc(size);
        place->size = place->memory ? size : 0;
    }
    if (place->memory) {
        copy(kind, place->memory, row, place->memory + kind->size);
        place->generation = generation;
        place->kind = kind;
    }
}
