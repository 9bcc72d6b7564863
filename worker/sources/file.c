/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/sources/file.h"

#include <string.h>

#include "base/url.h"

#define SCRATCH_MAX       ((size_t)256 << 20)
#define DISAGREEMENTS_MAX 64
#define REMOTE_FILES      16

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "the source needs more memory than it may have");
}

static bool accepts(const Feast__Core__DataSource *source)
{
    return source->type == FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_FILE;
}

static fc_rc check_format(const Feast__Core__DataSource__FileOptions *options,
                          struct fc_arena *arena, struct fc_error *err)
{
    const Feast__Core__FileFormat *format = options->file_format;

    /* An unset format is what clients send that know only one. */
    if (!format || format->format_case == FEAST__CORE__FILE_FORMAT__FORMAT_PARQUET_FORMAT ||
        format->format_case == FEAST__CORE__FILE_FORMAT__FORMAT__NOT_SET)
        return FC_OK;
    return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED, "%s: only Parquet files are read",
                   fc_url_public(options->file_url, arena));
}

static fc_rc find(struct fc_source *self, const char *url, struct fc_error *err)
{
    if (fc_remote_is(url))
        return fc_remote_open(self->env, url, self->arena, &self->list, &self->remote, err);
    fc_rc rc = fc_access_scheme(self->env->access, "file", err);
    return rc == FC_OK ? fc_file_list_find(url, self->arena, &self->list, err) : rc;
}

/* The engine is the caller's, memory lies in the caller's arena. */
static void file_close(struct fc_source *source)
{
    fc_remote_close(source->remote);
    if (source->holds_turn)
        fc_duck_turn_give(source->env->duck);
}

static fc_rc file_open(const struct fc_source_env *env, const Feast__Core__DataSource *source,
                       struct fc_arena *arena, struct fc_source **ret, struct fc_error *err)
{
    struct fc_source *self = fc_arena_calloc(arena, 1, sizeof *self);

    if (!self)
        return no_memory(err);
    if (source->options_case != FEAST__CORE__DATA_SOURCE__OPTIONS_FILE_OPTIONS)
        return fc_fail(err, FC_REASON_SOURCE_INVALID, "a file source without file_options");
    fc_rc rc = check_format(source->file_options, arena, err);
    if (rc != FC_OK)
        return rc;
    self->env = env;
    self->arena = arena;
    /* Who waits for the network does so without a turn. */
    self->holds_turn = !fc_remote_is(source->file_options->file_url);
    if (self->holds_turn)
        fc_duck_turn_take(env->duck);
    rc = find(self, source->file_options->file_url, err);
    if (rc == FC_OK)
        rc = fc_duck_confine(env->duck, self->remote ? self->remote->dir.path : self->list.root,
                             err);
    if (rc == FC_OK)
        *ret = self;
    else
        file_close(self);
    return rc;
}

static bool file_is_empty(const struct fc_source *source)
{
    return source->list.count == 0;
}

size_t fc_file_seen(const struct fc_source *source)
{
    size_t limit = source->env->limits ? source->env->limits->files : 0;

    /* Who reads all rows sees all footers anyway: no need to fetch each of them twice. */
    if (limit == 0 && source->remote)
        limit = REMOTE_FILES;
    return limit == 0 || limit > source->list.count ? source->list.count : limit;
}

bool fc_file_past_deadline(const struct fc_source *source)
{
    return source->env->deadline_ns != 0 &&
           fc_monotonic_ns(source->env->sys) >= source->env->deadline_ns;
}

fc_rc fc_file_footer(struct fc_source *source, const struct fc_file *file, struct fc_arena *arena,
                     struct fc_parquet_file *ret, struct fc_error *err)
{
    struct fc_parquet_place place = {
        .path = file->path, .name = file->path, .sparse = source->remote != NULL};
    fc_rc rc = FC_OK;

