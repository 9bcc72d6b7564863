/* SPDX-License-Identifier: Apache-2.0 */
/* Feature tables and features. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/pbjson.h"
#include "client/get.h"
#include "client/output.h"
#include "client/table.h"
#include "client/values.h"
#include "feast/core/CoreService.pb-c.h"

static const struct fc_table_column table_columns[] = {
    {.title = "NAME"},
    {.title = "ENTITIES"},
    {.title = "FEATURES", .right = true},
    {.title = "BATCH SOURCE"},
    {.title = "STREAM SOURCE", .wide = true},
    {.title = "MAX AGE", .wide = true},
    {.title = "REVISION", .wide = true, .right = true},
    {.title = "UPDATED", .wide = true},
    {.title = "LABELS", .wide = true},
    {0},
};

static const char *joined(struct fc_arena *arena, char **words, size_t count)
{
    const char *text = "";

    for (size_t i = 0; text && i < count; i++)
        text = fc_arena_printf(arena, "%s%s%s", text, i ? "," : "", words[i]);
    return text;
}

static void table_row(struct fc_cli *cli, struct fc_table *table,
                      const Feast__Core__FeatureTable *object)
{
    const Feast__Core__FeatureTableSpec *spec = object->spec;
    const Feast__Core__FeatureTableMeta *meta = object->meta;
    struct fc_label *labels = fc_arena_calloc(cli->arena, spec->n_labels + 1, sizeof(*labels));

    for (size_t i = 0; labels && i < spec->n_labels; i++)
        labels[i] = (struct fc_label){spec->labels[i]->key, spec->labels[i]->value};
    fc_table_row(table);
    fc_table_cell(table, spec->name);
    fc_table_cell(table, joined(cli->arena, spec->entities, spec->n_entities));
    fc_table_cellf(table, "%zu", spec->n_features);
    fc_table_cell(table, fc_source_text(cli->arena, spec->batch_source));
    fc_table_cell(table, fc_source_text(cli->arena, spec->stream_source));
    if (spec->max_age && spec->max_age->seconds > 0)
        fc_table_cellf(table, "%" PRId64 "s", spec->max_age->seconds);
    else
        fc_table_cell(table, "");
    fc_table_cellf(table, "%" PRId64, meta ? meta->revision : 0);
    fc_table_cell(table, fc_time_text(cli->arena, meta ? meta->last_updated_timestamp : NULL));
    fc_table_cell(table, labels ? fc_labels_text(cli->arena, labels, spec->n_labels) : NULL);
}

static enum fc_exit print_tables(struct fc_cli *cli, Feast__Core__FeatureTable **tables,
                                 size_t count, bool single)
{
    struct fc_output output;
    struct fc_table *table;
    enum fc_exit code;

    if (fc_output_wanted(cli)) {
        fc_output_begin(&output, "FeatureTable", "table", single);
        for (size_t i = 0; i < count; i++) {
            if (tables[i]->spec)
                fc_output_add(&output, tables[i]->spec->name,
                              fc_pbjson_encode(&tables[i]->base, 0));
        }
        code = fc_output_print(cli, &output);
        fc_output_done(&output);
        return code;
    }
    if (count == 0) {
        fc_get_nothing(cli, "feature tables");
        return FC_EXIT_OK;
    }
    table = fc_table_new(cli->arena, table_columns);
    for (size_t i = 0; table && i < count; i++) {
        if (tables[i]->spec)
            table_row(cli, table, tables[i]);
    }
    return table && fc_table_print(table, cli->format == FC_FORMAT_WIDE, cli->out)
               ? FC_EXIT_OK
               : fc_cli_no_memory(cli);
}

static enum fc_exit get_table(struct fc_cli *cli, const char *name)
{
    Feast__Core__GetFeatureTableRequest request = FEAST__CORE__GET_FEATURE_TABLE_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_core_get_table, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    request.name = (char *)name;
    request.project = (char *)cli->project;
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    Feast__Core__GetFeatureTableResponse *reply = (void *)call.reply.message;
    return print_tables(cli, &reply->table, reply->table ? 1 : 0, true);
}

enum fc_exit fc_get_tables(struct fc_cli *cli, const struct fc_selection *selection)
{
    Feast__Core__ListFeatureTablesRequest request = FEAST__CORE__LIST_FEATURE_TABLES_REQUEST__INIT;
    Feast__Core__ListFeatureTablesRequest__Filter filter =
        FEAST__CORE__LIST_FEATURE_TABLES_REQUEST__FILTER__INIT;
    Feast__Core__ListFeatureTablesRequest__Filter__LabelsEntry *entries;
    struct fc_call call = {.method = &fc_method_core_list_tables, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    if (selection->name)
        return get_table(cli, selection->name);
    entries = fc_arena_calloc(cli->arena, selection->label_count + 1, sizeof(*entries));
    filter.labels = fc_arena_calloc(cli->arena, selection->label_count + 1, sizeof(void *));
    if (!entries || !filter.labels)
        return fc_cli_no_memory(cli);
    for (size_t i = 0; i < selection->label_count; i++) {
        feast__core__list_feature_tables_request__filter__labels_entry__init(&entries[i]);
        entries[i].key = selection->labels[i].key;
        entries[i].value = selection->labels[i].value;
        filter.labels[filter.n_labels++] = &entries[i];
    }
    filter.project = (char *)cli->project;
    request.filter = &filter;
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    Feast__Core__ListFeatureTablesResponse *reply = (void *)call.reply.message;
    return print_tables(cli, reply->tables, reply->n_tables, false);
}

/* -- features ------------------------------------------------------------------------------------------------ */

