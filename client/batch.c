/* SPDX-License-Identifier: Apache-2.0 */
#include "client/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "client/files.h"
#include "client/refusal.h"

/* Below the 4 MiB that a server takes, and so that somebody who waits sees something. */
#define PART_BYTES   ((size_t)3 * 512 * 1024)
#define PART_OBJECTS 1000
/* Of tables whose sources are looked at, each of which may take seconds. */
#define PART_LOOKS 40
#define LOOK_NS    (2 * FC_NS_PER_S)

typedef Feast__Admin__V1__BatchObject batch_object;

/* -- documents ----------------------------------------------------------------------------------------------- */

static enum fc_exit tell_violations(struct fc_cli *cli, const struct fc_violations *violations)
{
    struct fc_error err = FC_ERROR_INIT;

    for (size_t i = 0; i < violations->count; i++) {
        err.rc = FC_INVALID_ARGUMENT;
        err.reason = violations->items[i].reason;
        snprintf(err.message, sizeof(err.message), "%s", violations->items[i].message);
        (void)fc_cli_fail(cli, &err);
    }
    fc_cli_note(cli, "Nothing was applied.");
    return FC_EXIT_REFUSED;
}

static Feast__Admin__V1__ValidationReport__Mode read_mode(const struct fc_cli *cli)
{
    static const char *const words[] = {"", "off", "warn", "enforce", "strict"};
    const char *mode = fc_options_has(&cli->options, "validation")
                           ? fc_options_get(&cli->options, "validation")
                           : NULL;

    for (size_t i = 1; mode && i < FC_ARRAY_LEN(words); i++)
        if (strcmp(words[i], mode) == 0)
            return (Feast__Admin__V1__ValidationReport__Mode)i;
    return FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__DEFAULT;
}

void fc_batch_begin(struct fc_cli *cli, struct fc_batch *batch)
{
    *batch = (struct fc_batch){.cli = cli, .mode = read_mode(cli)};
    fc_docs_init(&batch->docs, cli->arena, cli->project,
                 fc_options_given(&cli->options, "project"));
}

enum fc_exit fc_batch_documents(struct fc_cli *cli, struct fc_batch *batch)
{
    struct fc_docs *docs = &batch->docs;

    fc_docs_finish(docs);
    if (docs->violations.count > 0)
        return tell_violations(cli, &docs->violations);
    batch->results = fc_arena_calloc(cli->arena, docs->count, sizeof *batch->results);
    return batch->results || docs->count == 0 ? FC_EXIT_OK : fc_cli_no_memory(cli);
}

enum fc_exit fc_batch_read(struct fc_cli *cli, struct fc_batch *batch)
{
    struct fc_error err = FC_ERROR_INIT;
    size_t count = 0;
    const char *const *paths = fc_options_all(&cli->options, "filename", &count);

    fc_batch_begin(cli, batch);
    if (!paths)
        return fc_cli_no_memory(cli);
    if (count == 0)
        return fc_cli_usage(cli, "nothing to %s: name a file, a directory, a URL or - with -f",
                            cli->command->words);
    for (size_t i = 0; i < count; i++)
        if (fc_files_read(&batch->docs, paths[i], cli->in, &err) != FC_OK)
            return fc_cli_fail(cli, &err);
    if (batch->docs.count == 0 && batch->docs.violations.count == 0)
        return fc_cli_usage(cli, "nothing to %s: there is no document in what -f names",
                            cli->command->words);
    return fc_batch_documents(cli, batch);
}

/* -- what no document has any more --------------------------------------------------------------------------- */

struct prune {
    struct fc_batch *batch;
    size_t capacity;
};

static bool is_described(const struct fc_batch *batch, const fc_object *object)
{
    for (size_t i = 0; i < batch->docs.count; i++) {
        const struct fc_doc *doc = &batch->docs.items[i];
        if (doc->kind == FC_DOC_TABLE && strcmp(doc->project, object->project) == 0 &&
            strcmp(doc->name, object->feature_table->spec->name) == 0)
            return true;
    }
    return false;
}

static bool is_of_documents(const struct fc_batch *batch, const char *project)
{
    for (size_t i = 0; i < batch->docs.count; i++)
        if (strcmp(batch->docs.items[i].project, project) == 0)
            return true;
    return false;
}