    if (source->remote)
        rc = fc_remote_local(source->remote, file, &place.path, err);
    if (rc != FC_OK)
        return rc;
    place.path = fc_arena_strdup(arena, place.path);
    if (!place.path)
        return no_memory(err);
    if (source->known_file == file) {
        *ret = source->known;
        ret->path = place.path;
        return FC_OK;
    }
    return fc_parquet_describe(source->env->duck, &place, arena, ret, err);
}

static const struct fc_source_column *find_column(const struct fc_source_column *columns,
                                                  size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(columns[i].name, name) == 0)
            return &columns[i];
    return NULL;
}

/* Files of one source mostly have their columns in one order: the place in the other file is tried first. */
static const struct fc_source_column *find_column_near(const struct fc_source_column *columns,
                                                       size_t count, const char *name, size_t at)
{
    if (at < count && strcmp(columns[at].name, name) == 0)
        return &columns[at];
    return find_column(columns, count, name);
}

/* Units may differ: they are read alike. A column of nothing but nulls agrees with all. */
static bool same_type(const struct fc_column_type *a, const struct fc_column_type *b)
{
    if (a->kind == FC_COLUMN_NULL || b->kind == FC_COLUMN_NULL)
        return true;
    return a->kind == b->kind && a->element == b->element && a->precision == b->precision &&
           a->scale == b->scale && a->int96 == b->int96;
}

/* What the comparison of files keeps between them. */
struct comparison {
    const struct fc_source_env *env;
    struct fc_arena *arena;
    struct fc_source_schema *schema;
    const char *first_path;
    bool unwanted_told;
    struct fc_error *err;
};

static bool is_wanted(const struct fc_source_env *env, const char *column)
{
    for (size_t i = 0; i < env->wanted_count; i++)
        if (strcmp(env->wanted[i], column) == 0)
            return true;
    return !env->wanted;
}

/*
 * One column that the table does not name stands for all of them: however many they are, those that it names are told.
 */
static bool is_worth_telling(struct comparison *c, const char *column)
{
    if (is_wanted(c->env, column))
        return true;
    bool first = !c->unwanted_told;
    c->unwanted_told = true;
    return first;
}

static fc_rc disagree(struct comparison *c, const char *path, const char *column,
                      const struct fc_column_type *here, const struct fc_column_type *first)
{
    struct fc_source_schema *schema = c->schema;

    if (!is_worth_telling(c, column))
        return FC_OK;
    if (schema->disagreement_count == DISAGREEMENTS_MAX) {
        schema->disagreements_cut = true;
        return FC_OK;
    }
    struct fc_source_disagreement *d = &schema->disagreements[schema->disagreement_count];
    *d = (struct fc_source_disagreement){.path = path, .first_path = c->first_path};
    d->column = fc_arena_strdup(c->arena, column);
    if (here) {
        d->type = *here;
        d->type.text = fc_arena_strdup(c->arena, here->text);
    }
    d->first_text = first ? first->text : NULL;
    if (!d->column || (here && !d->type.text))
        return no_memory(c->err);
    schema->disagreement_count++;
    return FC_OK;
}

static fc_rc compare(struct comparison *c, const struct fc_parquet_file *file)
{
    struct fc_source_schema *schema = c->schema;
    fc_rc rc = FC_OK;

    for (size_t i = 0; rc == FC_OK && i < schema->column_count; i++) {
        struct fc_source_column *first = &schema->columns[i];
        const struct fc_source_column *here =
            find_column_near(file->columns, file->column_count, first->name, i);
        if (!here || !same_type(&first->type, &here->type)) {
            rc = disagree(c, file->name, first->name, here ? &here->type : NULL, &first->type);
        } else if (first->type.kind == FC_COLUMN_NULL && here->type.kind != FC_COLUMN_NULL) {
            /* The first file had no value to show its type. */
            first->type = here->type;
            first->type.text = fc_arena_strdup(c->arena, here->type.text);
            if (!first->type.text)
                return no_memory(c->err);
        }
    }
    for (size_t i = 0; rc == FC_OK && i < file->column_count; i++)
        if (!find_column_near(schema->columns, schema->column_count, file->columns[i].name, i))
            rc = disagree(c, file->name, file->columns[i].name, &file->columns[i].type, NULL);
    return rc;
}

