/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/tasks/ingest_check.h"

#include <string.h>

#include "base/violations.h"

#define REASON FC_REASON_SOURCE_MISMATCH

static void check_type(struct fc_violations *found, const struct fc_bound_column *bound,
                       const struct fc_column_type *type, const char *path)
{
    struct fc_contract_verdict verdict = fc_bound_verdict(bound, type);
    const char *subject = fc_bound_subject(bound, found->arena);
    const char *in = path ? path : "the source";

    if (verdict.level != FC_LEVEL_REJECT)
        return;
    if (bound->declared)
        fc_violations_add(found, REASON, bound->column,
                          "%s: column \"%s\" is %s in %s, declared %s (%s)", subject, bound->column,
                          type->text, in, fc_contract_type_name((int32_t)bound->declared),
                          verdict.why);
    else
        fc_violations_add(found, REASON, bound->column, "%s: column \"%s\" is %s in %s (%s)",
                          subject, bound->column, type->text, in, verdict.why);
}

static void check_column(struct fc_violations *found, const struct fc_bound_column *bound,
                         const struct fc_source_schema *schema)
{
    const struct fc_source_column *column = NULL;
    const char *subject = fc_bound_subject(bound, found->arena);
    size_t matches = 0;

    for (size_t i = 0; i < schema->column_count; i++)
        if (strcmp(schema->columns[i].name, bound->column) == 0 && matches++ == 0)
            column = &schema->columns[i];
    if (matches == 1)
        check_type(found, bound, &column->type, NULL);
    else if (matches > 1)
        fc_violations_add(found, REASON, bound->column, "%s: there are %zu columns \"%s\"", subject,
                          matches, bound->column);
    else if (fc_bound_is_expression(bound, schema))
        fc_violations_add(
            found, REASON, bound->column,
            "%s: \"%s\" is no column but an expression, which this version does not evaluate",
            subject, bound->column);
    else
        fc_violations_add(found, REASON, bound->column, "%s: there is no column \"%s\"", subject,
                          bound->column);
}

static void check_disagreement(struct fc_violations *found, const struct fc_binding *binding,
                               const struct fc_source_disagreement *d)
{
    for (size_t i = 0; i < binding->count; i++) {
        const struct fc_bound_column *bound = &binding->columns[i];
        if (strcmp(bound->column, d->column) != 0)
            continue;
        if (d->type.text)
            check_type(found, bound, &d->type, d->path);
        else
            fc_violations_add(found, REASON, bound->column, "%s: %s has no column \"%s\"",
                              fc_bound_subject(bound, found->arena), d->path, d->column);
    }
}

fc_rc fc_ingest_check(const struct fc_binding *binding, const struct fc_source_schema *schema,
                      struct fc_arena *arena, struct fc_error *err)
{
    struct fc_violations found;

    fc_violations_init(&found, arena);
    for (size_t i = 0; i < binding->count; i++)
        check_column(&found, &binding->columns[i], schema);
    for (size_t i = 0; i < schema->disagreement_count; i++)
        check_disagreement(&found, binding, &schema->disagreements[i]);
    return fc_violations_to_error(&found, err);
}

fc_rc fc_ingest_check_batch(const struct fc_binding *binding, const struct fc_batch *batch,
                            struct fc_arena *arena, struct fc_error *err)
{
    struct fc_violations found;

    fc_violations_init(&found, arena);
    for (size_t i = 0; i < binding->count; i++)
        check_type(&found, &binding->columns[i], &batch->columns[i].type, batch->path);
    return fc_violations_to_error(&found, err);
}
