/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables and views of BigQuery over its REST API. Rows of tables are listed, which costs nothing; views, and spans of
 * large tables, are queried. docs/sources.md says what is read and what that costs.
 */
#include "worker/sources/bigquery.h"

#include <inttypes.h>

#include "base/bigquery.h"
#include "base/time.h"
#include "base/url.h"

#define NEEDS_GET  "bigquery.tables.get (roles/bigquery.metadataViewer)"
#define NEEDS_LIST "bigquery.tables.getData (roles/bigquery.dataViewer)"

static fc_rc no_memory(const struct fc_source *source, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "BigQuery table %s: no memory for it",
                   source->name ? source->name : "");
}

static bool accepts(const Feast__Core__DataSource *source)
{
    return source->type == FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_BIGQUERY;
}

static const char *copy(const struct fc_source *self, fc_str text)
{
    return fc_arena_strndup(self->arena, text.ptr, text.len);
}

static fc_rc set_names(struct fc_source *self, const Feast__Core__DataSource *source,
                       struct fc_error *err)
{
    const Feast__Worker__V1__Access *order = self->env->access ? self->env->access->order : NULL;
    struct fc_bigquery_ref ref;

    if (source->options_case != FEAST__CORE__DATA_SOURCE__OPTIONS_BIGQUERY_OPTIONS)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "a BigQuery source without bigquery_options");
    if (!fc_bigquery_ref_parse(source->bigquery_options->table_ref, &ref))
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "bigquery_options.table_ref is \"%.200s\", expected project:dataset.table",
                       source->bigquery_options->table_ref);
    self->project = copy(self, ref.project);
    self->dataset = copy(self, ref.dataset);
    self->table = copy(self, ref.table);
    self->decorated = memchr(ref.table.ptr, '$', ref.table.len) != NULL;
    self->billed = order && order->bigquery_project[0] ? order->bigquery_project : self->project;
    if (!self->project || !self->dataset || !self->table)
        return no_memory(self, err);
    self->name =
        fc_arena_printf(self->arena, "%s.%s.%s", self->project, self->dataset, self->table);
    return self->name ? FC_OK : no_memory(self, err);
}

/* "/projects/p/datasets/d", then "/tables/t" when it is asked for. */
static void put_place(struct fc_buf *path, const struct fc_source *self, bool table)
{
    fc_buf_puts(path, "/projects/");
    fc_url_escape(path, self->project, "");
    fc_buf_puts(path, "/datasets/");
    fc_url_escape(path, self->dataset, "");
    if (!table)
        return;
    fc_buf_puts(path, "/tables/");
    fc_url_escape(path, self->table, "");
}

static fc_rc get_place(struct fc_source *self, bool table, json_t **ret,
                       enum fc_bq_problem *ret_problem, struct fc_error *err)
{
    struct fc_buf path = FC_BUF_INIT;

    put_place(&path, self, table);
    const struct fc_bq_request request = {.path = path.ptr, .needs = NEEDS_GET};
    fc_rc rc = path.failed
                   ? no_memory(self, err)
                   : fc_bq_call(&self->service, &request, self->arena, ret, ret_problem, err);
    fc_buf_done(&path);
    return rc;
}

/* A table that is not there may be so because its dataset is not, which is the better answer. */
static fc_rc get_table(struct fc_source *self, json_t **ret, struct fc_error *err)
{
    struct fc_error second = FC_ERROR_INIT;
    enum fc_bq_problem problem = FC_BQ_FINE;
    json_t *dataset = NULL;

    fc_rc rc = get_place(self, true, ret, &problem, err);
    if (rc == FC_OK || problem != FC_BQ_NOT_FOUND)
        return rc;
    problem = FC_BQ_FINE;
    if (get_place(self, false, &dataset, &problem, &second) != FC_OK && problem == FC_BQ_NOT_FOUND)
        *err = second;
    json_decref(dataset);
    return err->rc;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

/* What a query of all columns would give, for what has no schema of its own. */
static fc_rc read_schema_by_query(struct fc_source *self, struct fc_error *err)
{
    FC_CLEANUP(fc_bq_json_freep) json_t *answer = NULL;
    const struct fc_bq_query query = {
        .sql = fc_arena_printf(self->arena, "SELECT * FROM `%s`", self->name),
        .project = self->billed,
        .location = self->location};
    enum fc_bq_problem problem = FC_BQ_FINE;

    if (!query.sql)
        return no_memory(self, err);
    fc_rc rc = fc_bq_query_schema(&self->service, &query, self->arena, &answer, &problem, err);
    return rc == FC_OK ? fc_bq_schema_read(json_object_get(answer, "schema"), self->service.what,
                                           self->arena, &self->schema, err)
                       : rc;
}

static fc_rc set_partition(struct fc_source *self, const json_t *table, struct fc_error *err)
{
    const json_t *by_time = json_object_get(table, "timePartitioning");
    const char *field = text_of(by_time, "field");

    if (!by_time)
        return FC_OK;
    if (field[0]) {
        self->partition = fc_bq_schema_find(&self->schema, field);
        return FC_OK;
    }
    return fc_bq_schema_add_pseudo(&self->schema, text_of(by_time, "type"), self->arena)
               ? FC_OK
               : no_memory(self, err);
}

static fc_rc set_table(struct fc_source *self, const json_t *table, struct fc_error *err)
{
    static const char *const listed[] = {"TABLE", "SNAPSHOT", "CLONE"};
    const char *type = text_of(table, "type");
    const char *location = text_of(table, "location");
    const json_t *schema = json_object_get(table, "schema");

    for (size_t i = 0; i < FC_ARRAY_LEN(listed); i++)
        self->listed = self->listed || strcmp(type, listed[i]) == 0;
    self->streaming = json_is_object(json_object_get(table, "streamingBuffer"));
    self->rows = self->listed ? fc_bq_number(table, "numRows", -1) : -1;
    self->bytes = self->listed ? fc_bq_number(table, "numBytes", -1) : -1;
    self->modified_ms = self->listed ? fc_bq_number(table, "lastModifiedTime", -1) : -1;
    self->location = location[0] ? fc_arena_strdup(self->arena, location) : NULL;
    if (self->decorated && !self->listed)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s: it is a %s, and only tables have partitions to be named with $",
                       self->service.what, type[0] ? type : "thing of no type");
    fc_rc rc = schema
                   ? fc_bq_schema_read(schema, self->service.what, self->arena, &self->schema, err)
                   : read_schema_by_query(self, err);
    return rc == FC_OK ? set_partition(self, table, err) : rc;
}

