/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl describe: one object with all that is known of it; of a table its last report, age and drift. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/pbjson.h"
#include "client/cli.h"
#include "client/cmd_get.h"
#include "client/job.h"
#include "client/report_print.h"
#include "client/values.h"

static void put(FILE *out, const char *title, const char *text)
{
    if (text && text[0])
        fprintf(out, "%-14s %s\n", title, text);
}

/* "3 h ago" */
static const char *age_text(struct fc_arena *arena, const Google__Protobuf__Timestamp *time_)
{
    int64_t age = time_ ? (int64_t)time(NULL) - time_->seconds : 0;

    if (!time_)
        return "";
    if (age < 120)
        return fc_arena_printf(arena, "%" PRId64 " s ago", age < 0 ? 0 : age);
    if (age < 7200)
        return fc_arena_printf(arena, "%" PRId64 " min ago", age / 60);
    if (age < 172800)
        return fc_arena_printf(arena, "%" PRId64 " h ago", age / 3600);
    return fc_arena_printf(arena, "%" PRId64 " days ago", age / 86400);
}

static const char *dated(struct fc_arena *arena, const Google__Protobuf__Timestamp *time_)
{
    return time_ ? fc_arena_printf(arena, "%s (%s)", fc_time_text(arena, time_),
                                   age_text(arena, time_))
                 : "";
}

static enum fc_exit describe_entity(struct fc_cli *cli, const Feast__Core__Entity *entity)
{
    const Feast__Core__EntitySpecV2 *spec = entity->spec;
    struct fc_arena *arena = cli->arena;

    put(cli->out, "entity", spec->name);
    put(cli->out, "project", cli->project);
    put(cli->out, "type", fc_type_name((int)spec->value_type));
    put(cli->out, "description", spec->description);
    put(cli->out, "labels", fc_labels_text(arena, spec->n_labels, spec->labels));
    put(cli->out, "created", dated(arena, entity->meta ? entity->meta->created_timestamp : NULL));
    put(cli->out, "updated",
        dated(arena, entity->meta ? entity->meta->last_updated_timestamp : NULL));
    return FC_EXIT_OK;
}

static bool put_features(struct fc_cli *cli, const Feast__Core__FeatureTableSpec *spec)
{
    static const struct fc_table_column columns[] = {
        {.title = "FEATURE"}, {.title = "TYPE"}, {.title = "LABELS"}, {0}};
    struct fc_table *table = fc_table_new(cli->arena, columns);

    for (size_t i = 0; table && i < spec->n_features; i++) {
        fc_table_row(table);
        fc_table_cell(table, spec->features[i]->name);
        fc_table_cell(table, fc_type_name((int)spec->features[i]->value_type));
        fc_table_cell(table, fc_labels_text(cli->arena, spec->features[i]->n_labels,
                                            spec->features[i]->labels));
    }
    fputc('\n', cli->out);
    return table && fc_table_print(table, false, cli->out);
}

static void put_table(struct fc_cli *cli, const Feast__Core__FeatureTable *table)
{
    const Feast__Core__FeatureTableSpec *spec = table->spec;
    const Feast__Core__FeatureTableMeta *meta = table->meta;
    struct fc_arena *arena = cli->arena;
    const char *entities = "";

    for (size_t i = 0; entities && i < spec->n_entities; i++)
        entities = fc_arena_printf(arena, "%s%s%s", entities, i ? ", " : "", spec->entities[i]);
    put(cli->out, "table", spec->name);
    put(cli->out, "project", cli->project);
    put(cli->out, "entities", entities);
    put(cli->out, "labels", fc_labels_text(arena, spec->n_labels, spec->labels));
    if (spec->max_age && spec->max_age->seconds > 0)
        put(cli->out, "max age", fc_arena_printf(arena, "%" PRId64 " s", spec->max_age->seconds));
    put(cli->out, "batch source", fc_source_text(arena, spec->batch_source));
    put(cli->out, "stream source", fc_source_text(arena, spec->stream_source));
    put(cli->out, "online store", spec->online_store ? spec->online_store->name : "");
    if (meta) {
        put(cli->out, "revision", fc_arena_printf(arena, "%" PRId64, meta->revision));
        put(cli->out, "hash", meta->hash);
        put(cli->out, "created", dated(arena, meta->created_timestamp));
        put(cli->out, "updated", dated(arena, meta->last_updated_timestamp));
    }
}

static const Feast__Admin__V1__ValidationReport *last_report(struct fc_cli *cli, const char *table,
                                                             enum fc_exit *code)
{
    Feast__Admin__V1__GetValidationReportRequest request =
        FEAST__ADMIN__V1__GET_VALIDATION_REPORT_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_admin_report, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;

    request.project = (char *)cli->project;
    request.table = (char *)table;
    if (fc_client_call(cli, &call, &err) != FC_OK) {
        *code = fc_client_fail(cli, &call, &err);
        return NULL;
    }
    return ((Feast__Admin__V1__GetValidationReportResponse *)call.reply.message)->report;
}

static enum fc_exit describe_table(struct fc_cli *cli, const Feast__Core__FeatureTable *table)
{
    enum fc_exit code = FC_EXIT_OK;
    const Feast__Admin__V1__ValidationReport *report = last_report(cli, table->spec->name, &code);

    if (code != FC_EXIT_OK)
        return code;
    if (fc_output_wanted(cli)) {
        json_t *object = fc_pbjson_encode(&table->base, 0);
        if (object && report)
            json_object_set_new(object, "report", fc_pbjson_encode(&report->base, 0));
        return fc_output_value(cli, "FeatureTable", object);
    }
    put_table(cli, table);
    if (!put_features(cli, table->spec))
        return fc_cli_no_memory(cli);
    if (!report)
        return FC_EXIT_OK;
    fputc('\n', cli->out);
    if (report->verdict == FEAST__ADMIN__V1__VERDICT__DRIFTED)
        fprintf(cli->out, "DRIFT: the sources did fit once, and do not any more.\n");
    put(cli->out, "last look", dated(cli->arena, report->checked_at));
    return fc_report_print(cli, table->spec->name, report);
}

enum fc_exit fc_cmd_describe(struct fc_cli *cli)
{
    struct fc_selection selection = {.name = NULL};
    const struct fc_view *view;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_call call;
    fc_object object;
    enum fc_exit code = fc_get_parse(cli, &view, &selection.name);

    if (code != FC_EXIT_OK)
        return code;
    if (!selection.name)
        return fc_cli_usage(cli, "name the %s to describe", view->names[1]);
    if (view->run == fc_get_jobs)
        return fc_job_print(cli, selection.name);
    if (view->add == fc_show_report)
        return fc_cli_usage(cli, "`feastctl report %s` shows a report", selection.name);
    if (view->add != fc_show_entity && view->add != fc_show_table) {
        if (!fc_output_wanted(cli))
            cli->format = FC_FORMAT_YAML;
        return fc_view_run(cli, view, &selection);
    }
    if (fc_object_get(cli, view->objects, cli->project, selection.name, cli->arena, &call, &object,
                      &err) != FC_OK)
        return fc_client_fail(cli, &call, &err);
    if (view->add == fc_show_table)
        return describe_table(cli, object.feature_table);
    if (fc_output_wanted(cli))
        return fc_view_run(cli, view, &selection);
    return describe_entity(cli, object.entity);
}
