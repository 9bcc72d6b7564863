/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One fc_admission_check: each source is a part of its own, looked at by the workers at the same time; the part that
 * ends last judges and answers.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "server/admission/internal.h"
#include "server/admission/order.h"
#include "server/admission/policy.h"
#include "server/admission/report.h"

#define MOST_PARTS 2

struct check;

struct part {
    struct fc_pool_task task; /* first: the pool hands it back */
    struct check *check;
    Feast__Admin__V1__SourceSlot slot;
    Feast__Admin__V1__SourceReport *report; /* NULL: the arena is exhausted */
    bool turned_away;                       /* no worker has room for it */
};

/* Lives in the arena of the request. */
struct check {
    struct fc_admission *admission;
    const struct fc_admission_request *request;
    int64_t deadline_ns;
    pthread_mutex_t mutex; /* around the request's arena, while parts are under way */
    struct part parts[MOST_PARTS];
    size_t count;
    atomic_size_t under_way;
    fc_admission_done_fn done;
    void *ctx;
};

/* The time that the caller leaves us, less what storing and answering take. */
static int64_t deadline_of(const struct fc_admission *admission,
                           const struct fc_admission_request *request)
{
    int64_t now = fc_monotonic_ns(admission->sys), own = now + admission->deadline_ns;

    if (request->deadline_ns <= 0 || request->deadline_ns == INT64_MAX)
        return own;
    int64_t left = request->deadline_ns > now ? request->deadline_ns - now : 0;
    int64_t spared = left / 5 < 500 * FC_NS_PER_MS ? left / 5 : 500 * FC_NS_PER_MS;
    int64_t theirs = now + left - spared;
    return theirs < own ? theirs : own;
}

/* What a worker answered: a report, or why it could not make one. */
static fc_rc take_result(const Feast__Worker__V1__Result *result, struct check *check,
                         Feast__Admin__V1__SourceSlot slot, Feast__Admin__V1__SourceReport **ret,
                         struct fc_error *err)
{
    if (result->error) {
        enum fc_reason reason = fc_reason_from_word(result->error->reason);
        return fc_fail(err, reason < FC_REASON_COUNT ? reason : FC_REASON_WORKER_FAILED, "%s",
                       result->error->message);
    }
    if (result->outcome_case != FEAST__WORKER__V1__RESULT__OUTCOME_PROBE || !result->probe->report)
        return fc_fail(err, FC_REASON_WORKER_FAILED, "the probe worker's answer has no report");
    (void)pthread_mutex_lock(&check->mutex);
    fc_rc rc = fc_report_adopt(result->probe->report, check->request->spec, slot,
                               check->request->arena, ret, err);
    (void)pthread_mutex_unlock(&check->mutex);
    return rc;
}

static fc_rc probe(struct check *check, struct fc_prober *prober, Feast__Admin__V1__SourceSlot slot,
                   const char *url, struct fc_arena *scratch, Feast__Admin__V1__SourceReport **ret,
                   struct fc_error *err)
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

    if (order.left_ns <= 0)
        return fc_fail(err, FC_REASON_DEADLINE_EXCEEDED, "the probe's turn did not come in time");
    fc_rc rc = fc_probe_order_make(&order, check->request, scratch, &message, err);
    if (rc != FC_OK)
        return rc;
    atomic_fetch_add(&admission->probes, 1);
    rc = fc_prober_run(prober, message, check->deadline_ns, scratch, &result, err);
    if (rc == FC_OK)
        rc = take_result(result, check, slot, ret, err);
    if (rc != FC_OK && err->reason == FC_REASON_WORKER_FAILED)
        atomic_fetch_add(&admission->worker_failures, 1);
    if (rc == FC_DEADLINE_EXCEEDED) {
        return fc_fail(err, FC_REASON_DEADLINE_EXCEEDED, "could not be judged within %.3g s",
                       (double)order.left_ns / (double)FC_NS_PER_S);
    }
    return rc;
}

/* What can be told without a worker: FC_OK when one shall look, at `*ret_url` if it is a file. */
static fc_rc may_look(struct part *part, const struct fc_prober *prober,
                      const Feast__Core__DataSource *source, const char **ret_url,
                      struct fc_error *err)
{
    struct check *check = part->check;
    struct fc_arena *arena = check->request->arena;
    const char *unsupported = fc_location_unsupported(source, arena);