static bool consider(void *ctx, const fc_object *object)
{
    struct prune *prune = ctx;
    struct fc_batch *batch = prune->batch;

    if (!object->feature_table->spec || !is_of_documents(batch, object->project) ||
        is_described(batch, object))
        return true;
    if (batch->removal_count == prune->capacity) {
        size_t capacity = prune->capacity ? prune->capacity * 2 : 16;
        struct fc_removal *more =
            fc_arena_calloc(batch->cli->arena, capacity, sizeof *batch->removals);
        if (!more)
            return false;
        if (batch->removal_count)
            memcpy(more, batch->removals, batch->removal_count * sizeof *more);
        batch->removals = more;
        prune->capacity = capacity;
    }
    batch->removals[batch->removal_count++] =
        (struct fc_removal){object->project, object->feature_table->spec->name};
    return true;
}

enum fc_exit fc_batch_prune(struct fc_batch *batch)
{
    struct fc_selection selection = {.all_projects = true};
    struct fc_cli *cli = batch->cli;
    struct prune prune = {.batch = batch};
    enum fc_exit code;

    code = fc_selection_read(cli, &selection);
    if (code != FC_EXIT_OK)
        return code;
    if (selection.label_count == 0)
        return fc_cli_usage(cli, "--prune deletes feature tables, and -l KEY=VALUE must say which "
                                 "ones these files are about");
    selection.all_projects = true;
    code = fc_objects_each(cli, FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_FEATURE_TABLE,
                           &selection, cli->arena, consider, NULL, &prune);
    if (code != FC_EXIT_OK)
        return code;
    batch->results = fc_arena_calloc(cli->arena, batch->docs.count + batch->removal_count,
                                     sizeof *batch->results);
    return batch->results ? FC_EXIT_OK : fc_cli_no_memory(cli);
}

/* -- sending ------------------------------------------------------------------------------------------------- */

static void fill(const struct fc_batch *batch, size_t index, batch_object *ret)
{
    feast__admin__v1__batch_object__init(ret);
    if (index >= batch->docs.count) {
        const struct fc_removal *removal = &batch->removals[index - batch->docs.count];
        ret->project = (char *)removal->project;
        ret->object_case = FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_DELETED_FEATURE_TABLE;
        ret->deleted_feature_table = (char *)removal->name;
        return;
    }
    const struct fc_doc *doc = &batch->docs.items[index];
    ret->project = (char *)doc->project;
    switch (doc->kind) {
    case FC_DOC_PROJECT:
        ret->object_case = FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_NEW_PROJECT;
        ret->new_project = (char *)doc->name;
        break;
    case FC_DOC_STORE:
        ret->object_case = FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_ONLINE_STORE;
        ret->online_store = doc->store;
        break;
    case FC_DOC_ENTITY:
        ret->object_case = FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_ENTITY;
        ret->entity = doc->entity;
        break;
    case FC_DOC_TABLE:
        ret->object_case = FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_FEATURE_TABLE;
        ret->feature_table = doc->table;
        break;
    }
}

/* How many from `first` on go into one request, which gets them. */
static size_t fill_part(const struct fc_batch *batch, size_t first, batch_object *objects,
                        Feast__Admin__V1__ApplyBatchRequest *request)
{
    bool looks = batch->mode != FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF;
    size_t total = batch->docs.count + batch->removal_count, bytes = 0, tables = 0;

    /* A dry run is one state of the registry too: a table needs the entity that comes before it. */
    bool whole = batch->atomic || batch->dry_run;
    for (size_t i = first; i < total; i++) {
        batch_object *object = &objects[request->n_objects];
        fill(batch, i, object);
        bytes += feast__admin__v1__batch_object__get_packed_size(object);
        tables += object->object_case == FEAST__ADMIN__V1__BATCH_OBJECT__OBJECT_FEATURE_TABLE;
        if (!whole && request->n_objects > 0 &&
            (bytes > PART_BYTES || request->n_objects == PART_OBJECTS ||
             (looks && tables > PART_LOOKS)))
            break;
        request->objects[request->n_objects++] = object;
    }
    return request->n_objects;
}

static void set_timeout(const struct fc_batch *batch, size_t count, struct fc_call *call)
{
    char origin[64];

    (void)fc_options_find(&batch->cli->options, "timeout", origin, sizeof(origin));
    if (strcmp(origin, "default") == 0 &&
        batch->mode != FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF)
        call->timeout_ns = batch->cli->timeout_ns + (int64_t)count * LOOK_NS;
}

