/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "base/json_text.h"
#include "base/pbjson.h"

#define INDENT 2

static void put(const json_t *value, unsigned depth, struct fc_buf *out);

/* Words that some reader of YAML takes for something else than a text. */
static bool is_reserved(const char *text)
{
    static const char *const words[] = {"true", "false", "yes",  "no",  "on", "off",
                                        "y",    "n",     "null", "nan", "inf"};

    for (size_t i = 0; i < FC_ARRAY_LEN(words); i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

/* `7200s` and its like begin with a digit and are no number to anybody. */
static bool is_duration(const char *text, size_t len)
{
    return len > 1 && strspn(text, "0123456789") == len - 1 && text[len - 1] == 's';
}

static bool is_plain(const char *text, size_t len)
{
    if (len == 0 || is_reserved(text) || text[len - 1] == ' ' || text[len - 1] == ':')
        return false;
    if (!isalpha((unsigned char)text[0]) && text[0] != '_' && text[0] != '/')
        return is_duration(text, len);
    for (size_t i = 0; i < len; i++) {
        if (isalnum((unsigned char)text[i]) || (text[i] != '\0' && strchr("_./+@=,()-", text[i])))
            continue;
        if (text[i] == ':' && text[i + 1] != ' ')
            continue;
        if (text[i] != ' ')
            return false;
    }
    return true;
}

/* The character at `text` and its length in octets; the text is UTF-8. */
static unsigned next_character(const unsigned char *text, size_t *ret_len)
{
    if (text[0] < 0x80) {
        *ret_len = 1;
        return text[0];
    }
    if (text[0] < 0xe0) {
        *ret_len = 2;
        return (text[0] & 0x1fu) << 6 | (text[1] & 0x3fu);
    }
    if (text[0] < 0xf0) {
        *ret_len = 3;
        return (text[0] & 0x0fu) << 12 | (text[1] & 0x3fu) << 6 | (text[2] & 0x3fu);
    }
    *ret_len = 4;
    return (text[0] & 0x07u) << 18 | (text[1] & 0x3fu) << 12 | (text[2] & 0x3fu) << 6 |
           (text[3] & 0x3fu);
}

/* What a reader of YAML refuses, folds or drops when it stands there as it is. */
static bool needs_escape(unsigned c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
           (c & 0xfffe) == 0xfffe;
}

static void put_quoted(const char *text, size_t len, struct fc_buf *out)
{
    size_t width;

    fc_buf_putc(out, '"');
    for (size_t i = 0; i < len; i += width) {
        unsigned c = next_character((const unsigned char *)text + i, &width);
        if (c == '"' || c == '\\')
            fc_buf_printf(out, "\\%c", (int)c);
        else if (c == '\n')
            fc_buf_puts(out, "\\n");
        else if (c == '\t')
            fc_buf_puts(out, "\\t");
        else if (!needs_escape(c))
            fc_buf_append(out, text + i, width);
        else if (c <= 0xffff)
            fc_buf_printf(out, "\\u%04x", c);
        else
            fc_buf_printf(out, "\\U%08x", c);
    }
    fc_buf_putc(out, '"');
}

static void put_text(const char *text, size_t len, struct fc_buf *out)
{
    if (is_plain(text, len))
        fc_buf_append(out, text, len);
    else
        put_quoted(text, len, out);
}

static void put_scalar(const json_t *value, struct fc_buf *out)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        put_text(json_string_value(value), json_string_length(value), out);
        break;
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        fc_json_atom(value, out);
        break;
    case JSON_OBJECT:
        fc_buf_puts(out, "{}");
        break;
    case JSON_ARRAY:
        fc_buf_puts(out, "[]");
        break;
    }
}

static bool is_block(const json_t *value)
{
    return json_object_size(value) > 0 || json_array_size(value) > 0;
}

static void put_mapping(const json_t *value, unsigned depth, struct fc_buf *out)
{
    const char *key;
    json_t *item;
    bool first = true;

    json_object_foreach ((json_t *)value, key, item) {
        if (!first)
            fc_buf_printf(out, "%*s", (int)depth * INDENT, "");
        first = false;
        put_text(key, strlen(key), out);
        fc_buf_putc(out, ':');
        if (!is_block(item)) {
            fc_buf_putc(out, ' ');
            put_scalar(item, out);
            fc_buf_putc(out, '\n');
            continue;
        }
        /* A list stands at the column of its key, as usual. */
        unsigned inner = json_is_array(item) ? depth : depth + 1;
        fc_buf_printf(out, "\n%*s", (int)inner * INDENT, "");
        put(item, inner, out);
    }
}

static void put_list(const json_t *value, unsigned depth, struct fc_buf *out)
{
    json_t *item;
    size_t i;

    json_array_foreach (value, i, item) {
        if (i > 0)
            fc_buf_printf(out, "%*s", (int)depth * INDENT, "");
        fc_buf_puts(out, "- ");
        put(item, depth + 1, out);
    }
}

/* The first line continues the one that is there; the others are indented by `depth`. */
static void put(const json_t *value, unsigned depth, struct fc_buf *out)
{
    if (!is_block(value)) {
        put_scalar(value, out);
        fc_buf_putc(out, '\n');
    } else if (json_is_object(value)) {
        put_mapping(value, depth, out);
    } else {
        put_list(value, depth, out);
    }
}

fc_rc fc_json_to_yaml(const json_t *value, struct fc_buf *out, struct fc_error *err)
{
    put(value, 0, out);
    if (out->failed)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory while writing YAML");
    return FC_OK;
}
