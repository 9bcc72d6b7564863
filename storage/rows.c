/* SPDX-License-Identifier: Apache-2.0 */
/* What entities and feature tables have in common when they are found by name. */
#include "storage/internal.h"

fc_rc fc_row_keep(const struct fc_row_kind *kind, struct fc_arena *arena, void *row,
                  struct fc_error *err)
{
    fc_rc rc = FC_OK;

    for (size_t i = 0; i < kind->string_count && rc == FC_OK; i++)
        rc = fc_str_keep(arena, fc_row_string(kind, row, i), err);
    return rc;
}

fc_rc fc_row_find(struct fc_reader *reader, const struct fc_row_kind *kind, fc_row_fn find,
                  fc_str project, fc_str name, struct fc_arena *arena, void *ret,
                  struct fc_error *err)
{
    bool found = false;

    if (!reader->writer)
        return find(reader, project, name, arena, ret, &found, err);
    uint64_t generation = fc_writer_generation(reader->writer);
    bool quiet = generation % 2 == 0;
    if (quiet && fc_row_cache_get(reader->rows, generation, kind, project, name, arena, ret))
        return FC_OK;
    fc_rc rc = find(reader, project, name, arena, ret, &found, err);
    /* Under steady writes nothing stays true for long enough to be worth a copy. */
    if (rc == FC_OK && found && quiet && fc_writer_generation(reader->writer) == generation)
        fc_row_cache_put(reader->rows, generation, kind, ret);
    return rc;
}
