/* SPDX-License-Identifier: Apache-2.0 */
/* ApplyFeatureTable with validation: modes, verdicts, reports, what is looked at again. */
#include "tests/unit/core_fixture.h"

#include <stdlib.h>

#include "storage/registry.h"

struct fixture {
    struct test_scratch scratch;
    struct fc_admission *admission;
    struct core_server *server;
    char url[300]; /* of the file that the table's source names */
};

static struct fixture *start(void **state, const char *worker, const char *root)
{
    struct fixture *f = *state;
    struct fc_error err = FC_ERROR_INIT;
    char probes[300];
    const char *const roots[] = {root, NULL};
    struct fc_admission_options options = {
        .worker_path = worker,
        .scratch_dir = probes,
        .deadline_ns = 60 * FC_NS_PER_S,
        .max_invalid_ratio = 0.05,
        .parallel = 1,
        .local_roots = roots,
    };

    (void)snprintf(probes, sizeof probes, "%s/probes", f->scratch.path);
    (void)snprintf(f->url, sizeof f->url, "file://%s/trips.parquet", f->scratch.path);
    test_write(test_path(&f->scratch, "trips.parquet"), "this is no parquet file");
    if (fc_admission_new(&options, &f->admission, &err) != FC_OK)
        fail_msg("%s", err.message);
    f->server = core_server_start(f->admission);
    have_driver(f->server, "");
    return f;
}

/* A worker that finds that every source fits. */
static struct fixture *start_good(void **state)
{
    struct fixture *f = *state;

    return start(state, test_bad_worker(&f->scratch, "good"), f->scratch.path);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    test_scratch_init(&f->scratch);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    if (f->server)
        core_server_stop(f->server);
    fc_admission_free(f->admission);
    test_scratch_done(&f->scratch);
    free(f);
    return 0;
}

static Feast__Core__FeatureTable *apply(struct fixture *f, const char *mode, int64_t max_age)
{
    struct fc_channel_metadata metadata = {"feast-validation", mode};
    Feast__Core__FeatureTableSpec *spec = test_table(f->server->arena);

    spec->max_age->seconds = max_age;
    spec->batch_source->file_options->file_url = f->url;
    f->server->metadata = &metadata;
    f->server->metadata_count = mode != NULL;
    Feast__Core__FeatureTable *table = core_apply_table_in(f->server, "", spec);
    f->server->metadata_count = 0;
    return table;
}

#define assert_verdict(f, word)                                                                    \
    assert_string_equal(core_trailer((f)->server, "feast-validation-verdict"), word)

static void stored_row(struct fixture *f, struct fc_table_row *ret)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader;

    assert_int_equal(fc_store_reader(f->server->store, &reader, &err), FC_OK);
    assert_int_equal(fc_table_find(reader, FC_STR("default"), FC_STR("driver_trips"),
                                   f->server->arena, ret, &err),
                     FC_OK);
}

static Feast__Admin__V1__ValidationReport *stored_report(struct fixture *f)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader;
    struct fc_table_row row;
    fc_str body;

    stored_row(f, &row);
    assert_true(row.report_id != 0);
    assert_int_equal(fc_store_reader(f->server->store, &reader, &err), FC_OK);
    assert_int_equal(fc_report_find(reader, row.report_id, f->server->arena, &body, &err), FC_OK);
    Feast__Admin__V1__ValidationReport *report = feast__admin__v1__validation_report__unpack(
        fc_arena_allocator(f->server->arena), body.len, (const uint8_t *)body.ptr);
    assert_non_null(report);
    assert_int_equal(report->verdict, row.verdict);
    return report;
}

static uint64_t probes(const struct fixture *f)
{
    struct fc_admission_stats stats;

    fc_admission_stats(f->admission, &stats);
    return stats.probes;
}

static void fitting_table_is_looked_at_once(void **state)
{
    struct fixture *f = start_good(state);
    Feast__Core__FeatureTable *table = apply(f, NULL, 1);

    assert_answered(f->server, table);
    assert_verdict(f, "OK");
    assert_int_equal(probes(f), 1);
    Feast__Admin__V1__ValidationReport *report = stored_report(f);
    assert_int_equal(report->mode, FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__ENFORCE);
    assert_string_equal(report->spec_hash, table->meta->hash);
    table = apply(f, NULL, 1); /* unchanged, and known to fit */
    assert_answered(f->server, table);
    assert_int_equal(table->meta->revision, 0);
    assert_verdict(f, "OK");
    assert_int_equal(probes(f), 1);
    table = apply(f, NULL, 2); /* changed */
    assert_answered(f->server, table);
    assert_int_equal(table->meta->revision, 1);
    assert_int_equal(probes(f), 2);
    assert_string_equal(stored_report(f)->spec_hash, table->meta->hash);
}

