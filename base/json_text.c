/* SPDX-License-Identifier: Apache-2.0 */
/* jansson writes 0.1 as 0.10000000000000001; the rest of its writer is good enough to be used. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/json_text.h"
#include "base/pbjson.h"

#define INDENT 2

void fc_json_atom(const json_t *value, struct fc_buf *out)
{
    char text[40];

    if (!json_is_number(value)) {
        fc_buf_puts(out, json_is_null(value) ? "null" : json_is_true(value) ? "true" : "false");
        return;
    }
    if (json_is_integer(value)) {
        fc_buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, json_real_value(value));
        if (strtod(text, NULL) ==
            json_real_value(value)) /* the same double, or one more digit is needed */
            break;
    }
    fc_buf_puts(out, text);
}

static void indent(struct fc_buf *out, unsigned depth)
{
    fc_buf_printf(out, "\n%*s", (int)depth * INDENT, "");
}

static void put_string(const json_t *value, struct fc_buf *out)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY);

    if (text)
        fc_buf_puts(out, text);
    else
        out->failed = true;
    free(text);
}

static void put_key(const char *key, struct fc_buf *out)
{
    json_t *text = json_string(key);

    put_string(text, out);
    json_decref(text);
}

static void put(const json_t *value, unsigned depth, struct fc_buf *out)
{
    const char *key;
    json_t *item;
    size_t i;

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        fc_buf_putc(out, '{');
        i = 0;
        json_object_foreach ((json_t *)value, key, item) {
            fc_buf_puts(out, i++ ? "," : "");
            indent(out, depth + 1);
            put_key(key, out);
            fc_buf_puts(out, ": ");
            put(item, depth + 1, out);
        }
        if (i > 0)
            indent(out, depth);
        fc_buf_putc(out, '}');
        break;
    case JSON_ARRAY:
        fc_buf_putc(out, '[');
        json_array_foreach (value, i, item) {
            fc_buf_puts(out, i ? "," : "");
            indent(out, depth + 1);
            put(item, depth + 1, out);
        }
        if (json_array_size(value) > 0)
            indent(out, depth);
        fc_buf_putc(out, ']');
        break;
    case JSON_STRING:
        put_string(value, out);
        break;
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        fc_json_atom(value, out);
        break;
    }
}

fc_rc fc_json_to_text(const json_t *value, struct fc_buf *out, struct fc_error *err)
{
    put(value, 0, out);
    if (out->failed)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory while writing JSON");
    return FC_OK;
}
