/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/pattern.h"

#include <fnmatch.h>
#include <limits.h>
#include <string.h>

#define ALTERNATIVES_MAX 256

struct expansion {
    struct fc_arena *arena;
    struct fc_pattern *pattern;
    bool too_many;
};

/* The brace that closes the one at `open`, or NULL. */
static const char *closing(const char *open)
{
    unsigned depth = 0;

    for (const char *at = open; *at; at++)
        if (*at == '{')
            depth++;
        else if (*at == '}' && --depth == 0)
            return at;
    return NULL;
}

/* The end of the alternative that begins at `at`: a comma or the brace at `close`. */
static const char *end_of(const char *at, const char *close)
{
    unsigned depth = 0;

    for (; at < close; at++)
        if (*at == '{')
            depth++;
        else if (*at == '}')
            depth--;
        else if (*at == ',' && depth == 0)
            break;
    return at;
}

/* Texts are longest at the start, so this ends; a brace that nobody closes is a character. */
static void expand(struct expansion *e, const char *text)
{
    const char *open = strchr(text, '{');
    const char *close = open ? closing(open) : NULL;

    if (!close) {
        if (e->pattern->count == ALTERNATIVES_MAX)
            e->too_many = true;
        else
            e->pattern->alternatives[e->pattern->count++] = text;
        return;
    }
    for (const char *at = open + 1; at <= close && !e->too_many;) {
        const char *end = end_of(at, close);
        const char *one = fc_arena_printf(e->arena, "%.*s%.*s%s", (int)(open - text), text,
                                          (int)(end - at), at, close + 1);
        if (!one)
            return;
        expand(e, one);
        at = end + 1;
    }
}

fc_rc fc_pattern_read(const char *text, struct fc_arena *arena, struct fc_pattern *ret,
                      struct fc_error *err)
{
    struct expansion e = {.arena = arena, .pattern = ret};

    *ret = (struct fc_pattern){
        .alternatives = fc_arena_calloc(arena, ALTERNATIVES_MAX, sizeof *ret->alternatives)};
    if (ret->alternatives)
        expand(&e, text);
    if (fc_arena_exhausted(arena))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a pattern");
    if (e.too_many)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "the braces of a pattern make more than %d names of it", ALTERNATIVES_MAX);
    return FC_OK;
}

static bool matches(const char *alternative, const char *name, size_t len)
{
    char part[PATH_MAX];
    size_t own = strlen(alternative);

    if (len >= sizeof(part))
        return false;
    memcpy(part, name, len);
    part[len] = '\0';
    if (own > 1 && alternative[own - 1] == '/' && own < sizeof(part)) {
        char trimmed[PATH_MAX];
        memcpy(trimmed, alternative, own - 1);
        trimmed[own - 1] = '\0';
        return fnmatch(trimmed, part, FNM_PATHNAME) == 0;
    }
    return fnmatch(alternative, part, FNM_PATHNAME) == 0;
}

bool fc_pattern_matches(const struct fc_pattern *pattern, const char *name)
{
    for (size_t i = 0; i < pattern->count; i++) {
        for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/'))
            if (matches(pattern->alternatives[i], name, (size_t)(slash - name)))
                return true;
        if (matches(pattern->alternatives[i], name, strlen(name)))
            return true;
    }
    return false;
}