static bool send_part(struct fc_batch *batch, size_t *at, batch_object *objects,
                      batch_object **list, fc_batch_fn fn, void *ctx)
{
    Feast__Admin__V1__ApplyBatchRequest request = FEAST__ADMIN__V1__APPLY_BATCH_REQUEST__INIT;
    struct fc_call call = {.method = &fc_method_admin_apply, .request = &request.base};
    struct fc_error err = FC_ERROR_INIT;
    size_t first = *at;

    request.objects = list;
    request.atomic = batch->atomic;
    request.dry_run = batch->dry_run;
    request.mode = batch->mode;
    *at += fill_part(batch, first, objects, &request);
    set_timeout(batch, request.n_objects, &call);
    if (fc_client_call(batch->cli, &call, &err) != FC_OK) {
        batch->stopped = fc_client_fail(batch->cli, &call, &err);
        return false;
    }
    const Feast__Admin__V1__ApplyBatchResponse *reply = (const void *)call.reply.message;
    batch->applied = reply->applied;
    for (size_t i = 0; i < reply->n_results && first + i < *at; i++) {
        batch->results[first + i] = reply->results[i];
        if (fn)
            fn(ctx, first + i, reply->results[i]);
    }
    return true;
}

void fc_batch_send(struct fc_batch *batch, fc_batch_fn fn, void *ctx)
{
    size_t total = batch->docs.count + batch->removal_count, at = 0;
    batch_object *objects = calloc(total + 1, sizeof *objects);
    batch_object **list = calloc(total + 1, sizeof(batch_object *));

    if (!objects || !list)
        batch->stopped = fc_cli_no_memory(batch->cli);
    while (objects && list && at < total && send_part(batch, &at, objects, list, fn, ctx))
        continue;
    free(objects);
    free(list);
}

/* -- what became of it --------------------------------------------------------------------------------------- */

struct fc_batch_item fc_batch_item(const struct fc_batch *batch, size_t index)
{
    if (index >= batch->docs.count) {
        const struct fc_removal *removal = &batch->removals[index - batch->docs.count];
        return (struct fc_batch_item){.word = fc_doc_word(FC_DOC_TABLE),
                                      .kind = fc_doc_kind_name(FC_DOC_TABLE),
                                      .project = removal->project,
                                      .name = removal->name};
    }
    const struct fc_doc *doc = &batch->docs.items[index];
    return (struct fc_batch_item){.doc = doc,
                                  .word = fc_doc_word(doc->kind),
                                  .kind = fc_doc_kind_name(doc->kind),
                                  .project = doc->project,
                                  .name = doc->name,
                                  .is_table = doc->kind == FC_DOC_TABLE};
}

const char *fc_batch_word(const fc_batch_result *result)
{
    static const char *const words[] = {"?",         "created", "updated",
                                        "unchanged", "deleted", "refused"};

    if (!result)
        return "not sent";
    return (size_t)result->change < FC_ARRAY_LEN(words) ? words[result->change] : "?";
}

bool fc_batch_refused(const fc_batch_result *result)
{
    return result && result->change == FEAST__ADMIN__V1__BATCH_RESULT__CHANGE__REFUSED;
}

const char *fc_batch_verdict_text(const fc_batch_result *result)
{
    static const char *const texts[] = {", its source was not looked at", ", its source fits",
                                        ", its source could not be looked at yet",
                                        ", its source does not fit",
                                        ", its source does not fit any more"};

    return (size_t)result->verdict < FC_ARRAY_LEN(texts) ? texts[result->verdict] : "";
}

enum fc_exit fc_batch_print_refusal(struct fc_batch *batch, size_t index,
                                    const fc_batch_result *result)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_call call = {.method = &fc_method_admin_apply};
    enum fc_reason reason = fc_reason_from_word(result->reason);

    reason = reason == FC_REASON_COUNT ? FC_REASON_REQUEST_INVALID : reason;
    (void)fc_fail(&err, reason, "%.4000s", result->message);
    fc_violations_init(&call.reply.violations, batch->cli->arena);
    for (size_t i = 0; i < result->n_violations; i++)
        fc_violations_add(&call.reply.violations, reason, result->violations[i]->field, "%s",
                          result->violations[i]->description);
    if (index < batch->docs.count)
        return fc_refusal_print(batch->cli, &batch->docs.items[index], &call, &err);
    return fc_cli_fail(batch->cli, &err);
}
