/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of two texts that differ. Specs have some hundred lines: a table of all pairs is small enough. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/spec_text.h"

#define CONTEXT   3
#define MAX_LINES 4000

#define RED   "\033[31m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

struct lines {
    fc_str *items;
    size_t count;
};

/* A step from the first line of both texts to their ends. */
struct step {
    char mark; /* ' ', '-' or '+' */
    fc_str line;
};

static bool split(const char *text, struct lines *ret)
{
    size_t count = 0;

    for (const char *c = text; *c; c++)
        count += *c == '\n';
    ret->items = calloc(count + 1, sizeof *ret->items);
    for (const char *at = text; ret->items && *at && ret->count < MAX_LINES;) {
        size_t len = strcspn(at, "\n");
        ret->items[ret->count++] = (fc_str){.ptr = at, .len = len};
        at += len + (at[len] == '\n');
    }
    return ret->items != NULL;
}

/* Length of the longest common rest from line i of the one and line j of the other. */
static uint16_t *common(const struct lines *a, const struct lines *b)
{
    size_t width = b->count + 1;
    uint16_t *table = calloc((a->count + 1) * width, sizeof *table);

    for (size_t i = a->count; table && i-- > 0;) {
        for (size_t j = b->count; j-- > 0;) {
            uint16_t down = table[(i + 1) * width + j], right = table[i * width + j + 1];
            table[i * width + j] = fc_str_eq(a->items[i], b->items[j])
                                       ? (uint16_t)(table[(i + 1) * width + j + 1] + 1)
                                   : down > right ? down
                                                  : right;
        }
    }
    return table;
}

static size_t walk(const struct lines *a, const struct lines *b, const uint16_t *table,
                   struct step *steps)
{
    size_t i = 0, j = 0, count = 0, width = b->count + 1;

    while (i < a->count || j < b->count) {
        if (i < a->count && j < b->count && fc_str_eq(a->items[i], b->items[j])) {
            steps[count++] = (struct step){' ', a->items[i++]};
            j++;
        } else if (j == b->count ||
                   (i < a->count && table[(i + 1) * width + j] >= table[i * width + j + 1])) {
            steps[count++] = (struct step){'-', a->items[i++]};
        } else {
            steps[count++] = (struct step){'+', b->items[j++]};
        }
    }
    return count;
}

static bool near_change(const struct step *steps, size_t count, size_t at)
{
    size_t first = at > CONTEXT ? at - CONTEXT : 0;

    for (size_t i = first; i < count && i <= at + CONTEXT; i++)
        if (steps[i].mark != ' ')
            return true;
    return false;
}

static void print(const struct step *steps, size_t count, bool color, FILE *out)
{
    bool gap = false;

    for (size_t i = 0; i < count; i++) {
        const char *begin = steps[i].mark == '-' ? RED : steps[i].mark == '+' ? GREEN : "";
        if (!near_change(steps, count, i)) {
            gap = true;
            continue;
        }
        if (gap)
            fputs("@@\n", out);
        gap = false;
        fprintf(out, "%s%c%.*s%s\n", color ? begin : "", steps[i].mark, (int)steps[i].line.len,
                steps[i].line.ptr, color && begin[0] ? PLAIN : "");
    }
}

bool fc_diff_print(const char *old_name, const char *old_text, const char *new_name,
                   const char *new_text, bool color, FILE *out)
{
    struct lines a = {.count = 0}, b = {.count = 0};
    struct step *steps = NULL;
    uint16_t *table = NULL;
    bool good = strcmp(old_text, new_text) == 0;

    if (good)
        return true;
    if (split(old_text, &a) && split(new_text, &b)) {
        table = common(&a, &b);
        steps = calloc(a.count + b.count + 1, sizeof *steps);
    }
    good = table && steps;
    if (good) {
        fprintf(out, "--- %s\n+++ %s\n", old_name, new_name);
        print(steps, walk(&a, &b, table, steps), color, out);
    }
    free(a.items);
    free(b.items);
    free(table);
    free(steps);
    return good;
}
