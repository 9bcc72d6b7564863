/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl online get */
#include <string.h>

#include "client/cli.h"
#include "client/online_read.h"
#include "client/output.h"
#include "client/table.h"
#include "client/values.h"

typedef Feast__Serving__GetOnlineFeaturesResponse__FieldValues field_values;

static const Feast__Types__Value *value_of(const field_values *row, const char *key)
{
    for (size_t i = 0; i < row->n_fields; i++)
        if (strcmp(row->fields[i]->key, key) == 0)
            return row->fields[i]->value;
    return NULL;
}

static const char *status_of(const field_values *row, const char *key)
{
    for (size_t i = 0; i < row->n_statuses; i++) {
        if (strcmp(row->statuses[i]->key, key) == 0) {
            const ProtobufCEnumValue *status = protobuf_c_enum_descriptor_get_value(
                &feast__serving__field_status__descriptor, (int)row->statuses[i]->value);
            return status ? status->name : "?";
        }
    }
    return "?";
}

static const char *feature_key(struct fc_online_read *r, size_t feature)
{
    const char *key = fc_arena_printf(r->cli->arena, "%s:%s", r->table->name, r->features[feature]);

    return key ? key : "";
}

static json_t *row_object(struct fc_online_read *r, const fc_entity_row *asked,
                          const field_values *row)
{
    json_t *entities = json_object(), *features = json_object();

    for (size_t i = 0; i < asked->n_fields; i++)
        json_object_set_new(entities, asked->fields[i]->key,
                            fc_value_json(asked->fields[i]->value));
    for (size_t i = 0; i < r->feature_count; i++) {
        const char *key = feature_key(r, i);
        json_object_set_new(features, r->features[i],
                            json_pack("{s:o, s:s}", "value", fc_value_json(value_of(row, key)),
                                      "status", status_of(row, key)));
    }
    return json_pack("{s:o, s:o}", "entities", entities, "features", features);
}

static enum fc_exit print_object(struct fc_online_read *r,
                                 const Feast__Serving__GetOnlineFeaturesResponse *reply)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < reply->n_field_values; i++)
        json_array_append_new(rows,
                              row_object(r, r->request.entity_rows[i], reply->field_values[i]));
    return fc_output_value(r->cli, "OnlineFeatures",
                           json_pack("{s:s, s:o}", "table", r->table->name, "rows", rows));
}

static const char *key_text(struct fc_online_read *r, const fc_entity_row *row)
{
    const char *text = "";

    for (size_t i = 0; i < row->n_fields && text; i++)
        text = fc_arena_printf(r->cli->arena, "%s%s%s=%s", text, i ? " " : "", row->fields[i]->key,
                               fc_value_text(r->cli->arena, row->fields[i]->value));
    return text;
}

static enum fc_exit print_table(struct fc_online_read *r,
                                const Feast__Serving__GetOnlineFeaturesResponse *reply)
{
    static const struct fc_table_column columns[] = {
        {.title = "KEY"}, {.title = "FEATURE"}, {.title = "VALUE"}, {.title = "STATUS"}, {0}};
    struct fc_table *table = fc_table_new(r->cli->arena, columns);

    for (size_t i = 0; table && i < reply->n_field_values; i++) {
        for (size_t f = 0; f < r->feature_count; f++) {
            const char *key = feature_key(r, f);
            fc_table_row(table);
            fc_table_cell(table, key_text(r, r->request.entity_rows[i]));
            fc_table_cell(table, r->features[f]);
            fc_table_cell(table,
                          fc_value_text(r->cli->arena, value_of(reply->field_values[i], key)));
            fc_table_cell(table, status_of(reply->field_values[i], key));
        }
    }
    return table && fc_table_print(table, true, r->cli->out) ? FC_EXIT_OK
                                                             : fc_cli_no_memory(r->cli);
}

static enum fc_exit ask(struct fc_online_read *r)
{
    struct fc_call call = {.method = &fc_method_serving_get, .request = &r->request.base};
    struct fc_error err = FC_ERROR_INIT;

    if (fc_client_call(r->cli, &call, &err) != FC_OK)
        return fc_client_fail(r->cli, &call, &err);
    const Feast__Serving__GetOnlineFeaturesResponse *reply = (const void *)call.reply.message;
    if (reply->n_field_values != r->request.n_entity_rows) {
        (void)fc_fail(&err, FC_REASON_INTERNAL, "%zu rows were asked for and %zu came",
                      r->request.n_entity_rows, reply->n_field_values);
        return fc_cli_fail(r->cli, &err);
    }
    return fc_output_wanted(r->cli) ? print_object(r, reply) : print_table(r, reply);
}

enum fc_exit fc_cmd_online_get(struct fc_cli *cli)
{
    struct fc_online_read read;
    enum fc_exit code = fc_online_read_init(&read, cli);

    return code == FC_EXIT_OK ? ask(&read) : code;
}
