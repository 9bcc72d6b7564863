/* SPDX-License-Identifier: Apache-2.0 */
/* feastctl apply: all documents are checked before the first is sent. */
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "client/files.h"
#include "client/output.h"
#include "client/refusal.h"
#include "feast/admin/v1/admin.pb-c.h"
#include "feast/core/CoreService.pb-c.h"

enum result { CREATED, UPDATED, UNCHANGED, UNCHECKED };

static const char *const result_words[] = {"created", "updated", "unchanged", "unchecked"};

struct apply {
    struct fc_cli *cli;
    struct fc_docs docs;
    struct fc_arena *arena; /* of one document's calls */
    struct fc_channel_metadata metadata[2];
    size_t metadata_count;
    bool dry_run;
    json_t *results;
    size_t failed;
    enum fc_exit code; /* of the first failure */
};

/* -- before anything is sent --------------------------------------------------------------------------------- */

static enum fc_exit read_documents(struct apply *a)
{
    struct fc_cli *cli = a->cli;
    struct fc_error err = FC_ERROR_INIT;
    size_t count = 0;
    const char *const *paths = fc_options_all(&cli->options, "filename", &count);

    if (!paths)
        return fc_cli_no_memory(cli);
    if (count == 0)
        return fc_cli_usage(cli, "nothing to apply: name a file, a directory or - with -f");
    for (size_t i = 0; i < count; i++) {
        if (fc_files_read(&a->docs, paths[i], cli->in, &err) != FC_OK)
            return fc_cli_fail(cli, &err);
    }
    fc_docs_finish(&a->docs);
    for (size_t i = 0; i < a->docs.violations.count; i++) {
        err.rc = FC_INVALID_ARGUMENT;
        err.reason = a->docs.violations.items[i].reason;
        snprintf(err.message, sizeof(err.message), "%s", a->docs.violations.items[i].message);
        (void)fc_cli_fail(cli, &err);
    }
    if (a->docs.violations.count > 0) {
        fc_cli_note(cli, "Nothing was applied.");
        return FC_EXIT_REFUSED;
    }
    if (a->docs.count == 0)
        return fc_cli_usage(cli, "nothing to apply: there is no document in what -f names");
    return FC_EXIT_OK;
}

/* -- what came of it ----------------------------------------------------------------------------------------- */

static const char *verdict_text(const char *verdict)
{
    static const char *const texts[][2] = {
        {"OK", ", its source fits"},
        {"UNVERIFIED", ", its source could not be looked at yet"},
        {"MISMATCHED", ", its source does not fit"},
        {"DRIFTED", ", its source does not fit any more"},
        {"NOT_CHECKED", ", its source was not looked at"}};

    for (size_t i = 0; verdict && i < FC_ARRAY_LEN(texts); i++) {
        if (strcmp(texts[i][0], verdict) == 0)
            return texts[i][1];
    }
    return "";
}

static void record(struct apply *a, const struct fc_doc *doc, const char *result,
                   const char *verdict)
{
    static const char *const kinds[] = {"Project", "Entity", "FeatureTable"};
    json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "kind", kinds[doc->kind], "name", doc->name,
                               "project", doc->project, "result", result);

    if (object && verdict)
        json_object_set_new(object, "validation", json_string(verdict));
    json_array_append_new(a->results, object);
}

static void succeeded(struct apply *a, const struct fc_doc *doc, enum result result,
                      const char *verdict)
{
    const char *word = fc_doc_word(doc->kind);

    record(a, doc, result_words[result], verdict);
    if (a->cli->format == FC_FORMAT_NAME)
        fprintf(a->cli->out, "%s/%s\n", word, doc->name);
    else if (!fc_output_wanted(a->cli))
        fprintf(a->cli->out, "%s/%s %s%s%s\n", word, doc->name, result_words[result],
                verdict_text(verdict), a->dry_run ? " (dry run)" : "");
    fflush(a->cli->out);
}

static enum fc_exit failed(struct apply *a, const struct fc_doc *doc, const struct fc_call *call,
                           const struct fc_error *err)
{
    enum fc_exit code = fc_refusal_print(a->cli, doc, call, err);

    record(a, doc, "refused", NULL);
    if (a->failed++ == 0)
        a->code = code;
    return code;
}

/* -- projects ------------------------------------------------------------------------------------------------ */

static bool is_listed(const Feast__Core__ListProjectsResponse *list, const char *name)
{
    for (size_t i = 0; i < list->n_projects; i++) {
        if (strcmp(list->projects[i], name) == 0)
            return true;
    }
    return false;
}

/* There is no dry run of it on the wire. */
static enum fc_exit look_for_project(struct apply *a, const struct fc_doc *doc)
{
    Feast__Core__ListProjectsRequest request = FEAST__CORE__LIST_PROJECTS_REQUEST__INIT;
    struct fc_call call = {
        .method = &fc_method_core_list_projects, .request = &request.base, .arena = a->arena};
    struct fc_error err = FC_ERROR_INIT;
    fc_rc rc = fc_client_call(a->cli, &call, &err);

