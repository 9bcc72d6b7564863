/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission/admission.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feast/worker/v1/worker.pb-c.h"
#include "server/admission/location.h"
#include "server/admission/order.h"
#include "server/admission/policy.h"
#include "server/admission/pool.h"
#include "server/admission/report.h"

#define DEFAULT_DEADLINE_NS (5 * FC_NS_PER_S)
#define DEFAULT_PARALLEL    4
#define DEFAULT_QUEUE_LIMIT 256

struct fc_admission {
    const struct fc_sys *sys;
    struct fc_location_policy location;
    char **roots; /* NULL-terminated, owned */
    enum fc_validation_mode mode;
    int64_t deadline_ns;
    double max_invalid_ratio;
    struct fc_pool *pool;
    atomic_uint_fast64_t probes, refused, unverified, worker_failures, next_id;
};

/* One fc_admission_check under way; lives in the arena of the request. */
struct check {
    struct fc_pool_task task; /* first: the pool hands it back */
    struct fc_admission *admission;
    const struct fc_admission_request *request;
    int64_t deadline_ns;
    bool turned_away; /* no worker has room for it */
    fc_admission_done_fn done;
    void *ctx;
};

static bool copy_roots(struct fc_admission *admission, const char *const *roots)
{
    size_t count = 0;

    while (roots != NULL && roots[count] != NULL) {
        count++;
    }
    admission->roots = calloc(count + 1, sizeof *admission->roots);
    for (size_t i = 0; admission->roots != NULL && i < count; i++) {
        admission->roots[i] = strdup(roots[i]);
        if (admission->roots[i] == NULL) {
            return false;
        }
    }
    return admission->roots != NULL;
}

fc_rc fc_admission_new(const struct fc_admission_options *options, struct fc_admission **ret,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_admission_freep) struct fc_admission *admission = calloc(1, sizeof *admission);

    if (admission == NULL || !copy_roots(admission, options->local_roots)) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for admission");
    }
    admission->sys = options->sys != NULL ? options->sys : fc_sys_real();
    admission->location =
        (struct fc_location_policy){.access = options->access,
                                    .local_any = options->local_any,
                                    .local_roots = (const char *const *)admission->roots};
    admission->mode = options->mode;
    admission->deadline_ns = options->deadline_ns > 0 ? options->deadline_ns : DEFAULT_DEADLINE_NS;
    admission->max_invalid_ratio = options->max_invalid_ratio;
    const struct fc_pool_options pool = {
        .sys = admission->sys,
        .worker_path = options->worker_path,
        .scratch_dir = options->scratch_dir,
        .threads = options->parallel > 0 ? options->parallel : DEFAULT_PARALLEL,
        .queue_limit = options->queue_limit > 0 ? options->queue_limit : DEFAULT_QUEUE_LIMIT,
    };
    fc_rc rc = fc_pool_new(&pool, &admission->pool, err);
    if (rc == FC_OK) {
        *ret = fc_steal(admission);
    }
    return rc;
}

void fc_admission_free(struct fc_admission *admission)
{
    if (admission == NULL) {
        return;
    }
    fc_pool_free(admission->pool);
    for (size_t i = 0; admission->roots != NULL && admission->roots[i] != NULL; i++) {
        free(admission->roots[i]);
    }
    free(admission->roots);
    free(admission);
}

enum fc_validation_mode fc_admission_default_mode(const struct fc_admission *admission)
{
    return admission->mode;
}

/* The time that the caller leaves us, less what storing and answering take. */
static int64_t deadline_of(const struct fc_admission *admission,
                           const struct fc_admission_request *request)
{
    int64_t now = fc_monotonic_ns(admission->sys), own = now + admission->deadline_ns;

    if (request->deadline_ns <= 0 || request->deadline_ns == INT64_MAX) {
        return own;
    }
    int64_t left = request->deadline_ns > now ? request->deadline_ns - now : 0;
    int64_t spared = left / 5 < 500 * FC_NS_PER_MS ? left / 5 : 500 * FC_NS_PER_MS;
    int64_t theirs = now + left - spared;
    return theirs < own ? theirs : own;
}

/* What a worker answered: a report, or why it could not make one. */
static fc_rc take_result(const Feast__Worker__V1__Result *result, const struct check *check,
                         Feast__Admin__V1__SourceSlot slot, Feast__Admin__V1__SourceReport **ret,
                         struct fc_error *err)
{
    if (result->error != NULL) {
        enum fc_reason reason = fc_reason_from_word(result->error->reason);
        return fc_fail(err, reason < FC_REASON_COUNT ? reason : FC_REASON_WORKER_FAILED, "%s",
                       result->error->message);
    }
    if (result->outcome_case != FEAST__WORKER__V1__RESULT__OUTCOME_PROBE ||
        result->probe->report == NULL) {
        return fc_fail(err, FC_REASON_WORKER_FAILED, "the probe worker's answer has no report");
    }
    return fc_report_adopt(result->probe->report, check->request->spec, slot, check->request->arena,
                           ret, err);
}

