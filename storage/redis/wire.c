/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/redis/wire.h"

/* A mark, 20 characters of a number, CR LF. */
#define HEAD_MAX 24

/* Decimal digits before `end`; returns where they begin. */
static char *digits(char *end, uint64_t number)
{
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return end;
}

static size_t head(char text[HEAD_MAX], char mark, uint64_t number)
{
    char *end = text + HEAD_MAX - 2;

    end[0] = '\r';
    end[1] = '\n';
    char *first = digits(end, number);
    *--first = mark;
    size_t len = (size_t)(end + 2 - first);
    memmove(text, first, len);
    return len;
}

void fc_redis_begin(struct fc_buf *out, size_t words)
{
    char text[HEAD_MAX];
    size_t len = head(text, '*', words);

    fc_buf_append(out, text, len);
}

void fc_redis_word(struct fc_buf *out, fc_str word)
{
    char text[HEAD_MAX];
    size_t len = head(text, '$', word.len);

    if (!fc_buf_reserve(out, len + word.len + 2))
        return;
    fc_buf_append(out, text, len);
    if (word.len > 0)
        fc_buf_append(out, word.ptr, word.len);
    fc_buf_append(out, "\r\n", 2);
}

void fc_redis_number(struct fc_buf *out, int64_t number)
{
    char text[HEAD_MAX], *end = text + HEAD_MAX - 1;
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    char *first = digits(end, magnitude);

    if (number < 0)
        *--first = '-';
    fc_redis_word(out, (fc_str){.ptr = first, .len = (size_t)(end - first)});
}
