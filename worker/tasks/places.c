/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/places.h"

#include <stdlib.h>
#include <string.h>

/* Of the text, for people. */
#define TEXT_MAX ((size_t)1000)

struct place {
    char *part, *offset;
};

struct fc_places {
    struct place *items; /* sorted by part */
    size_t count, capacity;
};

struct fc_places *fc_places_new(void)
{
    return calloc(1, sizeof(struct fc_places));
}

void fc_places_free(struct fc_places *places)
{
    if (!places)
        return;
    for (size_t i = 0; i < places->count; i++) {
        free(places->items[i].part);
        free(places->items[i].offset);
    }
    free(places->items);
    free(places);
}

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for places in a stream");
}

/* Where the partition is, or belongs. */
static bool find(const struct fc_places *places, const char *part, size_t *ret)
{
    size_t low = 0, high = places->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(places->items[middle].part, part);
        if (order == 0) {
            *ret = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret = low;
    return false;
}

static fc_rc insert(struct fc_places *places, size_t at, const char *part, char *offset,
                    struct fc_error *err)
{
    char *name = strdup(part);

    if (name && places->count == places->capacity) {
        size_t capacity = places->capacity > 0 ? places->capacity * 2 : 16;
        struct place *items = realloc(places->items, capacity * sizeof *items);
        if (items) {
            places->items = items;
            places->capacity = capacity;
        }
    }
    if (!name || places->count == places->capacity) {
        free(name);
        free(offset);
        return no_memory(err);
    }
    memmove(&places->items[at + 1], &places->items[at],
            (places->count - at) * sizeof *places->items);
    places->items[at] = (struct place){.part = name, .offset = offset};
    places->count++;
    return FC_OK;
}

fc_rc fc_places_set(struct fc_places *places, const char *part, const char *offset,
                    struct fc_error *err)
{
    char *copy = strdup(offset);
    size_t at = 0;

    if (!copy)
        return no_memory(err);
    if (!find(places, part, &at))
        return insert(places, at, part, copy, err);
    free(places->items[at].offset);
    places->items[at].offset = copy;
    return FC_OK;
}

void fc_places_forget(struct fc_places *places, const char *part)
{
    size_t at = 0;

    if (!find(places, part, &at))
        return;
    free(places->items[at].part);
    free(places->items[at].offset);
    places->count--;
    memmove(&places->items[at], &places->items[at + 1],
            (places->count - at) * sizeof *places->items);
}

size_t fc_places_count(const struct fc_places *places)
{
    return places->count;
}

fc_rc fc_places_report(const struct fc_places *places, struct fc_arena *arena,
                       Feast__Worker__V1__Progress *progress, struct fc_error *err)
{
    Feast__Worker__V1__Position *all = fc_arena_calloc(arena, places->count + 1, sizeof *all);
    Feast__Worker__V1__Position **list = fc_arena_calloc(arena, places->count + 1, sizeof *list);

    if (!all || !list)
        return no_memory(err);
    for (size_t i = 0; i < places->count; i++) {
        feast__worker__v1__position__init(&all[i]);
        all[i].part = fc_arena_strdup(arena, places->items[i].part);
        all[i].offset = fc_arena_strdup(arena, places->items[i].offset);
        if (!all[i].part || !all[i].offset)
            return no_memory(err);
        list[i] = &all[i];
    }
    progress->positions = list;
    progress->n_positions = places->count;
    return FC_OK;
}

char *fc_places_text(const struct fc_places *places, struct fc_arena *arena)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;

    for (size_t i = 0; i < places->count; i++) {
        if (text.len >= TEXT_MAX) {
            fc_buf_puts(&text, ", ...");
            break;
        }
        fc_buf_printf(&text, "%s%s:%s", i > 0 ? ", " : "", places->items[i].part,
                      places->items[i].offset);
    }
    return text.failed ? NULL : fc_arena_strdup(arena, fc_buf_text(&text));
}
