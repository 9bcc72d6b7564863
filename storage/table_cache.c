/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/table_cache.h"

#include <stdlib.h>
#include <string.h>

#include "storage/checksum.h"

/* Places, each for the tables whose names hash to it; rows above the limit are not kept. At most 8 MiB a reader. */
#define PLACES    1024u
#define ROW_LIMIT 8192u

struct place {
    uint64_t generation;
    char *strings; /* of the row; owned */
    size_t size;
    struct fc_table_row row;
};

struct fc_table_cache {
    struct place places[PLACES];
};

struct fc_table_cache *fc_table_cache_new(void)
{
    return calloc(1, sizeof(struct fc_table_cache));
}

void fc_table_cache_free(struct fc_table_cache *cache)
{
    for (size_t i = 0; cache != NULL && i < PLACES; i++) {
        free(cache->places[i].strings);
    }
    free(cache);
}

static size_t place_of(fc_str project, fc_str name)
{
    return fc_sum_bytes(fc_sum_bytes(FC_SUM_TABLE, project), name) % PLACES;
}

/* With the byte that ends each string. */
static size_t size_of_strings(const struct fc_table_row *row)
{
    return row->project.len + row->name.len + row->hash.len + row->mode.len + row->spec.len +
           row->reply.len + 6;
}

static void copy(struct fc_table_row *to, const struct fc_table_row *from, char *memory)
{
    *to = *from;
    fc_str *strings[] = {&to->project, &to->name, &to->hash, &to->mode, &to->spec, &to->reply};
    for (size_t i = 0; i < FC_ARRAY_LEN(strings); i++) {
        if (strings[i]->len > 0) {
            memcpy(memory, strings[i]->ptr, strings[i]->len);
        }
        strings[i]->ptr = memory;
        memory[strings[i]->len] = '\0';
        memory += strings[i]->len + 1;
    }
}

bool fc_table_cache_get(const struct fc_table_cache *cache, uint64_t generation, fc_str project,
                        fc_str name, struct fc_arena *arena, struct fc_table_row *ret)
{
    if (cache == NULL) {
        return false;
    }
    const struct place *place = &cache->places[place_of(project, name)];
    if (place->strings == NULL || place->generation != generation ||
        !fc_str_eq(place->row.name, name) || !fc_str_eq(place->row.project, project)) {
        return false;
    }
    char *memory = fc_arena_alloc(arena, place->size);
    if (memory == NULL) {
        return false; /* the way without a cache says what is wrong */
    }
    copy(ret, &place->row, memory);
    return true;
}

void fc_table_cache_put(struct fc_table_cache *cache, uint64_t generation,
                        const struct fc_table_row *row)
{
    size_t size = size_of_strings(row);

    if (cache == NULL || size > ROW_LIMIT) {
        return;
    }
    struct place *place = &cache->places[place_of(row->project, row->name)];
    if (place->size != size) {
        free(place->strings);
        place->strings = malloc(size);
        place->size = place->strings != NULL ? size : 0;
    }
    if (place->strings != NULL) {
        copy(&place->row, row, place->strings);
        place->generation = generation;
    }
}
