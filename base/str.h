/* SPDX-License-Identifier: Apache-2.0 */
/** Byte strings with a length, and a growable buffer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

/** Borrowed bytes; not necessarily NUL-terminated, may hold any byte. `ptr` may be NULL when `len` is 0. */
typedef struct fc_str {
    const char *ptr;
    size_t len;
} fc_str;

#define FC_STR(literal) ((fc_str){.ptr = (literal), .len = sizeof(literal) - 1})

static inline fc_str fc_str_from(const char *text)
{
    return (fc_str){.ptr = text, .len = text ? strlen(text) : 0};
}

static inline bool fc_str_eq(fc_str a, fc_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/** Byte order, shorter first on a common prefix: <0, 0, >0. */
int fc_str_cmp(fc_str a, fc_str b);

/** Without the white space (of the C locale) at both ends. */
fc_str fc_str_trim(fc_str text);
/** The same in place: cuts the end off and returns the new beginning, within `text`. */
char *fc_trim(char *text);

/** Edit distance with transpositions, capped at `cap`; for "did you mean". */
size_t fc_str_distance(const char *a, const char *b, size_t cap);

/** The candidate nearest to `word` (distance at most a third of its length), or NULL. */
const char *fc_str_nearest(const char *word, const char *const *candidates, size_t count);

/** Whether `text` is one of the words of "a|b|c". */
bool fc_is_choice(const char *choices, const char *text);

/** A growable byte buffer on the heap. A failed allocation sets `failed` and later appends do nothing: check once. */
struct fc_buf {
    char *ptr; /**< NUL-terminated after each append; NULL while empty */
    size_t len;
    size_t capacity;
    bool failed;
};

#define FC_BUF_INIT                                                                                \
    {                                                                                              \
        0                                                                                          \
    }

void fc_buf_done(struct fc_buf *buf);
void fc_buf_clear(struct fc_buf *buf);
/** Makes room for `extra` more bytes; false when memory is out. */
bool fc_buf_reserve(struct fc_buf *buf, size_t extra);
void fc_buf_append(struct fc_buf *buf, const void *data, size_t len);
void fc_buf_puts(struct fc_buf *buf, const char *text);
void fc_buf_putc(struct fc_buf *buf, char c);
void fc_buf_printf(struct fc_buf *buf, const char *format, ...) FC_PRINTF(2, 3);
/** The text so far, "" while empty. */
static inline const char *fc_buf_text(const struct fc_buf *buf)
{
    return buf->ptr ? buf->ptr : "";
}
