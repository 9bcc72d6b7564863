/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feastctl import: copies what a live Feast Core has into this server's registry. Only calls are made that every Core
 * since 0.9 answers. What they return is made into documents and goes the way of `apply`: checked, compared, sent.
 */
#include <stdlib.h>
#include <string.h>

#include "base/pbjson.h"
#include "client/batch.h"
#include "client/cli.h"
#include "client/output.h"
#include "client/token.h"
#include "feast/core/CoreService.pb-c.h"

struct import {
    struct fc_cli *cli;
    const char *from;
    struct fc_channel *channel;       /* to the server that is copied */
    struct fc_channel_metadata token; /* value NULL: none */
    struct fc_batch batch;
    bool only_project; /* --project was given */
};

static fc_rc ask(struct import *im, const struct fc_method *method, const ProtobufCMessage *message,
                 const void **ret, struct fc_error *err)
{
    struct fc_channel_reply reply = {.message = NULL};
    const struct fc_channel_request request = {.path = method->path,
                                               .message = message,
                                               .response = method->response,
                                               .timeout_ns = im->cli->timeout_ns,
                                               .metadata = &im->token,
                                               .metadata_count = im->token.value ? 1 : 0,
                                               .arena = im->cli->arena};
    fc_rc rc = fc_channel_call(im->channel, &request, &reply, err);

    *ret = reply.message;
    /* That a server cannot be reached is told with its address anyway. */
    return rc == FC_OK || err->reason == FC_REASON_UNREACHABLE
               ? rc
               : fc_error_prefix(err, "%s", im->from);
}

/* One document as text, named so that a refusal says what was refused. Takes the reference to `document`. */
static bool add(struct import *im, const char *word, const char *project, const char *name,
                json_t *document)
{
    char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
    const char *kept = text ? fc_arena_strdup(im->cli->arena, text) : NULL;
    const char *file =
        fc_arena_printf(im->cli->arena, "%s %s/%s/%s", im->from, project, word, name);

    json_decref(document);
    free(text);
    if (!kept || !file)
        return false;
    fc_docs_read(&im->batch.docs, file, fc_str_from(kept));
    return true;
}

static json_t *document(const char *kind, const char *project, const ProtobufCMessage *spec)
{
    return json_pack("{s:s, s:s, s:o}", "kind", kind, "project", project, "spec",
                     fc_pbjson_encode(spec, 0));
}

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "out of memory");
}

static fc_rc add_entities(struct import *im, const char *project, struct fc_error *err)
{
    Feast__Core__ListEntitiesRequest request = FEAST__CORE__LIST_ENTITIES_REQUEST__INIT;
    Feast__Core__ListEntitiesRequest__Filter filter =
        FEAST__CORE__LIST_ENTITIES_REQUEST__FILTER__INIT;
    const void *message;

    filter.project = (char *)project;
    request.filter = &filter;
    fc_rc rc = ask(im, &fc_method_core_list_entities, &request.base, &message, err);
    const Feast__Core__ListEntitiesResponse *reply = message;
    for (size_t i = 0; rc == FC_OK && i < reply->n_entities; i++) {
        const Feast__Core__EntitySpecV2 *spec = reply->entities[i]->spec;
        if (spec &&
            !add(im, "entity", project, spec->name, document("entity", project, &spec->base)))
            rc = no_memory(err);
    }
    return rc;
}

static fc_rc add_tables(struct import *im, const char *project, struct fc_error *err)
{
    Feast__Core__ListFeatureTablesRequest request = FEAST__CORE__LIST_FEATURE_TABLES_REQUEST__INIT;
    Feast__Core__ListFeatureTablesRequest__Filter filter =
        FEAST__CORE__LIST_FEATURE_TABLES_REQUEST__FILTER__INIT;
    const void *message;

    filter.project = (char *)project;
    request.filter = &filter;
    fc_rc rc = ask(im, &fc_method_core_list_tables, &request.base, &message, err);
    const Feast__Core__ListFeatureTablesResponse *reply = message;
    for (size_t i = 0; rc == FC_OK && i < reply->n_tables; i++) {
        const Feast__Core__FeatureTableSpec *spec = reply->tables[i]->spec;
        if (spec &&
            !add(im, "table", project, spec->name, document("feature_table", project, &spec->base)))
            rc = no_memory(err);
    }
    return rc;
}

static fc_rc add_project(struct import *im, const char *project, struct fc_error *err)
{
    fc_rc rc = add(im, "project", project, project,
                   json_pack("{s:s, s:{s:s}}", "kind", "project", "spec", "name", project))
                   ? FC_OK
                   : no_memory(err);
    if (rc == FC_OK)
        rc = add_entities(im, project, err);
    return rc == FC_OK ? add_tables(im, project, err) : rc;
}

static fc_rc read_catalogue(struct import *im, struct fc_error *err)
{
    Feast__Core__ListProjectsRequest request = FEAST__CORE__LIST_PROJECTS_REQUEST__INIT;
    const void *message;

    if (im->only_project)
        return add_project(im, im->cli->project, err);
    fc_rc rc = ask(im, &fc_method_core_list_projects, &request.base, &message, err);
    const Feast__Core__ListProjectsResponse *reply = message;
    for (size_t i = 0; rc == FC_OK && i < reply->n_projects; i++)
        rc = add_project(im, reply->projects[i], err);
    return rc;
}

/* Token and certificate of this server are not for the other one: only what --from-… say goes there. */
static fc_rc open_from(struct import *im, struct fc_error *err)
{
    const struct fc_options *flags = &im->cli->options;
    const char *token_file = fc_options_get(flags, "from-token-file");
    struct fc_channel_options options = {
        .ca_file = fc_options_get(flags, "from-tls-ca"),
        .certificate_file = fc_options_get(flags, "from-tls-cert"),
        .key_file = fc_options_get(flags, "from-tls-key"),
    };
    fc_rc rc = FC_OK;

    options.tls = fc_options_on(flags, "from-tls") || options.ca_file || options.certificate_file;
    im->token.key = "authorization";
    if (token_file)
        rc = fc_token_from_file(im->cli, token_file, &im->token.value, err);
    return rc == FC_OK ? fc_channel_open(im->from, &options, &im->channel, err) : rc;
}

enum fc_exit fc_cmd_import(struct fc_cli *cli)
{
    struct import im = {.cli = cli, .from = fc_options_get(&cli->options, "from")};
    struct fc_error err = FC_ERROR_INIT;

    if (!im.from)
        return fc_cli_usage(cli, "name the server to copy with --from HOST:PORT");
    if (strcmp(im.from, cli->server) == 0)
        return fc_cli_usage(cli, "--from and --server are both %s", im.from);
    im.only_project = fc_options_given(&cli->options, "project");
    fc_batch_begin(cli, &im.batch);
    im.batch.docs.project_forced = false; /* each document names its own */
    fc_rc rc = open_from(&im, &err);
    if (rc == FC_OK)
        rc = read_catalogue(&im, &err);
    fc_channel_close(im.channel);
    if (rc != FC_OK)
        return fc_cli_fail(cli, &err);
    enum fc_exit code = fc_batch_documents(cli, &im.batch);
    return code == FC_EXIT_OK ? fc_apply_batch(cli, &im.batch) : code;
}