/* A wildcard stands for many tables: only queries know them. */
static fc_rc find(struct fc_source *self, struct fc_error *err)
{
    FC_CLEANUP(fc_bq_json_freep) json_t *table = NULL;

    self->rows = -1;
    self->bytes = -1;
    self->modified_ms = -1;
    if (strchr(self->table, '*'))
        return read_schema_by_query(self, err);
    fc_rc rc = get_table(self, &table, err);
    return rc == FC_OK ? set_table(self, table, err) : rc;
}

static void bigquery_close(struct fc_source *source)
{
    fc_bq_service_close(&source->service);
}

static fc_rc bigquery_open(const struct fc_source_env *env, const Feast__Core__DataSource *source,
                           struct fc_arena *arena, struct fc_source **ret, struct fc_error *err)
{
    struct fc_source *self = fc_arena_calloc(arena, 1, sizeof *self);

    if (!self)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for a BigQuery source");
    self->env = env;
    self->arena = arena;
    fc_rc rc = set_names(self, source, err);
    if (rc != FC_OK)
        return rc;
    const char *what = fc_arena_printf(arena, "BigQuery table %s", self->name);
    if (!what)
        return no_memory(self, err);
    rc = fc_bq_service_open(env, what, arena, &self->service, err);
    if (rc == FC_OK)
        rc = find(self, err);
    if (rc != FC_OK) {
        bigquery_close(self);
        return rc;
    }
    *ret = self;
    return FC_OK;
}

/* Even without rows it has a schema. */
static bool bigquery_is_empty(const struct fc_source *source)
{
    (void)source;
    return false;
}

static fc_rc bigquery_describe(struct fc_source *source, struct fc_arena *arena,
                               struct fc_source_schema *ret, struct fc_error *err)
{
    size_t size = source->schema.column_count * sizeof *source->schema.columns;

    *ret = (struct fc_source_schema){.column_count = source->schema.column_count,
                                     .files_total = 1,
                                     .files_seen = 1,
                                     .rows_total = source->rows,
                                     .bytes_total = source->bytes};
    ret->columns = fc_arena_memdup(arena, source->schema.columns, size);
    return ret->columns ? FC_OK : no_memory(source, err);
}

/* A view has no time of its own, nor has what is still in a buffer: then it is told when they were looked at. */
static const char *bigquery_state(struct fc_source *source, struct fc_arena *arena)
{
    bool known = source->modified_ms >= 0 && !source->streaming;
    int64_t ns = known ? source->modified_ms * FC_NS_PER_MS : fc_now_ns(source->env->sys);
    char time[FC_TIME_TEXT_MAX];

    fc_time_format(ns / FC_NS_PER_S, (int32_t)(ns % FC_NS_PER_S), time);
    return fc_arena_printf(arena, "%s %s %s", source->name, known ? "modified" : "read at", time);
}

/* Rows come in an order of BigQuery's choice. */
static bool bigquery_resumes(const struct fc_source *source)
{
    (void)source;
    return false;
}

bool fc_bq_needs_query(const struct fc_source *source, const char *const *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct fc_bq_field *field = fc_bq_schema_find(&source->schema, columns[i]);
        if (field && field->pseudo)
            return true;
    }
    return !source->listed;
}

fc_rc fc_bq_list_rows(struct fc_source *source, const struct fc_bq_list *list,
                      struct fc_arena *arena, json_t **ret, struct fc_error *err)
{
    struct fc_buf path = FC_BUF_INIT;
    enum fc_bq_problem problem = FC_BQ_FINE;

    put_place(&path, source, true);
    fc_buf_printf(
        &path, "/data?formatOptions.useInt64Timestamp=true&maxResults=%" PRId64 "&selectedFields=",
        list->rows);
    fc_url_escape(&path, list->plan->selected, "");
    if (list->token) {
        fc_buf_puts(&path, "&pageToken=");
        fc_url_escape(&path, list->token, "");
    } else {
        fc_buf_printf(&path, "&startIndex=%" PRId64, list->start);
    }
    const struct fc_bq_request request = {.path = path.ptr, .needs = NEEDS_LIST};
    fc_rc rc = path.failed ? no_memory(source, err)
                           : fc_bq_call(&source->service, &request, arena, ret, &problem, err);
    fc_buf_done(&path);
    return rc;
}

const struct fc_source_ops fc_source_bigquery = {
    .version = FC_SOURCE_VERSION,
    .kind = "bigquery",
    .accepts = accepts,
    .open = bigquery_open,
    .is_empty = bigquery_is_empty,
    .describe = bigquery_describe,
    .sample = fc_bq_sample,
    .state = bigquery_state,
    .resumes = bigquery_resumes,
    .scan = fc_bq_scan,
    .close = bigquery_close,
};
