/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "worker/contract/advice.h"
#include "worker/tasks/probe_internal.h"
#include "worker/text.h"

typedef Feast__Admin__V1__ColumnReport column_report;

size_t fc_probe_find(const struct fc_probe *p, const char *name, size_t *ret)
{
    size_t matches = 0;

    for (size_t i = 0; i < p->schema.column_count; i++)
        if (strcmp(p->schema.columns[i].name, name) == 0 && matches++ == 0)
            *ret = i;
    return matches;
}

/* The column that was probably meant: another case first, then the nearest spelling. */
static const char *hint(struct fc_probe *p, const char *name)
{
    const char **names = fc_arena_calloc(p->arena, p->schema.column_count + 1, sizeof(char *));
    const char *nearest = NULL;

    for (size_t i = 0; names && i < p->schema.column_count; i++) {
        names[i] = p->schema.columns[i].name;
        if (strcasecmp(names[i], name) == 0)
            return fc_arena_printf(p->arena, "; names are case-sensitive, the source has \"%s\"",
                                   names[i]);
    }
    /* Among names of one or two letters each is near to each. */
    if (names && strlen(name) > 2)
        nearest = fc_str_nearest(name, names, p->schema.column_count);
    return nearest ? fc_arena_printf(p->arena, "; did you mean \"%s\"?", nearest) : "";
}

static void judge_absent(struct fc_probe *p, const struct fc_bound_column *bound,
                         column_report *column)
{
    if (fc_bound_is_expression(bound, &p->schema)) {
        column->message = fc_probe_text(
            p, fc_arena_printf(p->arena,
                               "\"%s\" is no column but an expression, which this version does not "
                               "evaluate",
                               bound->column));
        return;
    }
    const char *tail = hint(p, bound->column);
    column->level = FC_LEVEL_OF(MISSING);
    column->advice =
        fc_probe_text(p, bound->role == FC_ROLE(ENTITY) || bound->role == FC_ROLE(FEATURE)
                             ? "add the column to the source, or map the name to the right one "
                               "with field_mapping"
                             : "name a column that the source has");
    column->message = fc_probe_text(p, fc_arena_printf(p->arena, "there is no column \"%s\"%s",
                                                       bound->column, tail ? tail : ""));
}

static const char *type_message(struct fc_probe *p, const struct fc_bound_column *bound,
                                const struct fc_column_type *type,
                                const struct fc_contract_verdict *verdict)
{
    bool value = bound->role == FC_ROLE(ENTITY) || bound->role == FC_ROLE(FEATURE);

    if (verdict->level == FC_LEVEL_EXACT || (verdict->level == FC_LEVEL_WIDENING && value))
        return "";
    if (value)
        return fc_arena_printf(p->arena, "column \"%s\" is %s, declared %s (%s)", bound->column,
                               type->text, fc_contract_type_name((int32_t)bound->declared),
                               verdict->why);
    return fc_arena_printf(p->arena, "column \"%s\" is %s (%s)", bound->column, type->text,
                           verdict->why);
}

static void judge_column(struct fc_probe *p, const struct fc_bound_column *bound,
                         column_report *column)
{
    size_t at = 0;
    size_t matches = fc_probe_find(p, bound->column, &at);

    if (matches == 0) {
        judge_absent(p, bound, column);
        return;
    }
    const struct fc_column_type *type = &p->schema.columns[at].type;
    column->source_type = fc_probe_text(p, type->text);
    column->source_kind = fc_probe_text(p, fc_kind_text(type, p->arena));
    if (matches > 1) {
        column->level = FC_LEVEL_OF(REJECT);
        column->message = fc_probe_text(
            p, fc_arena_printf(p->arena, "there are %zu columns \"%s\"", matches, bound->column));
        return;
    }
    struct fc_contract_verdict verdict = fc_bound_verdict(bound, type);
    const char *message = type_message(p, bound, type, &verdict);
    column->level = (Feast__Admin__V1__ColumnReport__Level)verdict.level;
    fc_probe_advise(p, bound, type, NULL, column);
    column->message = message ? fc_probe_text(p, message) : (char *)protobuf_c_empty_string;
}