    if (rc != FC_OK)
        return failed(a, doc, &call, &err);
    const Feast__Core__ListProjectsResponse *list = (const void *)call.reply.message;
    succeeded(a, doc, is_listed(list, doc->name) ? UNCHANGED : CREATED, NULL);
    return FC_EXIT_OK;
}

static enum fc_exit apply_project(struct apply *a, const struct fc_doc *doc)
{
    Feast__Core__CreateProjectRequest request = FEAST__CORE__CREATE_PROJECT_REQUEST__INIT;
    struct fc_call call = {
        .method = &fc_method_core_create_project, .request = &request.base, .arena = a->arena};
    struct fc_error err = FC_ERROR_INIT;

    if (a->dry_run)
        return look_for_project(a, doc);
    request.name = (char *)doc->name;
    fc_rc rc = fc_client_call(a->cli, &call, &err);
    if (rc != FC_OK && rc != FC_ALREADY_EXISTS)
        return failed(a, doc, &call, &err);
    succeeded(a, doc, rc == FC_OK ? CREATED : UNCHANGED, NULL);
    return FC_EXIT_OK;
}

/* -- entities ------------------------------------------------------------------------------------------------ */

static bool same_message(const ProtobufCMessage *a, const ProtobufCMessage *b,
                         struct fc_arena *arena)
{
    size_t size = protobuf_c_message_get_packed_size(a);
    uint8_t *left, *right;

    if (size != protobuf_c_message_get_packed_size(b))
        return false;
    left = fc_arena_alloc(arena, size);
    right = fc_arena_alloc(arena, size);
    if (!left || !right)
        return false;
    protobuf_c_message_pack(a, left);
    protobuf_c_message_pack(b, right);
    return memcmp(left, right, size) == 0;
}

static enum fc_exit apply_entity(struct apply *a, const struct fc_doc *doc)
{
    Feast__Core__GetEntityRequest get = FEAST__CORE__GET_ENTITY_REQUEST__INIT;
    Feast__Core__ApplyEntityRequest request = FEAST__CORE__APPLY_ENTITY_REQUEST__INIT;
    struct fc_call before = {
        .method = &fc_method_core_get_entity, .request = &get.base, .arena = a->arena};
    struct fc_call call = {.method = &fc_method_core_apply_entity,
                           .request = &request.base,
                           .metadata = a->metadata,
                           .metadata_count = a->metadata_count,
                           .arena = a->arena};
    struct fc_error err = FC_ERROR_INIT;

    get.name = (char *)doc->name;
    get.project = (char *)doc->project;
    request.spec = doc->entity;
    request.project = (char *)doc->project;
    fc_rc had = fc_client_call(a->cli, &before, &err);
    if (had != FC_OK && had != FC_NOT_FOUND)
        return failed(a, doc, &before, &err);
    if (fc_client_call(a->cli, &call, &err) != FC_OK)
        return failed(a, doc, &call, &err);
    const Feast__Core__ApplyEntityResponse *now = (const void *)call.reply.message;
    const Feast__Core__GetEntityResponse *then = (const void *)before.reply.message;
    bool same = had == FC_OK && then->entity && then->entity->spec && now->entity &&
                now->entity->spec &&
                same_message(&then->entity->spec->base, &now->entity->spec->base, a->arena);
    succeeded(a, doc, had != FC_OK ? CREATED : same ? UNCHANGED : UPDATED, NULL);
    return FC_EXIT_OK;
}

/* -- feature tables ------------------------------------------------------------------------------------------ */

/* Why a table that was accepted is not OK, from its report. */
static void explain_verdict(struct apply *a, const struct fc_doc *doc, const char *verdict)
{
    Feast__Admin__V1__GetValidationReportRequest request =
        FEAST__ADMIN__V1__GET_VALIDATION_REPORT_REQUEST__INIT;
    struct fc_call call = {
        .method = &fc_method_admin_report, .request = &request.base, .arena = a->arena};
    struct fc_error err = FC_ERROR_INIT;
    const char *reason = NULL;

    request.project = (char *)doc->project;
    request.table = (char *)doc->name;
    if (!a->dry_run && fc_client_call(a->cli, &call, &err) == FC_OK) {
        const Feast__Admin__V1__GetValidationReportResponse *reply =
            (const void *)call.reply.message;
        for (size_t i = 0; reply->report && i < reply->report->n_sources && !reason; i++) {
            if (reply->report->sources[i]->message[0])
                reason = reply->report->sources[i]->message;
        }
    }
    fc_cli_warn(a->cli, "table %s is registered%s%s%s; `feastctl report %s` tells more", doc->name,
                verdict_text(verdict), reason ? ": " : "", reason ? reason : "", doc->name);
}

/* In a dry run the entities of the same input do not exist, so a new table that needs them cannot be judged. */
static bool awaits_entities(const struct apply *a, const struct fc_doc *doc,
                            const struct fc_error *err)
{
    if (!a->dry_run || err->reason != FC_REASON_ENTITY_UNKNOWN)
        return false;
    for (size_t e = 0; e < doc->table->n_entities; e++) {
        for (size_t i = 0; i < a->docs.count; i++) {
            const struct fc_doc *other = &a->docs.items[i];
            if (other->kind == FC_DOC_ENTITY && strcmp(other->project, doc->project) == 0 &&
                strcmp(other->name, doc->table->entities[e]) == 0)
                return true;
        }
    }
    return false;
}

