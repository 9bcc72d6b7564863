/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/kafka_config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "worker/sources/kafka_config_internal.h"

#define FILE_MAX ((size_t)256 << 10)
/* Shorter ones would be found in every text; and one that is longer than its replacement is gone for good. */
#define SECRET_MIN 4

/* Sections, in the order of how much they count. */
enum section { EVERY_CLUSTER, STAR, THIS_CLUSTER, ANOTHER_CLUSTER };

fc_rc fc_kafka_config_fail(struct fc_kafka_reading *reading, const char *format, ...)
{
    char text[600];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return fc_fail(reading->err, FC_REASON_SOURCE_UNREACHABLE,
                   "the server's Kafka properties (sources.kafka_config), line %u: %s",
                   reading->line, text);
}

/* Which of the source's servers a section has: none, all, or only some, which is refused. */
static fc_rc match(struct fc_kafka_reading *reading, const struct fc_kafka_servers *section,
                   const struct fc_kafka_servers *servers, enum section *ret)
{
    const struct fc_kafka_server *in = NULL, *out = NULL;

    for (size_t i = 0; i < servers->count; i++)
        if (fc_kafka_servers_have(section, &servers->items[i]))
            in = &servers->items[i];
        else
            out = &servers->items[i];
    *ret = in ? THIS_CLUSTER : ANOTHER_CLUSTER;
    if (in && out)
        return fc_fail(reading->err, FC_REASON_SOURCE_DENIED,
                       "broker %s is known to this server as one of a cluster that %s does not "
                       "belong to: name the brokers of one cluster only",
                       in->text, out->text);
    return FC_OK;
}

static fc_rc read_section(struct fc_kafka_reading *reading, char *line,
                          const struct fc_kafka_servers *servers, enum section *ret)
{
    struct fc_error error = FC_ERROR_INIT;
    struct fc_kafka_servers section;
    size_t length = strlen(line);

    if (length < 2 || line[length - 1] != ']')
        return fc_kafka_config_fail(reading, "a section is [host:port, …] or [*]");
    line[length - 1] = '\0';
    char *list = fc_trim(line + 1);
    reading->credentials_allowed = true;
    if (strcmp(list, "*") == 0) {
        *ret = STAR;
        return FC_OK;
    }
    if (fc_kafka_servers_read(list, "section", reading->arena, &section, &error) != FC_OK)
        return fc_kafka_config_fail(reading, "%.300s", error.message);
    return match(reading, &section, servers, ret);
}

/* One pass over the file takes one kind of section: what counts more comes later. */
static fc_rc read_line(struct fc_kafka_reading *reading, char *line,
                       const struct fc_kafka_servers *servers, enum section wanted,
                       enum section *section)
{
    line = fc_trim(line);
    if (*line == '\0' || *line == '#' || *line == '!')
        return FC_OK;
    if (*line == '[')
        return read_section(reading, line, servers, section);
    char *equals = strchr(line, '=');
    if (!equals)
        return fc_kafka_config_fail(reading, "neither key = value nor a section");
    *equals = '\0';
    char *value = fc_trim(equals + 1);
    if (*value && value[strlen(value) - 1] == '\\')
        return fc_kafka_config_fail(
            reading, "a value ends with its line; a longer one goes into a file: ${file:/path}");
    return fc_kafka_config_put(reading, fc_trim(line), value, *section == wanted);
}

static fc_rc read_pass(struct fc_kafka_reading *reading, const char *text,
                       const struct fc_kafka_servers *servers, enum section wanted)
{
    enum section section = EVERY_CLUSTER;
    char *rest = fc_arena_strdup(reading->arena, text);

    if (!rest)
        return fc_fail(reading->err, FC_REASON_OUT_OF_MEMORY, "no memory for Kafka properties");
    reading->line = 0;
    reading->credentials_allowed = false;
    for (char *line = NULL; (line = strsep(&rest, "\n"));) {
        reading->line++;
        fc_rc rc = read_line(reading, line, servers, wanted, &section);
        if (rc != FC_OK)
            return rc;
    }
    return FC_OK;
}

static fc_rc read_text(const char *text, const struct fc_kafka_servers *servers,
                       struct fc_arena *arena, struct fc_kafka_config *config, struct fc_error *err)
{
    struct fc_kafka_reading reading = {.arena = arena, .config = config, .err = err};
    fc_rc rc = FC_OK;

    config->properties =
        fc_arena_calloc(arena, FC_KAFKA_PROPERTIES_MAX, sizeof *config->properties);
    if (!config->properties)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for Kafka properties");
    for (int wanted = EVERY_CLUSTER; rc == FC_OK && wanted <= THIS_CLUSTER; wanted++)
        rc = read_pass(&reading, text, servers, (enum section)wanted);
    return rc;
}

fc_rc fc_kafka_config_read(const char *path, const struct fc_kafka_servers *servers,
                           struct fc_arena *arena, struct fc_kafka_config *ret,
                           struct fc_error *err)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    struct fc_kafka_config config = {.count = 0};
    struct fc_error error = FC_ERROR_INIT;

    if (path && path[0] &&
        fc_file_read(path, "file of Kafka properties", FILE_MAX, &text, &error) != FC_OK)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "sources.kafka_config: %s",
                       error.message);
    fc_rc rc = read_text(fc_buf_text(&text), servers, arena, &config, err);
    if (rc == FC_OK)
        *ret = config;
    return rc;
}

/* The text with each occurrence of the secret replaced. */
static char *without(struct fc_arena *arena, char *text, const char *secret)
{
    for (char *at = NULL; text && (at = strstr(text, secret));)
        text = fc_arena_printf(arena, "%.*s***%s", (int)(at - text), text, at + strlen(secret));
    return text;
}

char *fc_kafka_config_scrub(const struct fc_kafka_config *config, const char *text,
                            struct fc_arena *arena)
{
    char *clean = fc_arena_strdup(arena, text);

    for (size_t i = 0; i < config->count; i++) {
        const struct fc_kafka_property *p = &config->properties[i];
        if (p->secret && strlen(p->value) >= SECRET_MIN)
            clean = without(arena, clean, p->value);
    }
    return clean;
}