static fc_rc probe(const struct check *check, struct fc_prober *prober,
                   Feast__Admin__V1__SourceSlot slot, const char *url, struct fc_arena *scratch,
                   Feast__Admin__V1__SourceReport **ret, struct fc_error *err)
{
    struct fc_admission *admission = check->admission;
    const struct fc_probe_order order = {
        .number = atomic_fetch_add(&admission->next_id, 1),
        .slot = slot,
        .url = url,
        .left_ns = check->deadline_ns - fc_monotonic_ns(admission->sys),
        .max_invalid_ratio = admission->max_invalid_ratio,
        .access = admission->location.access,
    };
    const Feast__Worker__V1__WorkOrder *message = NULL;
    Feast__Worker__V1__Result *result = NULL;

    if (order.left_ns <= 0) {
        return fc_fail(err, FC_REASON_DEADLINE_EXCEEDED, "the probe's turn did not come in time");
    }
    fc_rc rc = fc_probe_order_make(&order, check->request, scratch, &message, err);
    if (rc != FC_OK) {
        return rc;
    }
    atomic_fetch_add(&admission->probes, 1);
    rc = fc_prober_run(prober, message, check->deadline_ns, scratch, &result, err);
    if (rc == FC_OK) {
        rc = take_result(result, check, slot, ret, err);
    }
    if (rc != FC_OK && err->reason == FC_REASON_WORKER_FAILED) {
        atomic_fetch_add(&admission->worker_failures, 1);
    }
    if (rc == FC_DEADLINE_EXCEEDED) {
        return fc_fail(err, FC_REASON_DEADLINE_EXCEEDED, "could not be judged within %.1f s",
                       (double)order.left_ns / (double)FC_NS_PER_S);
    }
    return rc;
}

/* Looks at one source. What stops us from judging it is a finding too, and stands in the report. */
static Feast__Admin__V1__SourceReport *look(const struct check *check, struct fc_prober *prober,
                                            Feast__Admin__V1__SourceSlot slot,
                                            struct fc_arena *scratch)
{
    struct fc_arena *arena = check->request->arena;
    const Feast__Core__DataSource *source = fc_report_source_of(check->request->spec, slot);
    const char *unsupported = fc_location_unsupported(source, arena), *url = NULL;
    Feast__Admin__V1__SourceReport *report = NULL;
    struct fc_error err = FC_ERROR_INIT;
    fc_rc rc;

    if (unsupported != NULL) {
        rc = fc_fail(&err, FC_REASON_SOURCE_UNSUPPORTED, "%s are not looked at by this version",
                     unsupported);
    } else if (check->turned_away) {
        rc = fc_fail(&err, FC_REASON_BUSY, "too many validations are waiting already");
    } else if (prober == NULL) {
        rc = fc_fail(&err, FC_REASON_SHUTTING_DOWN, "the server is stopping");
    } else {
        rc = fc_location_check(&check->admission->location, source, arena, &url, &err);
    }
    if (rc == FC_OK) {
        rc = probe(check, prober, slot, url, scratch, &report, &err);
    }
    return rc == FC_OK ? report : fc_report_unreachable(source, slot, &err, arena);
}

static bool slot_used(const Feast__Core__FeatureTableSpec *spec, Feast__Admin__V1__SourceSlot slot)
{
    return fc_report_source_of(spec, slot) != NULL;
}

/* NULL when the arena is exhausted. */
static Feast__Admin__V1__ValidationReport *
make_report(const struct check *check, struct fc_prober *prober, struct fc_arena *scratch)
{
    static const Feast__Admin__V1__SourceSlot slots[] = {
        FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_BATCH,
        FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM,
    };
    struct fc_arena *arena = check->request->arena;
    Feast__Admin__V1__ValidationReport *report = fc_arena_alloc(arena, sizeof *report);
    Google__Protobuf__Timestamp *at = fc_arena_alloc(arena, sizeof *at);
    Feast__Admin__V1__SourceReport **sources =
        fc_arena_calloc(arena, FC_ARRAY_LEN(slots), sizeof(Feast__Admin__V1__SourceReport *));

    if (report == NULL || at == NULL || sources == NULL) {
        return NULL;
    }
    feast__admin__v1__validation_report__init(report);
    google__protobuf__timestamp__init(at);
    report->sources = sources;
    for (size_t i = 0; i < FC_ARRAY_LEN(slots); i++) {
        if (slot_used(check->request->spec, slots[i])) {
            sources[report->n_sources] = look(check, prober, slots[i], scratch);
            if (sources[report->n_sources++] == NULL) {
                return NULL;
            }
        }
    }
    int64_t now = fc_now_ns(check->admission->sys);
    at->seconds = now / FC_NS_PER_S;
    at->nanos = (int32_t)(now % FC_NS_PER_S);
    report->checked_at = at;
    return report;
}

static const char *slot_name(Feast__Admin__V1__SourceSlot slot)
{
    return slot == FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM ? "stream" : "batch";
}

/* "batch source file:///x", of the sources that were judged. */
static const char *judged_sources(const Feast__Admin__V1__ValidationReport *report,
                                  struct fc_arena *arena)
{
    const char *text = "";

