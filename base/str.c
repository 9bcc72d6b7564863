/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LONGEST_WORD 64 /* longer words are no typing mistakes worth a suggestion */

int fc_str_cmp(fc_str a, fc_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

fc_str fc_str_trim(fc_str text)
{
    while (text.len > 0 && isspace((unsigned char)text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && isspace((unsigned char)text.ptr[text.len - 1]))
        text.len--;
    return text;
}

char *fc_trim(char *text)
{
    fc_str inner = fc_str_trim(fc_str_from(text));
    char *begin = text + (inner.ptr - text);

    begin[inner.len] = '\0';
    return begin;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

size_t fc_str_distance(const char *a, const char *b, size_t cap)
{
    size_t rows[3][LONGEST_WORD + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    size_t len_a = strlen(a), len_b = strlen(b);

    if (len_a > LONGEST_WORD || len_b > LONGEST_WORD)
        return cap;
    for (size_t j = 0; j <= len_b; j++)
        last[j] = j;
    for (size_t i = 1; i <= len_a; i++) {
        row[0] = i;
        for (size_t j = 1; j <= len_b; j++) {
            size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[len_b] < cap ? last[len_b] : cap;
}

const char *fc_str_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t limit = strlen(word) / 3 + 1;
    size_t best = limit + 1;
    const char *nearest = NULL;

    for (size_t i = 0; i < count; i++) {
        size_t distance = fc_str_distance(word, candidates[i], limit + 1);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

bool fc_is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);

    while (*choices != '\0') {
        size_t word = strcspn(choices, "|");
        if (word == len && strncmp(choices, text, len) == 0)
            return true;
        choices += word + (choices[word] == '|');
    }
    return false;
}

void fc_buf_done(struct fc_buf *buf)
{
    free(buf->ptr);
    *buf = (struct fc_buf)FC_BUF_INIT;
}

void fc_buf_clear(struct fc_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->ptr)
        buf->ptr[0] = '\0';
}

bool fc_buf_reserve(struct fc_buf *buf, size_t extra)
{
    if (buf->failed || extra >= SIZE_MAX / 2 - buf->len) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->len + extra + 1;
    if (need <= buf->capacity)
        return true;
    size_t capacity = buf->capacity == 0 ? 128 : buf->capacity;
    while (capacity < need)
        capacity *= 2;
    char *grown = realloc(buf->ptr, capacity);
    if (!grown) {
        buf->failed = true;
        return false;
    }
    buf->ptr = grown;
    buf->capacity = capacity;
    return true;
}

void fc_buf_append(struct fc_buf *buf, const void *data, size_t len)
{
    if (fc_buf_reserve(buf, len)) {
        if (len > 0)
            memcpy(buf->ptr + buf->len, data, len);
        buf->len += len;
        buf->ptr[buf->len] = '\0';
    }
}

void fc_buf_puts(struct fc_buf *buf, const char *text)
{
    fc_buf_append(buf, text, strlen(text));
}

void fc_buf_putc(struct fc_buf *buf, char c)
{
    fc_buf_append(buf, &c, 1);
}

void fc_buf_printf(struct fc_buf *buf, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int needed = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (needed >= 0 && fc_buf_reserve(buf, (size_t)needed)) {
        (void)vsnprintf(buf->ptr + buf->len, (size_t)needed + 1, format, again);
        buf->len += (size_t)needed;
    }
    va_end(again);
}
