/* SPDX-License-Identifier: Apache-2.0 */
#include "server/jobs/reconcile_plan.h"

#include <stdlib.h>
#include <string.h>

/* A want or a have by the name of its table; both kinds sorted together. */
struct entry {
    const char *project, *table;
    bool is_want;
    size_t index;
};

struct planner {
    const struct fc_stream_want *wants;
    const struct fc_stream_have *haves;
    const struct fc_reconcile_times *times;
    bool *start, *stop; /* by index */
    int64_t next_ns;
};

static int compare_names(const struct entry *a, const struct entry *b)
{
    int order = strcmp(a->project, b->project);

    return order != 0 ? order : strcmp(a->table, b->table);
}

/* Of one table, wants come first, then haves as they were given. */
static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = compare_names(a, b);

    if (order != 0)
        return order;
    if (a->is_want != b->is_want)
        return a->is_want ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static bool is_active(const struct fc_stream_have *have)
{
    return have->state == FC_JOB_PENDING || have->state == FC_JOB_RUNNING;
}

/* 1, 2, 4 … times the first pause. */
static int64_t pause_after(const struct fc_reconcile_times *times, unsigned failures)
{
    int64_t pause = times->retry_first_ns;

    for (unsigned i = 1; i < failures && pause < times->retry_max_ns; i++)
        pause *= 2;
    return pause < times->retry_max_ns ? pause : times->retry_max_ns;
}

/* A failure in the future is one of a clock that was set back: it is over. */
static bool is_resting(struct planner *planner, const struct fc_stream_have *failed)
{
    int64_t now = planner->times->now_ns;
    int64_t due = failed->ended_ns + pause_after(planner->times, failed->failures);

    if (now >= due || failed->ended_ns > now)
        return false;
    planner->next_ns = due < planner->next_ns ? due : planner->next_ns;
    return true;
}

/* The haves of a table, `want` NULL when it should have none. */
static void plan_table(struct planner *planner, const struct fc_stream_want *want,
                       const struct entry *entries, size_t count)
{
    const struct fc_stream_have *failed = NULL;
    bool there = false;

    if (want && !want->hash)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct fc_stream_have *have = &planner->haves[entries[i].index];
        bool fits = want && strcmp(have->hash, want->hash) == 0;
        if (is_active(have)) {
            planner->stop[entries[i].index] = !fits || there;
            there |= fits;
        } else if (fits && have->state == FC_JOB_ERROR) {
            failed = have;
        }
    }
    if (want && !there && !want->halted && (!failed || !is_resting(planner, failed)))
        planner->start[want - planner->wants] = true;
}

static void plan_all(struct planner *planner, const struct entry *entries, size_t count)
{
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && compare_names(&entries[i], &entries[end]) == 0)
            end++;
        const struct fc_stream_want *want =
            entries[i].is_want ? &planner->wants[entries[i].index] : NULL;
        size_t first = i + (want ? 1 : 0);
        plan_table(planner, want, &entries[first], end - first);
        i = end;
    }
}

static size_t *indexes(struct fc_arena *arena, const bool *flags, size_t count, size_t *ret_count)
{
    size_t *list = fc_arena_calloc(arena, count + 1, sizeof *list);

    *ret_count = 0;
    for (size_t i = 0; list && i < count; i++)
        if (flags[i])
            list[(*ret_count)++] = i;
    return list;
}

static struct entry *sorted(const struct fc_stream_want *wants, size_t want_count,
                            const struct fc_stream_have *haves, size_t have_count,
                            struct fc_arena *arena)
{
    struct entry *entries = fc_arena_calloc(arena, want_count + have_count + 1, sizeof *entries);

    for (size_t i = 0; entries && i < want_count; i++) {
        entries[i] = (struct entry){
            .project = wants[i].project, .table = wants[i].table, .is_want = true, .index = i};
    }
    for (size_t i = 0; entries && i < have_count; i++) {
        entries[want_count + i] =
            (struct entry){.project = haves[i].project, .table = haves[i].table, .index = i};
    }
    if (entries)
        qsort(entries, want_count + have_count, sizeof *entries, compare_entries);
    return entries;
}

fc_rc fc_reconcile_plan(const struct fc_stream_want *wants, size_t want_count,
                        const struct fc_stream_have *haves, size_t have_count,
                        const struct fc_reconcile_times *times, struct fc_arena *arena,
                        struct fc_reconcile_plan *ret, struct fc_error *err)
{
    struct planner planner = {
        .wants = wants,
        .haves = haves,
        .times = times,
        .start = fc_arena_calloc(arena, want_count + 1, sizeof(bool)),
        .stop = fc_arena_calloc(arena, have_count + 1, sizeof(bool)),
        .next_ns = INT64_MAX,
    };
    const struct entry *entries = sorted(wants, want_count, haves, have_count, arena);

    if (planner.start && planner.stop && entries) {
        plan_all(&planner, entries, want_count + have_count);
        ret->starts = indexes(arena, planner.start, want_count, &ret->start_count);
        ret->stops = indexes(arena, planner.stop, have_count, &ret->stop_count);
        ret->next_ns = planner.next_ns;
    }
    return fc_arena_exhausted(arena)
               ? fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                         "no memory to plan the streams of %zu tables", want_count)
               : FC_OK;
}