    for (size_t i = 0; i < report->n_sources && text != NULL; i++) {
        const Feast__Admin__V1__SourceReport *source = report->sources[i];
        if (source->state != FEAST__ADMIN__V1__SOURCE_REPORT__STATE__UNREACHABLE) {
            text = fc_arena_printf(arena, "%s%s%s source %s", text, text[0] != '\0' ? " and " : "",
                                   slot_name(source->slot), source->location);
        }
    }
    return text != NULL && text[0] != '\0' ? text : "source";
}

/* What comes before the list of findings; long locations do not push the findings out. */
static void headline(const struct check *check, const struct fc_admission_outcome *outcome,
                     enum fc_reason reason, char *text, size_t size)
{
    const char *table = check->request->spec->name;

    if (reason == FC_REASON_SOURCE_MISMATCH) {
        (void)snprintf(text, size, "Feature table \"%s\" does not fit its %s", table,
                       judged_sources(outcome->report, check->request->arena));
    } else {
        (void)snprintf(
            text, size,
            "Feature table \"%s\" could not be verified, and validation mode %s wants that", table,
            fc_validation_mode_name(check->request->mode));
    }
}

/* A mismatch is the definite finding; that another source could not be looked at comes second. */
static void refuse(const struct check *check, const struct fc_admission_outcome *outcome,
                   struct fc_error *err)
{
    const struct fc_violations *list = &outcome->violations;
    const struct fc_violation *first = &list->items[0];
    char head[1000];

    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].reason == FC_REASON_SOURCE_MISMATCH) {
            first = &list->items[i];
            break;
        }
    }
    headline(check, outcome, first->reason, head, sizeof head);
    size_t left = sizeof err->message - strlen(head) - sizeof ": ";
    (void)fc_fail_field(err, first->reason, first->field, "%s: %s", head,
                        fc_violations_text(list, left));
}

static void finish(const struct check *check, struct fc_prober *prober, struct fc_arena *scratch)
{
    struct fc_admission *admission = check->admission;
    const struct fc_admission_request *request = check->request;
    struct fc_admission_outcome outcome = {.error = FC_ERROR_INIT};

    fc_violations_init(&outcome.violations, request->arena);
    if (request->mode == FC_VALIDATION_OFF) {
        outcome.accepted = true;
    } else if ((outcome.report = make_report(check, prober, scratch)) == NULL) {
        (void)fc_fail(&outcome.error, FC_REASON_OUT_OF_MEMORY,
                      "no memory to validate feature table \"%s\"", request->spec->name);
    } else {
        fc_policy_judge(request->mode, admission->max_invalid_ratio, outcome.report,
                        &outcome.violations);
        outcome.accepted = outcome.violations.count == 0;
        if (!outcome.accepted) {
            refuse(check, &outcome, &outcome.error);
        }
        if (outcome.report->verdict == FEAST__ADMIN__V1__VERDICT__UNVERIFIED) {
            atomic_fetch_add(&admission->unverified, 1);
        }
    }
    if (!outcome.accepted) {
        atomic_fetch_add(&admission->refused, 1);
    }
    check->done(check->ctx, &outcome);
}

static void run_check(struct fc_pool_task *task, struct fc_prober *prober, struct fc_arena *scratch)
{
    finish((const struct check *)task, prober, scratch);
}

/* Whether a worker is needed at all. */
static bool needs_worker(const struct fc_admission_request *request)
{
    const Feast__Core__DataSource *batch = request->spec->batch_source;
    const Feast__Core__DataSource *stream = request->spec->stream_source;

    return request->mode != FC_VALIDATION_OFF &&
           ((batch != NULL && fc_location_unsupported(batch, request->arena) == NULL) ||
            (stream != NULL && fc_location_unsupported(stream, request->arena) == NULL));
}

void fc_admission_check(struct fc_admission *admission, const struct fc_admission_request *request,
                        fc_admission_done_fn done, void *ctx)
{
    struct check *check = fc_arena_alloc(request->arena, sizeof *check);

    if (check == NULL) {
        struct fc_admission_outcome outcome = {.error = FC_ERROR_INIT};
        fc_violations_init(&outcome.violations, request->arena);
        (void)fc_fail(&outcome.error, FC_REASON_OUT_OF_MEMORY,
                      "no memory to validate feature table \"%s\"", request->spec->name);
        done(ctx, &outcome);
        return;
    }
    *check = (struct check){
        .task = {.run = run_check},
        .admission = admission,
        .request = request,
        .deadline_ns = deadline_of(admission, request),
        .done = done,
        .ctx = ctx,
    };
    if (!needs_worker(request)) {
        finish(check, NULL, NULL);
    } else if (!fc_pool_submit(admission->pool, &check->task)) {
        check->turned_away = true;
        finish(check, NULL, NULL);
    }
}

void fc_admission_stats(struct fc_admission *admission, struct fc_admission_stats *ret)
{
    *ret = (struct fc_admission_stats){
        .probes = atomic_load(&admission->probes),
        .refused = atomic_load(&admission->refused),
        .unverified = atomic_load(&admission->unverified),
        .worker_failures = atomic_load(&admission->worker_failures),
    };
}
