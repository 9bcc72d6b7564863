/* SPDX-License-Identifier: Apache-2.0 */
/* Every row once through the readers that check sums: what SQLite's own integrity check does not see. */
#include "storage/internal.h"

/* Enough for the names of all projects and stores. */
#define NAMES_LIMIT ((size_t)64 * 1024 * 1024)

static fc_rc entity_seen(void *ctx FC_UNUSED, const struct fc_entity_row *row FC_UNUSED,
                         struct fc_error *err FC_UNUSED)
{
    return FC_OK;
}

static fc_rc table_seen(void *ctx FC_UNUSED, const struct fc_table_row *row FC_UNUSED,
                        struct fc_error *err FC_UNUSED)
{
    return FC_OK;
}

static fc_rc verify_lists(struct fc_reader *reader, struct fc_error *err)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new(NAMES_LIMIT);
    struct fc_project_row *projects;
    struct fc_store_row *stores;
    size_t count;

    if (!arena) {
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY,
                       "no memory to verify the rows of the registry");
    }
    fc_rc rc = fc_project_list(reader, true, arena, &projects, &count, err);
    if (rc == FC_OK)
        rc = fc_store_row_list(reader, FC_STORE_LEGACY, true, arena, &stores, &count, err);
    if (rc == FC_OK)
        rc = fc_store_row_list(reader, FC_STORE_ONLINE, true, arena, &stores, &count, err);
    return rc;
}

fc_rc fc_verify_rows(struct fc_reader *reader, struct fc_error *err)
{
    fc_rc rc = verify_lists(reader, err);
    if (rc == FC_OK)
        rc = fc_entity_each(reader, FC_STR(""), entity_seen, NULL, err);
    if (rc == FC_OK)
        rc = fc_table_each(reader, FC_STR(""), true, table_seen, NULL, err);
    if (rc == FC_OK)
        rc = fc_verify_revisions(reader, err);
    if (rc == FC_OK)
        rc = fc_verify_reports(reader, err);
    if (rc == FC_OK)
        rc = fc_verify_rechecks(reader, err);
    if (rc == FC_OK)
        rc = fc_verify_streams(reader, err);
    if (rc == FC_OK)
        rc = fc_verify_schedules(reader, err);
    return rc == FC_OK ? fc_verify_jobs(reader, err) : rc;
}