    if (unsupported) {
        return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED, "%s are not looked at by this version",
                       unsupported);
    }
    if (part->turned_away)
        return fc_fail(err, FC_REASON_BUSY, "too many validations are waiting already");
    if (!prober)
        return fc_fail(err, FC_REASON_SHUTTING_DOWN, "the server is stopping");
    return fc_location_check(&check->admission->location, source, arena, ret_url, err);
}

/* Looks at one source. What stops us from judging it is a finding too, and stands in the report. */
static void look(struct part *part, struct fc_prober *prober, struct fc_arena *scratch)
{
    struct check *check = part->check;
    const Feast__Core__DataSource *source = fc_report_source_of(check->request->spec, part->slot);
    struct fc_error err = FC_ERROR_INIT;
    const char *url = NULL;

    (void)pthread_mutex_lock(&check->mutex);
    fc_rc rc = may_look(part, prober, source, &url, &err);
    (void)pthread_mutex_unlock(&check->mutex);
    if (rc == FC_OK)
        rc = probe(check, prober, part->slot, url, scratch, &part->report, &err);
    if (rc != FC_OK) {
        (void)pthread_mutex_lock(&check->mutex);
        part->report = fc_report_unreachable(source, part->slot, &err, check->request->arena);
        (void)pthread_mutex_unlock(&check->mutex);
    }
}

