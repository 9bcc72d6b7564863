/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl plan: what an apply would change, which jobs it would restart, what the sources say. */
#include <string.h>

#include "client/batch.h"
#include "client/cli.h"
#include "client/job.h"
#include "client/output.h"

struct plan {
    struct fc_batch batch;
    struct fc_cli *cli;
    json_t *items;
    size_t counts[6]; /* by change */
    enum fc_exit code;
};

static const char *const marks[] = {"?", "+", "~", "=", "-", "!"};

/*
 * Ids of the stream ingestions at work for a table that do other work than the one with this hash, which takes their
 * place; "" when none does.
 */
static json_t *other_jobs(struct plan *p, const struct fc_batch_item *item, const char *hash)
{
    FeastSpark__Api__ListJobsRequest request = FEAST_SPARK__API__LIST_JOBS_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_jobs_list, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    json_t *ids = json_array();

    request.project = (char *)item->project;
    request.table_name = (char *)item->name;
    if (fc_client_call(p->cli, &call, &err) != FC_OK) {
        fc_cli_warn(p->cli, "jobs of table %s: %s", item->name, err.message);
        return ids;
    }
    const FeastSpark__Api__ListJobsResponse *reply = (const void *)call.reply.message;
    for (size_t i = 0; i < reply->n_jobs; i++)
        if (reply->jobs[i]->type == FEAST_SPARK__API__JOB_TYPE__STREAM_INGESTION_JOB &&
            strcmp(reply->jobs[i]->hash, hash) != 0)
            json_array_append_new(ids, json_string(reply->jobs[i]->id));
    return ids;
}

static void put_line(struct plan *p, const struct fc_batch_item *item,
                     const fc_batch_result *result, const json_t *jobs)
{
    size_t change = (size_t)result->change < FC_ARRAY_LEN(marks) ? result->change : 0;
    bool looked_at = result->report != NULL;

    fprintf(p->cli->out, "%s %s/%s%s%s%s%s\n", marks[change], item->word, item->name,
            item->project[0] ? " in project " : "", item->project,
            change == FEAST__ADMIN__V1__BATCH_RESULT__CHANGE__REFUSED ? ": would be refused" : "",
            looked_at ? fc_batch_verdict_text(result) : "");
    for (size_t i = 0; i < json_array_size(jobs); i++)
        fprintf(p->cli->out, "    job/%s %s\n", json_string_value(json_array_get(jobs, i)),
                result->stream_hash[0] ? "restarts" : "stops");
    for (size_t i = 0; looked_at && i < result->report->n_sources; i++)
        if (result->report->sources[i]->message[0])
            fprintf(p->cli->out, "    %s\n", result->report->sources[i]->message);
}

static void take(void *ctx, size_t index, const fc_batch_result *result)
{
    struct plan *p = ctx;
    struct fc_batch_item item = fc_batch_item(&p->batch, index);
    bool changes =
        (item.is_table && result->change == FEAST__ADMIN__V1__BATCH_RESULT__CHANGE__UPDATED) ||
        result->change == FEAST__ADMIN__V1__BATCH_RESULT__CHANGE__DELETED;
    json_t *jobs = changes ? other_jobs(p, &item, result->stream_hash) : json_array();
    json_t *none = json_array();
    bool restarts = result->stream_hash[0] != '\0';
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:O, s:O}", "kind", item.kind, "name",
                               item.name, "project", item.project, "result", fc_batch_word(result),
                               "restarts", restarts ? jobs : none, "stops", restarts ? none : jobs);

    if (object && result->report)
        json_object_set_new(object, "validation",
                            json_string(fc_verdict_name((int)result->verdict)));
    json_array_append_new(p->items, object);
    if ((size_t)result->change < FC_ARRAY_LEN(p->counts))
        p->counts[result->change]++;
    if (!fc_output_wanted(p->cli))
        put_line(p, &item, result, jobs);
    json_decref(jobs);
    json_decref(none);
    if (fc_batch_refused(result))
        p->code = fc_batch_print_refusal(&p->batch, index, result);
}

static enum fc_exit conclude(struct plan *p)
{
    const size_t *n = p->counts;
    enum fc_exit code = FC_EXIT_OK;

    if (fc_output_wanted(p->cli))
        code = fc_output_value(p->cli, "Plan", json_pack("{s:o}", "items", fc_steal(p->items)));
    else if (p->batch.stopped == FC_EXIT_OK)
        fc_cli_note(p->cli,
                    "%zu to create, %zu to update, %zu to delete, %zu unchanged, %zu refused", n[1],
                    n[2], n[4], n[3], n[5]);
    json_decref(p->items);
    return code == FC_EXIT_OK ? p->code : code;
}

enum fc_exit fc_cmd_plan(struct fc_cli *cli)
{
    struct plan p = {.cli = cli, .items = json_array()};
    enum fc_exit code = fc_batch_read(cli, &p.batch);

    if (code == FC_EXIT_OK && fc_options_given(&cli->options, "prune"))
        code = fc_batch_prune(&p.batch);
    if (code != FC_EXIT_OK) {
        json_decref(p.items);
        return code;
    }
    p.batch.dry_run = true;
    fc_batch_send(&p.batch, take, &p);
    code = conclude(&p);
    return p.batch.stopped != FC_EXIT_OK ? p.batch.stopped : code;
}
