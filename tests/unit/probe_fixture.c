/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/probe_fixture.h"

#include <stdlib.h>

int probe_setup(void **state)
{
    struct probe_fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    test_scratch_init(&f->scratch);
    f->arena = fc_arena_new((size_t)64 << 20);
    f->spec = test_table(f->arena);
    f->spec->batch_source = test_source_at(f->arena, test_path(&f->scratch, "t.parquet"));
    feast__worker__v1__probe__init(&f->probe);
    feast__worker__v1__limits__init(&f->limits);
    f->probe.spec = f->spec;
    f->probe.slot = FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_BATCH;
    f->probe.n_entities = 1;
    f->probe.entities = test_entity_types(f->arena);
    f->limits.rows = 1000;
    f->limits.files = 32;
    f->probe.limits = &f->limits;
    *state = f;
    return 0;
}

int probe_teardown(void **state)
{
    struct probe_fixture *f = *state;

    fc_arena_free(f->arena);
    test_scratch_done(&f->scratch);
    free(f);
    return 0;
}

fc_rc probe_run(struct probe_fixture *f, Feast__Admin__V1__SourceReport **ret)
{
    const struct fc_duck_options options = {.memory_limit = UINT64_C(256) << 20};
    FC_CLEANUP(fc_duck_closep) struct fc_duck *duck = NULL;

    f->err = (struct fc_error)FC_ERROR_INIT;
    assert_int_equal(fc_duck_open(&options, &duck, &f->err), FC_OK);
    return fc_probe_run(&f->probe, duck, fc_sys_real(), f->arena, ret, &f->err);
}

Feast__Admin__V1__SourceReport *probe_look(struct probe_fixture *f)
{
    Feast__Admin__V1__SourceReport *report = NULL;

    if (probe_run(f, &report) != FC_OK)
        fail_msg("%s", f->err.message);
    return report;
}

Feast__Admin__V1__SourceReport *probe_look_at(struct probe_fixture *f, const char *select)
{
    test_parquet(test_path(&f->scratch, "t.parquet"), select, 2048);
    return probe_look(f);
}

const Feast__Admin__V1__ColumnReport *probe_column(const Feast__Admin__V1__SourceReport *report,
                                                   const char *name)
{
    for (size_t i = 0; i < report->n_columns; i++)
        if (strcmp(report->columns[i]->column, name) == 0)
            return report->columns[i];
    fail_msg("there is no report on %s", name);
    return NULL;
}

bool probe_noted(const Feast__Admin__V1__SourceReport *report, const char *text)
{
    for (size_t i = 0; i < report->n_notes; i++)
        if (strstr(report->notes[i], text))
            return true;
    return false;
}

void probe_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not hold '%s'", text, part);
}