/* Partition columns come last and win over columns of the same name, as they do in Hive and Spark. */
static fc_rc add_keys(struct fc_source *source, struct fc_arena *arena,
                      struct fc_source_schema *schema, struct fc_error *err)
{
    const struct fc_file_list *list = &source->list;
    struct fc_source_column *columns =
        fc_arena_calloc(arena, schema->column_count + list->key_count + 1, sizeof *columns);
    size_t count = 0;

    if (!columns)
        return no_memory(err);
    for (size_t i = 0; i < schema->column_count; i++)
        if (!find_column(list->keys, list->key_count, schema->columns[i].name))
            columns[count++] = schema->columns[i];
    for (size_t i = 0; i < list->key_count; i++)
        columns[count++] = list->keys[i];
    schema->columns = columns;
    schema->column_count = count;
    return FC_OK;
}

static fc_rc describe_file(struct fc_source *source, size_t index, struct comparison *c,
                           struct fc_arena *scratch, int64_t *rows)
{
    struct fc_parquet_file file;
    const char *path = source->list.files[index].path;
    bool first = c->schema->files_seen == 0;

    if (!first && fc_file_past_deadline(source))
        return fc_fail(c->err, FC_REASON_DEADLINE_EXCEEDED,
                       "%s: the schemas of %zu files were read in time, not those of %zu",
                       source->list.root, c->schema->files_seen, fc_file_seen(source));
    fc_arena_reset(scratch);
    fc_rc rc = fc_file_footer(source, &source->list.files[index], first ? c->arena : scratch, &file,
                              c->err);
    if (rc != FC_OK)
        return rc;
    c->schema->files_seen++;
    *rows += file.rows;
    if (!first)
        return compare(c, &file);
    /* The sample will want it too; it may lie in the same arena as the source. */
    if (c->arena == source->arena) {
        source->known_file = &source->list.files[index];
        source->known = file;
    }
    c->first_path = path;
    /* Its own: later files say what type a column has that is null throughout here. */
    c->schema->columns =
        fc_arena_memdup(c->arena, file.columns, file.column_count * sizeof *file.columns);
    c->schema->column_count = file.column_count;
    return c->schema->columns || file.column_count == 0 ? FC_OK : no_memory(c->err);
}

static fc_rc file_describe(struct fc_source *source, struct fc_arena *arena,
                           struct fc_source_schema *ret, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *scratch = fc_arena_new(SCRATCH_MAX);
    struct comparison c = {.env = source->env, .arena = arena, .schema = ret, .err = err};
    size_t seen = fc_file_seen(source);
    int64_t rows = 0;

    *ret = (struct fc_source_schema){.files_total = source->list.count,
                                     .files_cut = source->list.cut,
                                     .rows_total = -1,
                                     .bytes_total = source->list.bytes};
    ret->disagreements = fc_arena_calloc(arena, DISAGREEMENTS_MAX, sizeof *ret->disagreements);
    if (!scratch || !ret->disagreements)
        return no_memory(err);
    if (seen == 0)
        return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s is empty: no file is in it",
                       source->list.root);
    for (size_t i = 0; i < seen; i++) {
        size_t index = fc_spread(source->list.count, seen, i);
        fc_rc rc = describe_file(source, index, &c, scratch, &rows);
        if (rc != FC_OK)
            return rc;
    }
    if (seen == source->list.count)
        ret->rows_total = rows;
    return add_keys(source, arena, ret, err);
}

const struct fc_source_ops fc_source_file = {
    .version = FC_SOURCE_VERSION,
    .kind = "file",
    .accepts = accepts,
    .open = file_open,
    .is_empty = file_is_empty,
    .describe = file_describe,
    .sample = fc_file_sample,
    .state = fc_file_state,
    .resumes = fc_file_resumes,
    .scan = fc_file_scan,
    .close = file_close,
};
