/* SPDX-License-Identifier: Apache-2.0 */
#include "server/jobs/streams.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/time.h"

fc_rc fc_stream_start_parse(const char *text, struct fc_stream_policy *ret, struct fc_error *err)
{
    if (strcmp(text, "earliest") == 0) {
        ret->start = FEAST__WORKER__V1__INGEST_STREAM__START__EARLIEST;
    } else if (strcmp(text, "latest") == 0) {
        ret->start = FEAST__WORKER__V1__INGEST_STREAM__START__LATEST;
    } else if (fc_time_parse(text, &ret->start_s, &ret->start_ns)) {
        ret->start = FEAST__WORKER__V1__INGEST_STREAM__START__AT_TIME;
    } else {
        return fc_fail_field(err, FC_REASON_CONFIG_INVALID, "stream.start",
                             "'%s' is no place to begin at; expected earliest, latest, or a time "
                             "such as 2026-01-02T03:04:05Z",
                             text);
    }
    return FC_OK;
}

bool fc_stream_project_allowed(const struct fc_stream_policy *policy, const char *project)
{
    if (!policy->projects || !policy->projects[0])
        return true;
    for (const char *const *at = policy->projects; *at; at++)
        if (strcmp(*at, project) == 0)
            return true;
    return false;
}

bool fc_stream_has_source(const Feast__Core__FeatureTableSpec *spec)
{
    return spec->stream_source &&
           (spec->stream_source->options_case == FEAST__CORE__DATA_SOURCE__OPTIONS_KAFKA_OPTIONS ||
            spec->stream_source->options_case == FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The words of a comma-separated list in ascending order, without the blanks around them. */
static char *sorted_list(const char *text, struct fc_arena *arena)
{
    char *copy = fc_arena_strdup(arena, text), *ret = fc_arena_alloc(arena, strlen(text) + 1);
    size_t room = strlen(text) / 2 + 1, count = 0;
    char **words = fc_arena_calloc(arena, room, sizeof *words), *rest = NULL, *at = ret;

    if (!copy || !ret || !words)
        return NULL;
    for (char *word = strtok_r(copy, ", \t\r\n", &rest); word;
         word = strtok_r(NULL, ", \t\r\n", &rest))
        words[count++] = word;
    qsort(words, count, sizeof *words, compare_texts);
    *at = '\0';
    for (size_t i = 0; i < count; i++) {
        at = stpcpy(at, i == 0 ? "" : ",");
        at = stpcpy(at, words[i]);
    }
    return ret;
}

const char *fc_stream_source_key(const Feast__Core__DataSource *source, struct fc_arena *arena)
{
    if (source->options_case == FEAST__CORE__DATA_SOURCE__OPTIONS_KINESIS_OPTIONS) {
        return fc_arena_printf(arena, "kinesis %s %s", source->kinesis_options->region,
                               source->kinesis_options->stream_name);
    }
    const char *brokers = sorted_list(source->kafka_options->bootstrap_servers, arena);
    return brokers ? fc_arena_printf(arena, "kafka %s %s", brokers, source->kafka_options->topic)
                   : NULL;
}

const char *fc_stream_store_key(const struct fc_redis_store *store, struct fc_arena *arena)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf nodes = FC_BUF_INIT;

    if (!store)
        return "sqlite";
    for (size_t i = 0; i < store->redis.node_count; i++) {
        fc_buf_printf(&nodes, "%s%s:%u", i == 0 ? "" : ",", store->redis.nodes[i].host,
                      (unsigned)store->redis.nodes[i].port);
    }
    const char *sorted = nodes.failed ? NULL : sorted_list(fc_buf_text(&nodes), arena);
    return sorted ? fc_arena_printf(arena, "redis %s %d %s", sorted, store->redis.database,
                                    fc_redis_layout_text(store->layout))
                  : NULL;
}
