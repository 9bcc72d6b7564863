/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl online explain: key, row, ages, and why each feature has its status. */
#include <inttypes.h>

#include "base/pbjson.h"
#include "client/cli.h"
#include "client/online_read.h"
#include "client/output.h"
#include "client/table.h"
#include "client/values.h"
#include "feast/admin/v1/admin.pb-c.h"

typedef Feast__Admin__V1__ExplainedRow explained_row;

static const struct fc_table_column columns[] = {{.title = "FEATURE"}, {.title = "DECLARED"},
                                                 {.title = "STORED"},  {.title = "STATUS"},
                                                 {.title = "WHY"},     {0}};

static void put_key(FILE *out, const ProtobufCBinaryData *key)
{
    fprintf(out, "  key          ");
    for (size_t i = 0; i < key->len; i++)
        fprintf(out, "%02x", key->data[i]);
    fputs(key->len ? "\n" : "(none: a part of it is null)\n", out);
}

static void put_row(struct fc_cli *cli, const explained_row *row)
{
    FILE *out = cli->out;

    fprintf(out, "table %s in %s%s\n", row->table, row->store,
            row->store_exists ? "" : " (nothing was ever written there)");
    put_key(out, &row->key);
    if (!row->found) {
        fprintf(out, "  row          there is none\n");
        return;
    }
    fprintf(out, "  row          %" PRIu64 " bytes\n", row->bytes);
    fprintf(out, "  event time   %s, %" PRId64 " s ago\n", fc_time_text(cli->arena, row->event),
            row->age_seconds);
    if (row->created)
        fprintf(out, "  created time %s\n", fc_time_text(cli->arena, row->created));
    if (row->expires)
        fprintf(out, "  expires      %s\n", fc_time_text(cli->arena, row->expires));
    if (row->max_age_seconds > 0)
        fprintf(out, "  max age      %" PRId64 " s\n", row->max_age_seconds);
}

static const char *status_name(int status)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&feast__serving__field_status__descriptor, status);

    return value ? value->name : "?";
}

static bool put_features(struct fc_cli *cli, const explained_row *row)
{
    struct fc_table *table = fc_table_new(cli->arena, columns);

    for (size_t i = 0; table && i < row->n_features; i++) {
        const Feast__Admin__V1__ExplainedFeature *feature = row->features[i];
        fc_table_row(table);
        fc_table_cell(table, feature->name);
        fc_table_cell(table, fc_type_name((int)feature->declared_type));
        fc_table_cell(table, fc_value_text(cli->arena, feature->value));
        fc_table_cell(table, status_name((int)feature->status));
        fc_table_cell(table, feature->explanation);
    }
    fputc('\n', cli->out);
    return table && fc_table_print(table, false, cli->out);
}

enum fc_exit fc_cmd_online_explain(struct fc_cli *cli)
{
    Feast__Admin__V1__ExplainOnlineRequest request = FEAST__ADMIN__V1__EXPLAIN_ONLINE_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_admin_explain, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_online_read read;
    enum fc_exit code = fc_online_read_init(&read, cli);

    if (code != FC_EXIT_OK)
        return code;
    request.read = &read.request;
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    const Feast__Admin__V1__ExplainOnlineResponse *reply = (const void *)call.reply.message;
    if (fc_output_wanted(cli))
        return fc_output_value(cli, "OnlineExplanation", fc_pbjson_encode(&reply->base, 0));
    for (size_t i = 0; i < reply->n_rows; i++) {
        fputs(i ? "\n" : "", cli->out);
        put_row(cli, reply->rows[i]);
        if (!put_features(cli, reply->rows[i]))
            return fc_cli_no_memory(cli);
    }
    return FC_EXIT_OK;
}
