/* SPDX-License-Identifier: Apache-2.0 */
#include "base/violations.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const struct fc_violation exhausted = {
    .reason = FC_REASON_REQUEST_TOO_LARGE,
    .field = "",
    .message = "the request holds more violations than can be reported",
};

void fc_violations_init(struct fc_violations *list, struct fc_arena *arena)
{
    *list = (struct fc_violations){.arena = arena};
}

static bool grow(struct fc_violations *list)
{
    if (list->count < list->capacity)
        return true;
    size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
    struct fc_violation *items = fc_arena_calloc(list->arena, capacity, sizeof *items);
    if (!items)
        return false;
    if (list->count > 0)
        memcpy(items, list->items, list->count * sizeof *items);
    list->items = items;
    list->capacity = capacity;
    return true;
}

FC_PRINTF(2, 0) static char *format_text(struct fc_arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int needed = vsnprintf(NULL, 0, format, args);
    char *text = needed < 0 ? NULL : fc_arena_alloc(arena, (size_t)needed + 1);
    if (text)
        (void)vsnprintf(text, (size_t)needed + 1, format, again);
    va_end(again);
    return text;
}

void fc_violations_add(struct fc_violations *list, enum fc_reason reason, const char *field,
                       const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *message = format_text(list->arena, format, args);
    va_end(args);
    char *path = fc_arena_strdup(list->arena, field);
    if (!grow(list)) {
        /* The list stays non-empty whatever happens: an unreported violation must not become an accepted request. */
        if (list->count == 0) {
            list->items = (struct fc_violation *)&exhausted;
            list->count = 1;
            list->capacity = 1;
        }
        return;
    }
    list->items[list->count++] =
        message && path ? (struct fc_violation){.reason = reason, .field = path, .message = message}
                        : exhausted;
}

static size_t join(const struct fc_violations *list, char *buffer, size_t size)
{
    size_t used = 0;
    buffer[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        const char *separator = i == 0 ? "" : "; ";
        size_t need = strlen(separator) + strlen(list->items[i].message);
        /* Room is kept for the line that counts what was left out. */
        size_t reserve = i + 1 == list->count ? 1 : 40;
        if (used + need + reserve > size) {
            int n = i == 0
                        ? snprintf(buffer, size, "%s", list->items[0].message)
                        : snprintf(buffer + used, size - used, "; and %zu more", list->count - i);
            size_t written = n < 0 ? 0 : (size_t)n;
            return used + written < size ? used + written : size - 1;
        }
        (void)snprintf(buffer + used, size - used, "%s%s", separator, list->items[i].message);
        used += need;
    }
    return used;
}

fc_rc fc_violations_to_error(const struct fc_violations *list, struct fc_error *err)
{
    if (list->count == 0)
        return FC_OK;
    char message[sizeof err->message];
    (void)join(list, message, sizeof message);
    return fc_fail_field(err, list->items[0].reason, list->items[0].field, "%s", message);
}

const char *fc_violations_text(const struct fc_violations *list, size_t limit)
{
    char *buffer = fc_arena_alloc(list->arena, limit + 1);
    if (!buffer)
        return list->count > 0 ? list->items[0].message : "";
    (void)join(list, buffer, limit + 1);
    return buffer;
}