/* NULL when the arena is exhausted. */
static Feast__Admin__V1__ValidationReport *make_report(const struct check *check)
{
    struct fc_arena *arena = check->request->arena;
    Feast__Admin__V1__ValidationReport *report = fc_arena_alloc(arena, sizeof *report);
    Google__Protobuf__Timestamp *at = fc_arena_alloc(arena, sizeof *at);
    Feast__Admin__V1__SourceReport **sources =
        fc_arena_calloc(arena, MOST_PARTS, sizeof(Feast__Admin__V1__SourceReport *));

    if (!report || !at || !sources)
        return NULL;
    feast__admin__v1__validation_report__init(report);
    google__protobuf__timestamp__init(at);
    report->sources = sources;
    for (size_t i = 0; i < check->count; i++) {
        if (!check->parts[i].report)
            return NULL;
        sources[report->n_sources++] = check->parts[i].report;
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

static bool is_blamed(const Feast__Admin__V1__SourceReport *source)
{
    for (size_t i = 0; i < source->n_columns; i++)
        if (source->columns[i]->blocking)
            return true;
    return source->state == FEAST__ADMIN__V1__SOURCE_REPORT__STATE__UNREADABLE ||
           source->n_disagreements > 0;
}

static bool is_judged(const Feast__Admin__V1__SourceReport *source)
{
    return source->state != FEAST__ADMIN__V1__SOURCE_REPORT__STATE__UNREACHABLE;
}

/* "batch source file:///x", of the sources of which that is true. */
static const char *sources_text(const Feast__Admin__V1__ValidationReport *report,
                                bool (*is_meant)(const Feast__Admin__V1__SourceReport *source),
                                struct fc_arena *arena)
{
    const char *text = "";

    for (size_t i = 0; i < report->n_sources && text; i++) {
        const Feast__Admin__V1__SourceReport *source = report->sources[i];
        if (is_meant(source)) {
            text = fc_arena_printf(arena, "%s%s%s source %s", text, text[0] != '\0' ? " and " : "",
                                   slot_name(source->slot), source->location);
        }
    }
    return text;
}

/* Which sources do not fit; when it is rows of no certain column, those that were looked at. */
static const char *judged_sources(const Feast__Admin__V1__ValidationReport *report,
                                  struct fc_arena *arena)
{
    const char *text = sources_text(report, is_blamed, arena);

    if (text && text[0] == '\0')
        text = sources_text(report, is_judged, arena);
    return text && text[0] != '\0' ? text : "source";
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

static void finish(const struct check *check)
{
    struct fc_admission *admission = check->admission;
    const struct fc_admission_request *request = check->request;
    struct fc_admission_outcome outcome = {.error = FC_ERROR_INIT};

    fc_violations_init(&outcome.violations, request->arena);
    if (request->mode == FC_VALIDATION_OFF) {
        outcome.accepted = true;
    } else if (!(outcome.report = make_report(check))) {
        (void)fc_fail(&outcome.error, FC_REASON_OUT_OF_MEMORY,
                      "no memory to validate feature table \"%s\"", request->spec->name);
    } else {
        fc_policy_judge(request->mode, admission->max_invalid_ratio, outcome.report,
                        &outcome.violations);
        outcome.accepted = outcome.violations.count == 0;
        if (!outcome.accepted)
            refuse(check, &outcome, &outcome.error);
        atomic_fetch_add(&admission->verdicts[outcome.report->verdict], 1);
        if (outcome.report->verdict == FEAST__ADMIN__V1__VERDICT__UNVERIFIED)
            atomic_fetch_add(&admission->unverified, 1);
    }
    if (!outcome.accepted && !request->background)
        atomic_fetch_add(&admission->refused, 1);
    check->done(check->ctx, &outcome);
}

/* The last one of a check answers; it may be gone then. */
static void part_ended(struct part *part)
{
    struct check *check = part->check;

    if (atomic_fetch_sub(&check->under_way, 1) == 1) {
        (void)pthread_mutex_destroy(&check->mutex);
        finish(check);
    }
}

static bool run_part(struct fc_pool_task *task, struct fc_prober *prober, struct fc_arena *scratch)
{
    struct part *part = (struct part *)task;

    look(part, prober, scratch);
    bool judged = part->report && is_judged(part->report);
    part_ended(part);
    return judged;
}

static void add_part(struct check *check, Feast__Admin__V1__SourceSlot slot)
{
    if (fc_report_source_of(check->request->spec, slot)) {
        check->parts[check->count++] =
            (struct part){.task = {.run = run_part}, .check = check, .slot = slot};
    }
}

static bool needs_worker(const struct part *part)
{
    const struct fc_admission_request *request = part->check->request;

    return !fc_location_unsupported(fc_report_source_of(request->spec, part->slot), request->arena);
}

/* `under_way` is set before the first part starts: none can be the last one too early. */
static void start_parts(struct check *check)
{
    struct fc_admission *admission = check->admission;
    struct fc_pool *pool = check->request->background && admission->background
                               ? admission->background
                               : admission->pool;
    bool asks[MOST_PARTS] = {false};
    size_t count = check->count;

    for (size_t i = 0; i < count; i++) {
        struct part *part = &check->parts[i];
        asks[i] = needs_worker(part);
        part->task.host = fc_host_key_of(fc_location_host(
            fc_report_source_of(check->request->spec, part->slot), check->request->arena));
    }
    atomic_store(&check->under_way, count);
    for (size_t i = 0; i < count; i++) {
        struct part *part = &check->parts[i];
        if (asks[i] && fc_pool_submit(pool, &part->task))
            continue;
        part->turned_away = asks[i];
        look(part, NULL, NULL);
        part_ended(part);
    }
}

void fc_admission_check(struct fc_admission *admission, const struct fc_admission_request *request,
                        fc_admission_done_fn done, void *ctx)
{
    struct check *check = fc_arena_alloc(request->arena, sizeof *check);

    if (!check) {
        struct fc_admission_outcome outcome = {.error = FC_ERROR_INIT};
        fc_violations_init(&outcome.violations, request->arena);
        (void)fc_fail(&outcome.error, FC_REASON_OUT_OF_MEMORY,
                      "no memory to validate feature table \"%s\"", request->spec->name);
        done(ctx, &outcome);
        return;
    }
    *check = (struct check){
        .admission = admission,
        .request = request,
        .deadline_ns = deadline_of(admission, request),
        .done = done,
        .ctx = ctx,
    };
    if (request->mode != FC_VALIDATION_OFF) {
        add_part(check, FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_BATCH);
        add_part(check, FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM);
    }
    if (check->count == 0) {
        finish(check);
        return;
    }
    (void)pthread_mutex_init(&check->mutex, NULL);
    start_parts(check);
}
