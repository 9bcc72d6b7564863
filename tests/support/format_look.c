/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads messages of a format and prints what they are as JSON: how tests/sources/formats.py drives worker/formats/.
 *
 *     format_look avro SCHEMA_FILE [COLUMN]...
 *     format_look protobuf CLASS DESCRIPTORS [COLUMN]...
 *
 * Messages come on stdin, a line of hexadecimal digits each; COLUMN are names that are looked for beyond those listed.
 * The first line of the answer is an object of columns, [type, kind]; then a line a message: an array of
 * cells, or a string that says what is wrong. At the end the format's remark, or null.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "worker/contract/advice.h"
#include "worker/contract/cell_json.h"
#include "worker/formats/format.h"

#define ARENA_BYTES ((size_t)256 << 20)

static struct fc_error err = FC_ERROR_INIT;

static void must(fc_rc rc)
{
    if (rc == FC_OK)
        return;
    fprintf(stderr, "%s: %s\n", fc_reason_info(err.reason)->word, err.message);
    exit(1);
}

static void put(struct fc_buf *out)
{
    fc_buf_putc(out, '\n');
    fputs(fc_buf_text(out), stdout);
    fc_buf_clear(out);
}

static int digit(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

static fc_str from_hex(const char *line, struct fc_arena *arena)
{
    size_t size = strcspn(line, "\n") / 2;
    char *bytes = fc_arena_alloc(arena, size + 1);

    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(digit(line[2 * i]) << 4 | digit(line[2 * i + 1]));
    return (fc_str){.ptr = bytes, .len = size};
}

static void put_columns(const struct fc_source_column *columns, size_t count,
                        struct fc_arena *arena, struct fc_buf *out)
{
    fc_buf_putc(out, '{');
    for (size_t i = 0; i < count; i++) {
        fc_buf_puts(out, i > 0 ? ", " : "");
        fc_json_text(out, fc_str_from(columns[i].name));
        fc_buf_puts(out, ": [");
        fc_json_text(out, fc_str_from(columns[i].type.text));
        fc_buf_puts(out, ", ");
        fc_json_text(out, fc_str_from(fc_kind_text(&columns[i].type, arena)));
        fc_buf_putc(out, ']');
    }
    fc_buf_putc(out, '}');
    put(out);
}

static void read_messages(const struct fc_format_ops *ops, struct fc_format *format,
                          const struct fc_source_column *columns, size_t count, struct fc_buf *out)
{
    struct fc_arena *arena = fc_arena_new(ARENA_BYTES);
    struct fc_cell *cells = calloc(count + 1, sizeof *cells);
    char *line = NULL;
    size_t capacity = 0;

    while (getline(&line, &capacity, stdin) > 0) {
        fc_arena_reset(arena);
        if (ops->decode(format, from_hex(line, arena), arena, cells, &err) != FC_OK) {
            fc_json_text(out, fc_str_from(err.message));
            put(out);
            continue;
        }
        fc_buf_putc(out, '[');
        for (size_t i = 0; i < count; i++) {
            fc_buf_puts(out, i > 0 ? ", " : "");
            fc_cell_json(out, &columns[i].type, &cells[i]);
        }
        fc_buf_putc(out, ']');
        put(out);
    }
    const char *remark = ops->remark(format, arena);
    if (remark)
        fc_json_text(out, fc_str_from(remark));
    else
        fc_buf_puts(out, "null");
    put(out);
    free(line);
    free(cells);
    fc_arena_free(arena);
}

/* The rest of the arguments are columns that are looked for. */
static void look(const struct fc_format_env *env, const Feast__Core__StreamFormat *message,
                 const char *const *wanted, size_t wanted_count)
{
    struct fc_arena *arena = fc_arena_new(ARENA_BYTES);
    const struct fc_format_ops *ops = NULL;
    struct fc_format *format = NULL;
    struct fc_source_column *columns = NULL;
    struct fc_buf out = FC_BUF_INIT;
    size_t count = 0;

    must(fc_format_ops_for(message, &ops, &err));
    must(ops->open(env, message, arena, &format, &err));
    must(ops->describe(format, wanted, wanted_count, arena, &columns, &count, &err));
    const char **names = fc_arena_calloc(arena, count + 1, sizeof(char *));
    for (size_t i = 0; i < count; i++)
        names[i] = columns[i].name;
    must(ops->select(format, names, count, &err));
    put_columns(columns, count, arena, &out);
    read_messages(ops, format, columns, count, &out);
    fc_buf_done(&out);
    fc_arena_free(arena);
}

int main(int argc, char **argv)
{
    Feast__Core__StreamFormat__AvroFormat avro = FEAST__CORE__STREAM_FORMAT__AVRO_FORMAT__INIT;
    Feast__Core__StreamFormat__ProtoFormat proto = FEAST__CORE__STREAM_FORMAT__PROTO_FORMAT__INIT;
    Feast__Core__StreamFormat message = FEAST__CORE__STREAM_FORMAT__INIT;
    Feast__Worker__V1__Access order = FEAST__WORKER__V1__ACCESS__INIT;
    const struct fc_access access = {.order = &order};
    const struct fc_format_env env = {.sys = fc_sys_real(), .access = &access};
    struct fc_buf schema = FC_BUF_INIT;
    bool is_avro = argc > 2 && strcmp(argv[1], "avro") == 0;
    int first = is_avro ? 3 : 4;

    if (argc < first) {
        fputs("usage: format_look avro SCHEMA_FILE | protobuf CLASS DESCRIPTORS\n", stderr);
        return 2;
    }
    if (is_avro) {
        must(fc_file_read(argv[2], "schema", (size_t)1 << 20, &schema, &err));
        avro.schema_json = schema.ptr;
        message.format_case = FEAST__CORE__STREAM_FORMAT__FORMAT_AVRO_FORMAT;
        message.avro_format = &avro;
    } else {
        proto.class_path = argv[2];
        order.descriptors = argv[3];
        message.format_case = FEAST__CORE__STREAM_FORMAT__FORMAT_PROTO_FORMAT;
        message.proto_format = &proto;
    }
    look(&env, &message, (const char *const *)argv + first, (size_t)(argc - first));
    fc_buf_done(&schema);
    return 0;
}
