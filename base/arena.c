/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CHUNK   ((size_t)3 * 1024)
#define LARGEST_CHUNK ((size_t)1024 * 1024)

struct chunk {
    struct chunk *next;
    size_t size, used; /* bytes of data[] */
    alignas(max_align_t) unsigned char data[];
};

struct fc_arena {
    ProtobufCAllocator allocator;
    struct chunk *first, *current;
    size_t limit, used;
    bool exhausted;
};

static struct chunk *chunk_new(size_t size)
{
    struct chunk *chunk = malloc(sizeof *chunk + size);
    if (chunk) {
        chunk->next = NULL;
        chunk->size = size;
        chunk->used = 0;
    }
    return chunk;
}

static void *pb_alloc(void *arena, size_t size)
{
    return fc_arena_alloc(arena, size);
}

static void pb_free(void *arena FC_UNUSED, void *memory FC_UNUSED)
{
    /* The arena is freed as a whole. */
}

struct fc_arena *fc_arena_new(size_t limit)
{
    struct fc_arena *arena = calloc(1, sizeof *arena);
    struct chunk *first = chunk_new(FIRST_CHUNK);
    if (!arena || !first) {
        free(arena);
        free(first);
        return NULL;
    }
    arena->allocator =
        (ProtobufCAllocator){.alloc = pb_alloc, .free = pb_free, .allocator_data = arena};
    arena->first = arena->current = first;
    arena->limit = limit;
    return arena;
}

static void free_chunks(struct chunk *chunk)
{
    while (chunk) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void fc_arena_free(struct fc_arena *arena)
{
    if (arena) {
        free_chunks(arena->first);
        free(arena);
    }
}

static bool add_chunk(struct fc_arena *arena, size_t need)
{
    size_t size = arena->current->size * 2;
    size = size > LARGEST_CHUNK ? LARGEST_CHUNK : size;
    struct chunk *chunk = chunk_new(need > size ? need : size);
    if (!chunk)
        return false;
    arena->current->next = chunk;
    arena->current = chunk;
    return true;
}

void *fc_arena_alloc(struct fc_arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    size_t rounded = size > SIZE_MAX - align ? 0 : (size + align - 1) / align * align;

    if (rounded == 0)
        rounded = size == 0 ? align : 0; /* an empty object still has an address of its own */
    if (rounded == 0 || rounded > arena->limit || arena->used > arena->limit - rounded) {
        arena->exhausted = true;
        return NULL;
    }
    if (arena->current->size - arena->current->used < rounded && !add_chunk(arena, rounded)) {
        arena->exhausted = true;
        return NULL;
    }
    void *memory = arena->current->data + arena->current->used;
    arena->current->used += rounded;
    arena->used += rounded;
    return memory;
}

void *fc_arena_calloc(struct fc_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        arena->exhausted = true;
        return NULL;
    }
    void *memory = fc_arena_alloc(arena, bytes);
    return !memory ? NULL : memset(memory, 0, bytes);
}

void *fc_arena_memdup(struct fc_arena *arena, const void *data, size_t size)
{
    void *memory = fc_arena_alloc(arena, size);
    if (memory && size > 0)
        memcpy(memory, data, size);
    return memory;
}

char *fc_arena_strndup(struct fc_arena *arena, const char *text, size_t size)
{
    char *copy = size == SIZE_MAX ? NULL : fc_arena_alloc(arena, size + 1);
    if (copy) {
        if (size > 0)
            memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

char *fc_arena_strdup(struct fc_arena *arena, const char *text)
{
    return fc_arena_strndup(arena, text, strlen(text));
}

char *fc_arena_printf(struct fc_arena *arena, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    /* Most texts fit what is left of the chunk, where the allocation will then be: written once. */
    struct chunk *chunk = arena->current;
    size_t room = chunk->size - chunk->used;
    char *place = (char *)chunk->data + chunk->used;
    int needed = vsnprintf(place, room, format, args);
    va_end(args);
    char *text = needed < 0 ? NULL : fc_arena_alloc(arena, (size_t)needed + 1);
    if (text && text != place)
        (void)vsnprintf(text, (size_t)needed + 1, format, again);
    va_end(again);
    return text;
}

bool fc_arena_exhausted(const struct fc_arena *arena)
{
    return arena->exhausted;
}

size_t fc_arena_used(const struct fc_arena *arena)
{
    return arena->used;
}

void fc_arena_reset(struct fc_arena *arena)
{
    free_chunks(arena->first->next);
    arena->first->next = NULL;
    arena->first->used = 0;
    arena->current = arena->first;
    arena->used = 0;
    arena->exhausted = false;
}

ProtobufCAllocator *fc_arena_allocator(struct fc_arena *arena)
{
    return &arena->allocator;
}
