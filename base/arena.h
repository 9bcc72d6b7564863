/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A bump allocator with a hard limit: one for each RPC, probe or scan, freed at once.
 *
 * Not thread-safe; hand it over, do not share it. What it returns is aligned for any type and lives until
 * fc_arena_reset or fc_arena_free.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct fc_arena;

/** `limit` in bytes over the arena's life (until reset). NULL when memory is out. */
struct fc_arena *fc_arena_new(size_t limit);
void fc_arena_free(struct fc_arena *arena);
FC_DEFINE_FREEP(struct fc_arena, fc_arena_free)

/** Not zeroed. NULL when the limit or memory is out; then fc_arena_exhausted stays true until reset. */
void *fc_arena_alloc(struct fc_arena *arena, size_t size);
/** Zeroed array; the product is checked for overflow. */
void *fc_arena_calloc(struct fc_arena *arena, size_t count, size_t size);
char *fc_arena_strdup(struct fc_arena *arena, const char *text);
void *fc_arena_memdup(struct fc_arena *arena, const void *data, size_t size);
/** Copies `size` bytes and adds a NUL. */
char *fc_arena_strndup(struct fc_arena *arena, const char *text, size_t size);
char *fc_arena_printf(struct fc_arena *arena, const char *format, ...) FC_PRINTF(2, 3);

bool fc_arena_exhausted(const struct fc_arena *arena);
size_t fc_arena_used(const struct fc_arena *arena);
/** Forgets everything, keeps the first chunk for the next use. */
void fc_arena_reset(struct fc_arena *arena);

/** The arena as protobuf-c's allocator (free does nothing). Valid as long as the arena. */
ProtobufCAllocator *fc_arena_allocator(struct fc_arena *arena);