typedef Feast__Core__ListFeaturesResponse__FeaturesEntry feature_entry;

static const struct fc_table_column feature_columns[] = {
    {.title = "TABLE"}, {.title = "FEATURE"}, {.title = "TYPE"}, {.title = "LABELS"}, {0}};

static int by_key(const void *a, const void *b)
{
    return strcmp((*(feature_entry *const *)a)->key, (*(feature_entry *const *)b)->key);
}

/* `table:feature`, or a feature's own name in whichever table. */
static bool is_wanted(const feature_entry *entry, const char *name)
{
    const char *colon = strchr(entry->key, ':');

    return !name || strcmp(entry->key, name) == 0 || (colon && strcmp(colon + 1, name) == 0);
}

static json_t *feature_object(const feature_entry *entry)
{
    const char *colon = strchr(entry->key, ':');
    json_t *spec = fc_pbjson_encode(&entry->value->base, 0);

    return json_pack("{s:s%, s:o}", "table", entry->key,
                     colon ? (size_t)(colon - entry->key) : strlen(entry->key), "spec", spec);
}

static void feature_row(struct fc_cli *cli, struct fc_table *table, const feature_entry *entry)
{
    const Feast__Core__FeatureSpecV2 *spec = entry->value;
    struct fc_label *labels = fc_arena_calloc(cli->arena, spec->n_labels + 1, sizeof(*labels));

    for (size_t i = 0; labels && i < spec->n_labels; i++)
        labels[i] = (struct fc_label){spec->labels[i]->key, spec->labels[i]->value};
    fc_table_row(table);
    fc_table_cellf(table, "%.*s", (int)strcspn(entry->key, ":"), entry->key);
    fc_table_cell(table, spec->name);
    fc_table_cell(table, fc_type_name((int)spec->value_type));
    fc_table_cell(table, labels ? fc_labels_text(cli->arena, labels, spec->n_labels) : NULL);
}

static enum fc_exit print_features(struct fc_cli *cli, feature_entry **entries, size_t count,
                                   const char *name)
{
    struct fc_output output;
    struct fc_table *table = fc_table_new(cli->arena, feature_columns);
    struct fc_error err = FC_ERROR_INIT;
    enum fc_exit code = FC_EXIT_OK;
    size_t shown = 0;

    fc_output_begin(&output, "Feature", "feature", name && strchr(name, ':'));
    for (size_t i = 0; table && i < count; i++) {
        if (!entries[i]->value || !is_wanted(entries[i], name))
            continue;
        shown++;
        if (fc_output_wanted(cli))
            fc_output_add(&output, entries[i]->key, feature_object(entries[i]));
        else
            feature_row(cli, table, entries[i]);
    }
    if (name && shown == 0) {
        (void)fc_fail(&err, FC_REASON_REQUEST_INVALID,
                      "there is no feature \"%.200s\" in project %s", name, cli->project);
        err.rc = FC_NOT_FOUND;
        code = fc_cli_fail(cli, &err);
    } else if (fc_output_wanted(cli)) {
        code = fc_output_print(cli, &output);
    } else if (shown == 0) {
        fc_get_nothing(cli, "features");
    } else if (!table || !fc_table_print(table, false, cli->out)) {
        code = fc_cli_no_memory(cli);
    }
    fc_output_done(&output);
    return code;
}

enum fc_exit fc_get_features(struct fc_cli *cli, const struct fc_selection *selection)
{
    Feast__Core__ListFeaturesRequest request = FEAST__CORE__LIST_FEATURES_REQUEST__INIT;
    Feast__Core__ListFeaturesRequest__Filter filter =
        FEAST__CORE__LIST_FEATURES_REQUEST__FILTER__INIT;
    Feast__Core__ListFeaturesRequest__Filter__LabelsEntry *entries;
    struct fc_call call = {.method = &fc_method_core_list_features, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    entries = fc_arena_calloc(cli->arena, selection->label_count + 1, sizeof(*entries));
    filter.labels = fc_arena_calloc(cli->arena, selection->label_count + 1, sizeof(void *));
    if (!entries || !filter.labels)
        return fc_cli_no_memory(cli);
    for (size_t i = 0; i < selection->label_count; i++) {
        feast__core__list_features_request__filter__labels_entry__init(&entries[i]);
        entries[i].key = selection->labels[i].key;
        entries[i].value = selection->labels[i].value;
        filter.labels[filter.n_labels++] = &entries[i];
    }
    filter.project = (char *)cli->project;
    filter.entities = (char **)selection->entities;
    filter.n_entities = selection->entity_count;
    request.filter = &filter;
    if (fc_client_call(cli, &call, &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    Feast__Core__ListFeaturesResponse *reply = (void *)call.reply.message;
    if (reply->n_features > 0)
        qsort(reply->features, reply->n_features, sizeof(*reply->features), by_key);
    return print_features(cli, reply->features, reply->n_features, selection->name);
}
