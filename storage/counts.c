/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/internal.h"

fc_rc fc_registry_count(struct fc_reader *reader, struct fc_registry_counts *ret,
                        struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_COUNTS, &query, err);
    if (rc == FC_OK) {
        rc = fc_query_step(&query, &found, err);
    }
    if (rc == FC_OK) {
        *ret = (struct fc_registry_counts){.projects = fc_column_int(&query, 0),
                                           .entities = fc_column_int(&query, 1),
                                           .tables = fc_column_int(&query, 2)};
    }
    return rc;
}
