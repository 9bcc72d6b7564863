/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/sys.h"
#include "base/time.h"

#define LONGEST_VALUE 4096 /* of one field: a peer may choose it */

static struct {
    const char *component;
    enum fc_log_level level;
    enum fc_log_format format;
} settings = {.component = "feast", .level = FC_LOG_INFO, .format = FC_LOG_LOGFMT};

static const char *const level_names[] = {
    [FC_LOG_DEBUG] = "debug",
    [FC_LOG_INFO] = "info",
    [FC_LOG_WARN] = "warn",
    [FC_LOG_ERROR] = "error",
};

void fc_log_init(const char *component, enum fc_log_level level, enum fc_log_format format)
{
    settings.component = component;
    settings.level = level;
    settings.format = format;
}

bool fc_log_enabled(enum fc_log_level level)
{
    return level >= settings.level;
}

bool fc_log_level_parse(const char *text, enum fc_log_level *ret)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(level_names); i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *ret = (enum fc_log_level)i;
            return true;
        }
    }
    return false;
}

static void put_quoted(struct fc_buf *line, const char *text)
{
    size_t len = strnlen(text, LONGEST_VALUE);

    fc_buf_putc(line, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            fc_buf_putc(line, '\\');
            fc_buf_putc(line, (char)c);
        } else if (c == '\n') {
            fc_buf_puts(line, "\\n");
        } else if (c < 0x20 || c == 0x7f) {
            fc_buf_printf(line, "\\u%04x", c);
        } else {
            fc_buf_putc(line, (char)c);
        }
    }
    fc_buf_putc(line, '"');
}

/* logfmt leaves quotes out where no reader needs them. */
static bool is_plain(const char *text)
{
    size_t len = strnlen(text, LONGEST_VALUE);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= 0x20 || c == 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return len > 0 && text[len] == '\0';
}

static void put_text(struct fc_buf *line, const char *text)
{
    if (settings.format == FC_LOG_LOGFMT && is_plain(text))
        fc_buf_puts(line, text);
    else
        put_quoted(line, text);
}

static void put_key(struct fc_buf *line, const char *key)
{
    if (settings.format == FC_LOG_JSON)
        fc_buf_printf(line, "%s\"%s\":", line->len > 1 ? "," : "", key);
    else
        fc_buf_printf(line, "%s%s=", line->len > 0 ? " " : "", key);
}

static void put_field(struct fc_buf *line, const struct fc_log_field *field)
{
    put_key(line, field->key);
    switch (field->kind) {
    case FC_LOG_FIELD_STR:
        put_text(line, field->value.text ? field->value.text : "");
        break;
    case FC_LOG_FIELD_INT:
        fc_buf_printf(line, "%" PRId64, field->value.number);
        break;
    case FC_LOG_FIELD_DOUBLE:
        fc_buf_printf(line, "%.6g", field->value.real);
        break;
    case FC_LOG_FIELD_BOOL:
        fc_buf_puts(line, field->value.truth ? "true" : "false");
        break;
    case FC_LOG_FIELD_NONE:
        break;
    }
}

void fc_log_emit(enum fc_log_level level, const char *event, const struct fc_log_field *fields,
                 size_t count)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf line = FC_BUF_INIT;
    char now[FC_TIME_TEXT_MAX];
    int64_t now_ns = fc_now_ns(fc_sys_real());

    fc_time_format(now_ns / FC_NS_PER_S,
                   (int32_t)(now_ns % FC_NS_PER_S / FC_NS_PER_MS * FC_NS_PER_MS), now);
    if (settings.format == FC_LOG_JSON)
        fc_buf_putc(&line, '{');
    const struct fc_log_field head[] = {
        FC_LOG_STR("time", now),
        FC_LOG_STR("level", level_names[level]),
        FC_LOG_STR("component", settings.component),
        FC_LOG_STR("event", event),
    };
    for (size_t i = 0; i < FC_ARRAY_LEN(head); i++)
        put_field(&line, &head[i]);
    for (size_t i = 0; i < count; i++)
        put_field(&line, &fields[i]);
    fc_buf_puts(&line, settings.format == FC_LOG_JSON ? "}\n" : "\n");
    if (!line.failed && write(STDERR_FILENO, line.ptr, line.len) < 0)
        return; /* a log that cannot be written is nowhere to be reported */
}
