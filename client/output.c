/* SPDX-License-Identifier: Apache-2.0 */
#include "client/output.h"

#include "base/pbjson.h"

void fc_output_begin(struct fc_output *output, const char *kind, const char *prefix, bool single)
{
    *output =
        (struct fc_output){.kind = kind, .prefix = prefix, .single = single, .items = json_array()};
    output->failed = !output->items;
}

void fc_output_done(struct fc_output *output)
{
    json_decref(output->items);
    fc_buf_done(&output->names);
}

void fc_output_add(struct fc_output *output, const char *name, json_t *object)
{
    fc_buf_printf(&output->names, "%s/%s\n", output->prefix, name);
    if (json_array_append_new(output->items, object) != 0)
        output->failed = true;
}

/* `kind` first, then what the object has; with the version of the form when it stands alone in JSON. */
static json_t *with_kind(const char *kind, json_t *object, bool versioned)
{
    json_t *all = versioned
                      ? json_pack("{s:i, s:s}", "schemaVersion", FC_OUTPUT_SCHEMA, "kind", kind)
                      : json_pack("{s:s}", "kind", kind);

    if (all && json_object_update(all, object) != 0) {
        json_decref(all);
        return NULL;
    }
    return all;
}

static json_t *as_list(const struct fc_output *output)
{
    char kind[64];
    json_t *items = json_array(), *item;
    size_t i;

    snprintf(kind, sizeof(kind), "%sList", output->kind);
    json_array_foreach (output->items, i, item) {
        if (json_array_append_new(items, with_kind(output->kind, item, false)) != 0) {
            json_decref(items);
            return NULL;
        }
    }
    return json_pack("{s:i, s:s, s:o}", "schemaVersion", FC_OUTPUT_SCHEMA, "kind", kind, "items",
                     items);
}

static bool put_json(json_t *value, struct fc_buf *text)
{
    struct fc_error err = FC_ERROR_INIT;
    bool good = value && fc_json_to_text(value, text, &err) == FC_OK;

    fc_buf_putc(text, '\n');
    json_decref(value);
    return good && !text->failed;
}

static bool put_yaml(json_t *value, struct fc_buf *text)
{
    struct fc_error err = FC_ERROR_INIT;
    bool good = value && fc_json_to_yaml(value, text, &err) == FC_OK;

    json_decref(value);
    return good;
}

static bool put_documents(const struct fc_output *output, struct fc_buf *text)
{
    json_t *item;
    size_t i;

    json_array_foreach (output->items, i, item) {
        if (!output->single)
            fc_buf_puts(text, "---\n");
        if (!put_yaml(with_kind(output->kind, item, false), text))
            return false;
    }
    return true;
}

enum fc_exit fc_output_print(struct fc_cli *cli, struct fc_output *output)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    bool good;

    if (output->failed || output->names.failed)
        return fc_cli_no_memory(cli);
    switch (cli->format) {
    case FC_FORMAT_NAME:
        fputs(fc_buf_text(&output->names), cli->out);
        return FC_EXIT_OK;
    case FC_FORMAT_YAML:
        good = put_documents(output, &text);
        break;
    default:
        good = put_json(output->single
                            ? with_kind(output->kind, json_array_get(output->items, 0), true)
                            : as_list(output),
                        &text);
        break;
    }
    if (!good)
        return fc_cli_no_memory(cli);
    fputs(fc_buf_text(&text), cli->out);
    return FC_EXIT_OK;
}

enum fc_exit fc_output_value(struct fc_cli *cli, const char *kind, json_t *object)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    json_t *value = object ? with_kind(kind, object, true) : NULL;
    bool good = cli->format == FC_FORMAT_YAML ? put_yaml(value, &text) : put_json(value, &text);

    json_decref(object);
    if (!good)
        return fc_cli_no_memory(cli);
    fputs(fc_buf_text(&text), cli->out);
    return FC_EXIT_OK;
}