static void unchecked_table_is_looked_at_when_asked_for(void **state)
{
    struct fixture *f = start_good(state);
    struct fc_table_row row;

    assert_answered(f->server, apply(f, "off", 1));
    assert_verdict(f, "NOT_CHECKED");
    assert_int_equal(probes(f), 0);
    stored_row(f, &row);
    assert_int_equal(row.report_id, 0);
    assert_true(fc_str_eq(row.mode, FC_STR("off")));
    Feast__Core__FeatureTable *table = apply(f, "enforce", 1); /* unchanged, but never seen */
    assert_answered(f->server, table);
    assert_verdict(f, "OK");
    assert_int_equal(table->meta->revision, 0);
    assert_int_equal(probes(f), 1);
    stored_row(f, &row);
    assert_int_equal(row.revision, 0);
    assert_true(fc_str_eq(row.mode, FC_STR("enforce")));
    (void)stored_report(f);
    assert_answered(f->server, apply(f, "off", 1)); /* what is known stays */
    assert_verdict(f, "OK");
}

static void unreachable_source_is_accepted_unless_strict(void **state)
{
    struct fixture *f = *state;
    struct fc_table_row row;

    f = start(state, test_bad_worker(&f->scratch, "good"), "/nowhere"); /* may not be read */
    assert_null(apply(f, "strict", 1));
    assert_int_equal(f->server->err.rc, FC_FAILED_PRECONDITION);
    assert_verdict(f, "UNVERIFIED");
    stored_row(f, &row);
    assert_int_equal(row.id, 0);
    assert_answered(f->server, apply(f, NULL, 1));
    assert_verdict(f, "UNVERIFIED");
    assert_true(stored_report(f)->reason[0] != '\0');
}

static void dry_run_looks_and_writes_nothing(void **state)
{
    static const struct fc_channel_metadata dry = {"feast-dry-run", "true"};
    struct fixture *f = start_good(state);
    Feast__Core__FeatureTableSpec *spec = test_table(f->server->arena);
    struct fc_table_row row;

    spec->batch_source->file_options->file_url = f->url;
    f->server->metadata = &dry;
    f->server->metadata_count = 1;
    assert_answered(f->server, core_apply_table_in(f->server, "", spec));
    assert_verdict(f, "OK");
    assert_int_equal(probes(f), 1);
    stored_row(f, &row);
    assert_int_equal(row.id, 0);
}

static void mistakes_of_the_request_cost_no_probe(void **state)
{
    struct fixture *f = start_good(state);
    Feast__Core__FeatureTableSpec *spec = test_table(f->server->arena);

    test_add_entity(f->server->arena, spec, "nobody");
    assert_null(core_apply_table_in(f->server, "", spec));
    assert_failed(f->server, FC_INVALID_ARGUMENT, FC_REASON_ENTITY_UNKNOWN, "nobody");
    assert_int_equal(probes(f), 0);
}

static void mismatch_is_refused_unless_warned_of(void **state)
{
    struct fixture *f = *state;
    struct fc_table_row row;

    if (!test_real_worker())
        skip();
    f = start(state, test_real_worker(), f->scratch.path);
    assert_null(apply(f, NULL, 1)); /* the file is no Parquet */
    assert_failed(f->server, FC_INVALID_ARGUMENT, FC_REASON_SOURCE_MISMATCH, "driver_trips");
    assert_verdict(f, "MISMATCHED");
    assert_true(f->server->reply.violations.count > 0);
    stored_row(f, &row);
    assert_int_equal(row.id, 0);
    assert_answered(f->server, apply(f, "warn", 1));
    assert_verdict(f, "MISMATCHED");
    assert_null(apply(f, "enforce", 1)); /* unchanged, and known not to fit */
    assert_failed(f->server, FC_INVALID_ARGUMENT, FC_REASON_SOURCE_MISMATCH, "driver_trips");
    stored_row(f, &row);
    assert_int_equal(row.revision, 0);
    assert_false(row.deleted);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(fitting_table_is_looked_at_once),
    CASE(unchecked_table_is_looked_at_when_asked_for),
    CASE(unreachable_source_is_accepted_unless_strict),
    CASE(dry_run_looks_and_writes_nothing),
    CASE(mistakes_of_the_request_cost_no_probe),
    CASE(mismatch_is_refused_unless_warned_of),
};

FC_TEST_MAIN(cases)