/* The engine that reads files knows these two to the microsecond. */
static void note_precision(struct fc_probe *p, const struct fc_bound_column *bound)
{
    size_t at = 0;

    if (p->source->type != FEAST__CORE__DATA_SOURCE__SOURCE_TYPE__BATCH_FILE)
        return;
    if (bound->role != FC_ROLE(EVENT_TIMESTAMP) && bound->role != FC_ROLE(CREATED_TIMESTAMP))
        return;
    if (fc_probe_find(p, bound->column, &at) == 0)
        return;
    const struct fc_column_type *type = &p->schema.columns[at].type;
    if (type->nanos && (type->int96 || type->kind == FC_COLUMN_TIMESTAMP_UTC))
        fc_probe_note(p, fc_arena_printf(p->arena,
                                         "nanoseconds of column \"%s\" are cut to microseconds",
                                         bound->column));
}

static bool is_used(const struct fc_probe *p, const char *column)
{
    for (size_t i = 0; i < p->binding.count; i++)
        if (strcmp(p->binding.columns[i].column, column) == 0)
            return true;
    return false;
}

static const char *disagreement_text(struct fc_probe *p, const struct fc_source_disagreement *d)
{
    if (!d->type.text)
        return fc_arena_printf(p->arena, "%s has no column \"%s\", which is %s in %s", d->path,
                               d->column, d->first_text, d->first_path);
    if (!d->first_text)
        return fc_arena_printf(p->arena, "%s has no column \"%s\", which is %s in %s",
                               d->first_path, d->column, d->type.text, d->path);
    return fc_arena_printf(p->arena, "%s: column \"%s\" is %s, but %s in %s", d->path, d->column,
                           d->type.text, d->first_text, d->first_path);
}

/* Only columns that the table uses; what else the files differ in is a note. */
static fc_rc report_disagreements(struct fc_probe *p)
{
    const struct fc_source_schema *schema = &p->schema;
    size_t others = 0;

    p->report->disagreements =
        fc_arena_calloc(p->arena, schema->disagreement_count + 1, sizeof(char *));
    if (!p->report->disagreements)
        return fc_probe_no_memory(p->err);
    for (size_t i = 0; i < schema->disagreement_count; i++) {
        if (!is_used(p, schema->disagreements[i].column)) {
            others++;
            continue;
        }
        const char *text = disagreement_text(p, &schema->disagreements[i]);
        if (!text)
            return fc_probe_no_memory(p->err);
        p->report->disagreements[p->report->n_disagreements++] = fc_text_clean(p->arena, text);
    }
    if (others > 0)
        fc_probe_note(p, "files differ in columns that the table does not use");
    if (schema->disagreements_cut)
        fc_probe_note(p, "files differ in more columns than are listed");
    return FC_OK;
}

fc_rc fc_probe_report_schema(struct fc_probe *p)
{
    const struct fc_source_schema *schema = &p->schema;

    p->report->files_total = schema->files_total;
    p->report->files_seen = schema->files_seen;
    for (size_t i = 0; i < p->binding.count; i++)
        judge_column(p, &p->binding.columns[i], p->report->columns[i]);
    for (size_t i = p->binding.event; i < p->binding.count; i++)
        note_precision(p, &p->binding.columns[i]);
    if (schema->files_cut)
        fc_probe_note(p, fc_arena_printf(p->arena,
                                         "there are more files than the first %zu that were listed",
                                         schema->files_total));
    if (schema->files_seen < schema->files_total)
        fc_probe_note(p, fc_arena_printf(p->arena, "the schemas of %zu of %zu files were read",
                                         schema->files_seen, schema->files_total));
    return report_disagreements(p);
}
