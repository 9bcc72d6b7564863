/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/mutate.h"

#include <string.h>

enum { CHANGES_MAX = 6, CHUNK_MAX = 64 };

/* splitmix64: any two numbers of a seed are far apart. */
struct chance {
    uint64_t state;
};

static uint64_t next(struct chance *chance)
{
    uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t below(struct chance *chance, size_t limit)
{
    return limit == 0 ? 0 : (size_t)(next(chance) % limit);
}

struct draft {
    uint8_t *bytes;
    size_t size;
};

/* Bytes of lengths, tags, text and numbers at which parsers turn. */
static const uint8_t notable[] = {0,   1,   2,   7,   8,   9,   10,  13,  32,  34,   39,   44,
                                  45,  46,  47,  58,  63,  64,  91,  92,  93,  123,  125,  126,
                                  127, 128, 129, 192, 193, 224, 240, 247, 248, 0xfd, 0xfe, 0xff};

static void flip_bit(struct draft *draft, struct chance *chance)
{
    if (draft->size > 0)
        draft->bytes[below(chance, draft->size)] ^= (uint8_t)(1U << below(chance, 8));
}

static void set_notable(struct draft *draft, struct chance *chance)
{
    size_t at = below(chance, draft->size), run = 1 + below(chance, 5);

    for (size_t i = at; i < draft->size && i < at + run; i++)
        draft->bytes[i] = notable[below(chance, sizeof(notable))];
}

static void cut(struct draft *draft, struct chance *chance)
{
    size_t at = below(chance, draft->size), length = 1 + below(chance, CHUNK_MAX);

    if (length > draft->size - at)
        length = draft->size - at;
    memmove(draft->bytes + at, draft->bytes + at + length, draft->size - at - length);
    draft->size -= length;
}

static void insert(struct draft *draft, size_t at, const uint8_t *bytes, size_t length)
{
    if (length > MUTATION_MAX - draft->size)
        length = MUTATION_MAX - draft->size;
    memmove(draft->bytes + at + length, draft->bytes + at, draft->size - at);
    memcpy(draft->bytes + at, bytes, length);
    draft->size += length;
}

static void insert_chance(struct draft *draft, struct chance *chance)
{
    uint8_t chunk[CHUNK_MAX];
    size_t length = 1 + below(chance, sizeof(chunk));

    for (size_t i = 0; i < length; i++)
        chunk[i] = (uint8_t)next(chance);
    insert(draft, below(chance, draft->size + 1), chunk, length);
}

/* What stands somewhere stands somewhere else as well, and maybe often: depth and lists. */
static void repeat(struct draft *draft, struct chance *chance)
{
    uint8_t chunk[CHUNK_MAX];
    size_t from = below(chance, draft->size), length = 1 + below(chance, sizeof(chunk)),
           to = below(chance, draft->size + 1), times = (size_t)1 << below(chance, 7);

    if (length > draft->size - from)
        length = draft->size - from;
    memcpy(chunk, draft->bytes + from, length);
    for (size_t i = 0; i < times; i++)
        insert(draft, to, chunk, length);
}

static void splice(struct draft *draft, const struct mutation_input *other, struct chance *chance)
{
    size_t from = below(chance, other->size);

    draft->size = below(chance, draft->size + 1);
    insert(draft, draft->size, other->bytes + from, other->size - from);
}

size_t mutate(const struct mutation_input *corpus, size_t count, uint64_t seed, uint64_t number,
              uint8_t *buffer)
{
    static void (*const changes[])(struct draft *, struct chance *) = {
        flip_bit, set_notable, cut, insert_chance, repeat,
    };
    const size_t kinds = sizeof(changes) / sizeof(changes[0]);
    struct chance chance = {.state = seed ^ (number * UINT64_C(0xd1342543de82ef95))};
    struct draft draft = {.bytes = buffer, .size = 0};
    const struct mutation_input *first = &corpus[below(&chance, count)];

    insert(&draft, 0, first->bytes, first->size);
    for (size_t left = 1 + below(&chance, CHANGES_MAX); left > 0; left--) {
        size_t kind = below(&chance, kinds + 1);
        if (kind == kinds)
            splice(&draft, &corpus[below(&chance, count)], &chance);
        else
            changes[kind](&draft, &chance);
    }
    return draft.size;
}
