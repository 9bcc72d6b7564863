/* SPDX-License-Identifier: Apache-2.0 */
#include "client/output.h"

#include "base/pbjson.h"

void fc_output_begin(struct fc_output *output, struct fc_cli *cli, const char *kind,
                     const char *prefix, bool single)
{
    *output = (struct fc_output){.cli = cli, .kind = kind, .prefix = prefix, .single = single};
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

static bool to_text(json_t *value, bool yaml, struct fc_buf *text)
{
    struct fc_error err = FC_ERROR_INIT;
    bool good = value && (yaml ? fc_json_to_yaml(value, text, &err)
                               : fc_json_to_text(value, text, &err)) == FC_OK;

    json_decref(value);
    return good && !text->failed;
}

/* An item of a JSON list: its lines further in. Line ends within strings are escaped in JSON. */
static void put_item(const struct fc_output *output, const struct fc_buf *text)
{
    FILE *out = output->cli->out;

    if (output->count == 0)
        fprintf(out, "{\n  \"schemaVersion\": %d,\n  \"kind\": \"%sList\",\n  \"items\": [",
                FC_OUTPUT_SCHEMA, output->kind);
    fputs(output->count == 0 ? "\n    " : ",\n    ", out);
    for (const char *c = fc_buf_text(text); *c; c++) {
        fputc(*c, out);
        if (*c == '\n')
            fputs("    ", out);
    }
}

void fc_output_add_as(struct fc_output *output, const char *kind, const char *prefix,
                      const char *name, json_t *object)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    enum fc_format format = output->cli->format;
    bool good = object != NULL;

    if (format == FC_FORMAT_NAME) {
        fprintf(output->cli->out, "%s/%s\n", prefix, name);
    } else if (format == FC_FORMAT_YAML) {
        good = good && to_text(with_kind(kind, object, false), true, &text);
        fprintf(output->cli->out, "%s%s", output->single ? "" : "---\n", fc_buf_text(&text));
    } else if (output->single) {
        good = good && to_text(with_kind(kind, object, true), false, &text);
        fprintf(output->cli->out, "%s\n", fc_buf_text(&text));
    } else {
        good = good && to_text(with_kind(kind, object, false), false, &text);
        put_item(output, &text);
    }
    json_decref(object);
    output->count++;
    output->failed = output->failed || !good;
}

void fc_output_add(struct fc_output *output, const char *name, json_t *object)
{
    fc_output_add_as(output, output->kind, output->prefix, name, object);
}

enum fc_exit fc_output_end(struct fc_output *output)
{
    FILE *out = output->cli->out;

    if (output->cli->format == FC_FORMAT_JSON && !output->single) {
        if (output->count == 0)
            fprintf(out,
                    "{\n  \"schemaVersion\": %d,\n  \"kind\": \"%sList\",\n  \"items\": []\n}\n",
                    FC_OUTPUT_SCHEMA, output->kind);
        else
            fputs("\n  ]\n}\n", out);
    }
    return output->failed ? fc_cli_no_memory(output->cli) : FC_EXIT_OK;
}

enum fc_exit fc_output_value(struct fc_cli *cli, const char *kind, json_t *object)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    bool yaml = cli->format == FC_FORMAT_YAML;
    bool good = object && to_text(with_kind(kind, object, true), yaml, &text);

    json_decref(object);
    if (!good)
        return fc_cli_no_memory(cli);
    fprintf(cli->out, "%s%s", fc_buf_text(&text), yaml ? "" : "\n");
    return FC_EXIT_OK;
}