static enum fc_exit table_failed(struct apply *a, const struct fc_doc *doc,
                                 const struct fc_call *call, const struct fc_error *err)
{
    if (!awaits_entities(a, doc, err))
        return failed(a, doc, call, err);
    succeeded(a, doc, UNCHECKED, NULL);
    fc_cli_warn(a->cli, "table %s: cannot be checked before its entities exist; apply those first",
                doc->name);
    return FC_EXIT_OK;
}

static enum fc_exit apply_table(struct apply *a, const struct fc_doc *doc)
{
    Feast__Core__GetFeatureTableRequest get = FEAST__CORE__GET_FEATURE_TABLE_REQUEST__INIT;
    Feast__Core__ApplyFeatureTableRequest request = FEAST__CORE__APPLY_FEATURE_TABLE_REQUEST__INIT;
    struct fc_call before = {
        .method = &fc_method_core_get_table, .request = &get.base, .arena = a->arena};
    struct fc_call call = {.method = &fc_method_core_apply_table,
                           .request = &request.base,
                           .metadata = a->metadata,
                           .metadata_count = a->metadata_count,
                           .arena = a->arena};
    struct fc_error err = FC_ERROR_INIT;

    get.project = request.project = (char *)doc->project;
    get.name = (char *)doc->name;
    request.table_spec = doc->table;
    fc_rc had = fc_client_call(a->cli, &before, &err);
    if (had != FC_OK && had != FC_NOT_FOUND)
        return failed(a, doc, &before, &err);
    if (fc_client_call(a->cli, &call, &err) != FC_OK)
        return table_failed(a, doc, &call, &err);
    const Feast__Core__ApplyFeatureTableResponse *now = (const void *)call.reply.message;
    const Feast__Core__GetFeatureTableResponse *then = (const void *)before.reply.message;
    bool same = had == FC_OK && then->table && then->table->meta && now->table &&
                now->table->meta && then->table->meta->revision == now->table->meta->revision;
    const char *verdict = fc_client_trailer(&call, "feast-validation-verdict");
    succeeded(a, doc, had != FC_OK ? CREATED : same ? UNCHANGED : UPDATED, verdict);
    if (verdict && strcmp(verdict, "OK") != 0 && strcmp(verdict, "NOT_CHECKED") != 0)
        explain_verdict(a, doc, verdict);
    return FC_EXIT_OK;
}

/* -- all of them --------------------------------------------------------------------------------------------- */

static void send_documents(struct apply *a)
{
    for (size_t i = 0; i < a->docs.count; i++) {
        const struct fc_doc *doc = &a->docs.items[i];
        enum fc_exit code = FC_EXIT_OK;

        switch (doc->kind) {
        case FC_DOC_PROJECT:
            code = apply_project(a, doc);
            break;
        case FC_DOC_ENTITY:
            code = apply_entity(a, doc);
            break;
        case FC_DOC_TABLE:
            code = apply_table(a, doc);
            break;
        }
        fc_arena_reset(a->arena);
        if (code == FC_EXIT_UNAVAILABLE) {
            fc_cli_note(a->cli, "Stopped; %zu of %zu documents were not sent.",
                        a->docs.count - i - 1, a->docs.count);
            return;
        }
    }
}

static enum fc_exit conclude(struct apply *a)
{
    json_t *results = fc_steal(a->results);
    enum fc_exit code = FC_EXIT_OK;

    if (a->cli->format == FC_FORMAT_JSON || a->cli->format == FC_FORMAT_YAML)
        code = fc_output_value(a->cli, "ApplyResult",
                               json_pack("{s:b, s:o}", "dryRun", a->dry_run, "items", results));
    else
        json_decref(results);
    if (a->failed > 0 && a->docs.count > 1)
        fc_cli_note(a->cli, "%zu of %zu documents were refused.", a->failed, a->docs.count);
    return a->failed > 0 ? a->code : code;
}

static void set_metadata(struct apply *a)
{
    const char *mode = fc_options_get(&a->cli->options, "validation");

    a->dry_run = fc_options_given(&a->cli->options, "dry-run");
    if (mode)
        a->metadata[a->metadata_count++] = (struct fc_channel_metadata){"feast-validation", mode};
    if (a->dry_run)
        a->metadata[a->metadata_count++] = (struct fc_channel_metadata){"feast-dry-run", "true"};
}

enum fc_exit fc_cmd_apply(struct fc_cli *cli)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(256u * 1024 * 1024);
    struct apply a = {.cli = cli, .arena = arena, .results = json_array()};
    enum fc_exit code;

    if (!arena || !a.results)
        return fc_cli_no_memory(cli);
    set_metadata(&a);
    fc_docs_init(&a.docs, cli->arena, cli->project, fc_options_given(&cli->options, "project"));
    code = read_documents(&a);
    if (code != FC_EXIT_OK) {
        json_decref(a.results);
        return code;
    }
    send_documents(&a);
    return conclude(&a);
}
