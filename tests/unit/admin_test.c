/* SPDX-License-Identifier: Apache-2.0 */
/* feast.admin.v1 over real gRPC. */
#include "tests/unit/whole_fixture.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feast/admin/v1/admin.pb-c.h"
#include "feast/core/CoreService.pb-c.h"

#define ADMIN "/feast.admin.v1.AdminService/"

#define CALL(server, method, request, response_)                                                   \
    whole_call((server), ADMIN method, &(request)->base,                                           \
               &feast__admin__v1__##response_##__descriptor)

typedef Feast__Admin__V1__ValidateRequest validate_request;
typedef Feast__Admin__V1__ValidateResponse validate_response;

static void apply(struct whole_server *server, Feast__Core__FeatureTableSpec *spec)
{
    Feast__Core__ApplyFeatureTableRequest request = FEAST__CORE__APPLY_FEATURE_TABLE_REQUEST__INIT;

    request.table_spec = spec;
    (void)must_answer(server,
                      whole_call(server, "/feast.core.CoreService/ApplyFeatureTable", &request.base,
                                 &feast__core__apply_feature_table_response__descriptor));
}

/* ---- Reports ---- */

static Feast__Admin__V1__GetValidationReportResponse *report(struct whole_server *server,
                                                             const char *project, const char *table)
{
    Feast__Admin__V1__GetValidationReportRequest request =
        FEAST__ADMIN__V1__GET_VALIDATION_REPORT_REQUEST__INIT;

    request.project = (char *)project;
    request.table = (char *)table;
    return CALL(server, "GetValidationReport", &request, get_validation_report_response);
}

static void a_report_is_kept_with_its_table(void **state)
{
    struct whole_server *server = *state;

    apply(server, test_table(server->arena));
    Feast__Admin__V1__GetValidationReportResponse *answer =
        must_answer(server, report(server, "", "driver_trips"));
    assert_int_equal(answer->report->verdict, FEAST__ADMIN__V1__VERDICT__OK);
    assert_int_equal(answer->report->mode, FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__ENFORCE);
    assert_int_equal(answer->report->n_sources, 1);
    assert_int_equal(answer->report->sources[0]->n_columns, 4);
    assert_int_equal(strlen(answer->report->spec_hash), 8);
}

static void a_table_that_was_not_looked_at_says_so(void **state)
{
    struct whole_server *server = *state;

    test_put_table(server->store, "default", test_table(server->arena));
    Feast__Admin__V1__GetValidationReportResponse *answer =
        must_answer(server, report(server, "default", "driver_trips"));
    assert_int_equal(answer->report->verdict, FEAST__ADMIN__V1__VERDICT__NOT_CHECKED);
    assert_int_equal(answer->report->mode, FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF);
    assert_int_equal(strlen(answer->report->spec_hash), 8);
}

static void reports_of_no_table_are_not_found(void **state)
{
    struct whole_server *server = *state;

    must_fail(server, report(server, "", ""), FIELD_REQUIRED, "table");
    must_fail(server, report(server, "", "absent"), TABLE_NOT_FOUND, "absent");
    apply(server, test_table(server->arena));
    test_delete_table(server->store, "default", "driver_trips");
    must_fail(server, report(server, "", "driver_trips"), TABLE_NOT_FOUND, "has been deleted");
}

/* ---- Validation ---- */

static validate_response *validate(struct whole_server *server, const validate_request *request)
{
    return CALL(server, "Validate", request, validate_response);
}

static void what_fits_would_be_accepted(void **state)
{
    struct whole_server *server = *state;
    validate_request request = FEAST__ADMIN__V1__VALIDATE_REQUEST__INIT;

    request.table_spec = test_table(server->arena);
    validate_response *answer = must_answer(server, validate(server, &request));
    assert_true(answer->acceptable);
    assert_int_equal(answer->n_violations, 0);
    assert_int_equal(answer->report->verdict, FEAST__ADMIN__V1__VERDICT__OK);
    assert_int_equal(answer->report->mode, FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__ENFORCE);
    request.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__STRICT;
    answer = must_answer(server, validate(server, &request));
    assert_int_equal(answer->report->mode, FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__STRICT);
    /* Nothing was stored. */
    must_fail(server, report(server, "", "driver_trips"), TABLE_NOT_FOUND, "driver_trips");
}

static void what_cannot_be_looked_at_depends_on_the_mode(void **state)
{
    struct whole_server *server = *state;
    validate_request request = FEAST__ADMIN__V1__VALIDATE_REQUEST__INIT;

    request.table_spec = test_table(server->arena);
    request.table_spec->batch_source = test_bigquery_source(server->arena, "p:d.t");
    validate_response *answer = must_answer(server, validate(server, &request));
    assert_true(answer->acceptable);
    assert_int_equal(answer->report->verdict, FEAST__ADMIN__V1__VERDICT__UNVERIFIED);
    request.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__STRICT;
    answer = must_answer(server, validate(server, &request));
    assert_false(answer->acceptable);
    request.mode = FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF;
    answer = must_answer(server, validate(server, &request));
    assert_true(answer->acceptable);
    assert_null(answer->report);
}

static void rules_come_before_the_sources(void **state)
{
    struct whole_server *server = *state;
    validate_request request = FEAST__ADMIN__V1__VALIDATE_REQUEST__INIT;

    request.table_spec = test_table(server->arena);
    test_add_entity(server->arena, request.table_spec, "unknown");
    (void)test_add_feature(server->arena, request.table_spec, "not-a-name",
                           FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    validate_response *answer = must_answer(server, validate(server, &request));
    assert_false(answer->acceptable);
    assert_null(answer->report);
    assert_int_equal(answer->n_violations, 2);
    assert_non_null(strstr(answer->violations[0]->description, "not-a-name"));
    assert_string_equal(answer->violations[1]->field, "table_spec.entities[1]");
    assert_int_equal(test_lines(test_path(&server->scratch, "orders")), 0);
}

static void a_validation_of_nothing_is_refused(void **state)
{
    struct whole_server *server = *state;
    validate_request request = FEAST__ADMIN__V1__VALIDATE_REQUEST__INIT;

    must_fail(server, validate(server, &request), FIELD_REQUIRED, "table_spec");
    request.table_spec = test_table(server->arena);
    request.mode = (Feast__Admin__V1__ValidationReport__Mode)9;
    must_fail(server, validate(server, &request), FIELD_INVALID, "mode is 9");
}

/* ---- Backup ---- */

static Feast__Admin__V1__BackupResponse *backup(struct whole_server *server, const char *path)
{
    Feast__Admin__V1__BackupRequest request = FEAST__ADMIN__V1__BACKUP_REQUEST__INIT;

    request.path = (char *)path;
    return CALL(server, "Backup", &request, backup_response);
}

static void a_backup_is_a_database_with_everything(void **state)
{
    struct whole_server *server = *state;
    struct fc_error err = FC_ERROR_INIT;
    struct fc_reader *reader = NULL;
    struct fc_table_row row = {.id = 0};
    struct stat info;

    test_put_table(server->store, "default", test_table(server->arena));
    Feast__Admin__V1__BackupResponse *answer = must_answer(server, backup(server, "one.db"));
    assert_int_equal(stat(answer->path, &info), 0);
    assert_int_equal(info.st_size, answer->bytes);
    assert_true(answer->taken_at->seconds > 1600000000);
    assert_int_equal(mkdir(test_path(&server->scratch, "restored"), 0700), 0);
    assert_int_equal(rename(answer->path, test_path(&server->scratch, "restored/registry.db")), 0);
    struct fc_store *restored = test_store_open(test_path(&server->scratch, "restored"));
    assert_int_equal(fc_store_reader(restored, &reader, &err), FC_OK);
    assert_int_equal(
        fc_table_find(reader, FC_STR("default"), FC_STR("driver_trips"), server->arena, &row, &err),
        FC_OK);
    assert_int_not_equal(row.id, 0);
    fc_store_close(restored);
}

static void a_backup_needs_a_name_of_its_own(void **state)
{
    static const char *const names[] = {"/etc/x", "../x", "a/b", ".hidden", "a b", "x\n"};
    struct whole_server *server = *state;

    Feast__Admin__V1__BackupResponse *answer = must_answer(server, backup(server, ""));
    assert_non_null(strstr(answer->path, "/backups/registry-"));
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++)
        must_fail(server, backup(server, names[i]), FIELD_INVALID, "expected a file name");
    (void)must_answer(server, backup(server, "same.db"));
    must_fail(server, backup(server, "same.db"), REQUEST_INVALID, "same.db");
}

/* ---- Revisions ---- */

static Feast__Admin__V1__ListRevisionsResponse *revisions(struct whole_server *server,
                                                          Feast__Admin__V1__ObjectKind kind,
                                                          const char *name, uint32_t page_size,
                                                          const char *token)
{
    Feast__Admin__V1__ListRevisionsRequest request = FEAST__ADMIN__V1__LIST_REVISIONS_REQUEST__INIT;

    request.kind = kind;
    request.name = (char *)name;
    request.page_size = page_size;
    request.page_token = (char *)token;
    return CALL(server, "ListRevisions", &request, list_revisions_response);
}

#define TABLES   FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_FEATURE_TABLE
#define ENTITIES FEAST__ADMIN__V1__OBJECT_KIND__OBJECT_KIND_ENTITY

static void a_history_comes_newest_first_in_pages(void **state)
{
    struct whole_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);

    test_put_table(server->store, "default", spec);
    for (size_t i = 1; i < 4; i++) {
        (void)test_add_feature(server->arena, spec, fc_arena_printf(server->arena, "f%zu", i),
                               FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
        test_put_table(server->store, "default", spec);
    }
    test_delete_table(server->store, "default", "driver_trips");
    Feast__Admin__V1__ListRevisionsResponse *page =
        must_answer(server, revisions(server, TABLES, "driver_trips", 2, ""));
    assert_int_equal(page->n_revisions, 2);
    assert_int_equal(page->revisions[0]->number, 4);
    assert_true(page->revisions[0]->deleted);
    assert_int_equal(page->revisions[1]->number, 3);
    assert_int_equal(page->revisions[1]->feature_table->n_features, 5);
    assert_true(page->revisions[1]->changed_at->seconds > 1600000000);
    page = must_answer(server, revisions(server, TABLES, "driver_trips", 2, page->next_page_token));
    assert_int_equal(page->n_revisions, 2);
    assert_int_equal(page->revisions[0]->number, 2);
    page = must_answer(server, revisions(server, TABLES, "driver_trips", 2, page->next_page_token));
    assert_int_equal(page->n_revisions, 1);
    assert_int_equal(page->revisions[0]->number, 0);
    assert_int_equal(page->revisions[0]->feature_table->n_features, 2);
    assert_string_equal(page->next_page_token, "");
    page = must_answer(server, revisions(server, ENTITIES, "driver_id", 0, ""));
    assert_int_equal(page->n_revisions, 1);
    assert_string_equal(page->revisions[0]->entity->name, "driver_id");
}

/* More of it than one call may hold in memory, and more in a default page than a client takes. */
static void a_large_history_comes_in_pages(void **state)
{
    static char name[3 << 20];
    struct whole_server *server = *state;
    Feast__Core__FeatureTableSpec *spec = test_table(server->arena);
    const int64_t last = 24;
    const char *token = "";

    memset(name, 'f', sizeof name - 1);
    (void)test_add_feature(server->arena, spec, name, FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    for (int64_t i = 0; i <= last; i++) {
        name[0] = (char)('a' + i);
        test_put_table(server->store, "default", spec);
    }
    for (int64_t number = last; number >= 0; number--) {
        Feast__Admin__V1__ListRevisionsResponse *page =
            must_answer(server, revisions(server, TABLES, "driver_trips", 0, token));
        assert_int_equal(page->n_revisions, 1);
        assert_int_equal(page->revisions[0]->number, number);
        token = page->next_page_token;
        assert_int_equal(token[0] == '\0', number == 0);
    }
}

static void histories_of_nothing_are_refused(void **state)
{
    struct whole_server *server = *state;

    must_fail(server, revisions(server, TABLES, "", 0, ""), FIELD_REQUIRED, "name");
    must_fail(server, revisions(server, ENTITIES, "", 0, ""), FIELD_REQUIRED, "name");
    must_fail(server, revisions(server, TABLES, "absent", 0, ""), TABLE_NOT_FOUND, "absent");
    must_fail(server, revisions(server, ENTITIES, "absent", 0, ""), ENTITY_NOT_FOUND, "absent");
    must_fail(server, revisions(server, 0, "driver_id", 0, ""), FIELD_INVALID, "kind is 0");
    must_fail(server, revisions(server, ENTITIES, "driver_id", 0, "x"), FIELD_INVALID,
              "page_token is \"x\"");
}

/* ---- Jobs ---- */

static const char *start_job(struct whole_server *server)
{
    FeastSpark__Api__StartOfflineToOnlineIngestionJobRequest request =
        FEAST_SPARK__API__START_OFFLINE_TO_ONLINE_INGESTION_JOB_REQUEST__INIT;
    Google__Protobuf__Timestamp start = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

    test_put_table(server->store, "default", test_table(server->arena));
    request.table_name = (char *)"driver_trips";
    start.seconds = 5;
    request.start_date = &start;
    FeastSpark__Api__StartOfflineToOnlineIngestionJobResponse *answer = must_answer(
        server,
        whole_call(server, "/feast_spark.api.JobService/StartOfflineToOnlineIngestionJob",
                   &request.base,
                   &feast_spark__api__start_offline_to_online_ingestion_job_response__descriptor));
    return answer->id;
}

static Feast__Admin__V1__GetJobDetailResponse *detail(struct whole_server *server, const char *id)
{
    Feast__Admin__V1__GetJobDetailRequest request = FEAST__ADMIN__V1__GET_JOB_DETAIL_REQUEST__INIT;

    request.job_id = (char *)id;
    return CALL(server, "GetJobDetail", &request, get_job_detail_response);
}

struct seen {
    int messages, leave_after;
    Feast__Admin__V1__JobState state;
    uint64_t rows_written;
    double percent;
    bool went_back;
};

static bool see(void *ctx, const ProtobufCMessage *message)
{
    const Feast__Admin__V1__JobProgress *progress = (const void *)message;
    struct seen *seen = ctx;

    seen->went_back |= progress->state < seen->state || progress->rows_written < seen->rows_written;
    seen->state = progress->state;
    seen->rows_written = progress->rows_written;
    seen->percent = progress->percent;
    return ++seen->messages != seen->leave_after;
}

static fc_rc watch(struct whole_server *server, const char *id, struct seen *seen)
{
    Feast__Admin__V1__WatchJobRequest request = FEAST__ADMIN__V1__WATCH_JOB_REQUEST__INIT;
    const struct fc_channel_request call = {
        .path = ADMIN "WatchJob",
        .message = &request.base,
        .response = &feast__admin__v1__job_progress__descriptor,
        .timeout_ns = 120 * FC_NS_PER_S,
        .arena = server->arena,
    };

    request.job_id = (char *)id;
    server->err = (struct fc_error)FC_ERROR_INIT;
    return fc_channel_stream(server->channel, &call, see, seen, &server->reply, &server->err);
}

static void a_watch_ends_with_the_job(void **state)
{
    struct whole_server *server = *state;
    struct seen seen = {.state = 0}, again = {.state = 0};
    const char *id = start_job(server);

    assert_int_equal(watch(server, id, &seen), FC_OK);
    assert_int_equal(seen.state, FEAST__ADMIN__V1__JOB_STATE__JOB_STATE_DONE);
    assert_false(seen.went_back);
    assert_int_equal(seen.rows_written, 3);
    assert_true(seen.percent == 100);
    assert_int_equal(watch(server, id, &again), FC_OK);
    assert_int_equal(again.messages, 1);
}

static void a_watch_of_no_job_is_refused(void **state)
{
    struct whole_server *server = *state;
    struct seen seen = {.state = 0};

    assert_int_equal(watch(server, "", &seen), FC_INVALID_ARGUMENT);
    assert_int_equal(watch(server, "absent", &seen), FC_NOT_FOUND);
    assert_int_equal(server->err.reason, FC_REASON_JOB_NOT_FOUND);
    assert_int_equal(seen.messages, 0);
}

static int slow_setup(void **state)
{
    *state = whole_server_start("slow");
    return 0;
}

/* Clients that leave in the middle, and a server that ends under the last one. */
static void a_client_may_leave_a_watch(void **state)
{
    struct whole_server *server = *state;
    const char *id = start_job(server);

    for (int i = 1; i <= 5; i++) {
        struct seen seen = {.leave_after = i};
        assert_int_equal(watch(server, id, &seen), FC_OK);
        assert_int_equal(seen.messages, i);
    }
    assert_non_null(detail(server, id));
}

static bool job_is_done(void *ctx)
{
    struct whole_server *server = ctx;
    char *id = test_read(test_path(&server->scratch, "watched"));
    Feast__Admin__V1__GetJobDetailResponse *answer = detail(server, id);

    free(id);
    return answer && answer->job->progress->state == FEAST__ADMIN__V1__JOB_STATE__JOB_STATE_DONE;
}

static void a_detail_tells_all(void **state)
{
    struct whole_server *server = *state;
    const char *id = start_job(server);

    test_write(test_path(&server->scratch, "watched"), id);
    test_wait_until(job_is_done, server, "the end of a job");
    Feast__Admin__V1__GetJobDetailResponse *answer = must_answer(server, detail(server, id));
    const Feast__Admin__V1__JobDetail *job = answer->job;
    assert_string_equal(job->progress->job_id, id);
    assert_int_equal(job->progress->attempt, 1);
    assert_int_equal(job->progress->rows_written, 3);
    assert_string_equal(job->progress->phase, "read");
    assert_string_equal(job->progress->reason, "");
    assert_int_equal(job->progress->at->seconds, job->finished_at->seconds);
    assert_int_equal(job->type, FEAST_SPARK__API__JOB_TYPE__BATCH_INGESTION_JOB);
    assert_string_equal(job->project, "default");
    assert_string_equal(job->table, "driver_trips");
    assert_int_equal(strlen(job->hash), 32);
    assert_non_null(job->created_at);
    assert_non_null(job->started_at);
    assert_int_equal(job->range_start->seconds, 5);
    assert_null(job->range_end);
    assert_string_equal(job->dead_letter_path, "");
    assert_non_null(strstr(job->log_uri, "worker.log"));
    assert_int_equal(job->receipt->rows_read, 3);
    test_write(test_path(&server->scratch, "jobs/%s/dead_letter.jsonl", id), "{}\n");
    answer = must_answer(server, detail(server, id));
    assert_non_null(strstr(answer->job->dead_letter_path, "/dead_letter.jsonl"));
    must_fail(server, detail(server, ""), FIELD_REQUIRED, "job_id");
    must_fail(server, detail(server, "absent"), JOB_NOT_FOUND, "absent");
}

static const struct CMUnitTest cases[] = {
    WHOLE_CASE(a_report_is_kept_with_its_table),
    WHOLE_CASE(a_table_that_was_not_looked_at_says_so),
    WHOLE_CASE(reports_of_no_table_are_not_found),
    WHOLE_CASE(what_fits_would_be_accepted),
    WHOLE_CASE(what_cannot_be_looked_at_depends_on_the_mode),
    WHOLE_CASE(rules_come_before_the_sources),
    WHOLE_CASE(a_validation_of_nothing_is_refused),
    WHOLE_CASE(a_backup_is_a_database_with_everything),
    WHOLE_CASE(a_backup_needs_a_name_of_its_own),
    WHOLE_CASE(a_history_comes_newest_first_in_pages),
    WHOLE_CASE(a_large_history_comes_in_pages),
    WHOLE_CASE(histories_of_nothing_are_refused),
    WHOLE_CASE(a_watch_ends_with_the_job),
    WHOLE_CASE(a_watch_of_no_job_is_refused),
    cmocka_unit_test_setup_teardown(a_client_may_leave_a_watch, slow_setup, whole_teardown),
    WHOLE_CASE(a_detail_tells_all),
};

FC_TEST_MAIN(cases)
