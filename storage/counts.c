/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/internal.h"

fc_rc fc_registry_count(struct fc_reader *reader, struct fc_registry_counts *ret,
                        struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_COUNTS, &query, err);
    if (rc == FC_OK)
        rc = fc_query_step(&query, &found, err);
    if (rc == FC_OK) {
        *ret = (struct fc_registry_counts){
            .projects = fc_column_int(&query, 0),
            .entities = fc_column_int(&query, 1),
            .tables = fc_column_int(&query, 2) - fc_column_int(&query, 3),
            .tables_ever = fc_column_int(&query, 2),
            .legacy_stores = fc_column_int(&query, 4),
        };
    }
    return rc;
}

fc_rc fc_registry_count_verdicts(struct fc_reader *reader, int64_t ret[FC_VERDICTS],
                                 struct fc_error *err)
{
    FC_CLEANUP(fc_query_end) struct fc_query query = FC_QUERY_INIT;
    int64_t counts[FC_VERDICTS] = {0};
    bool found = false;

    fc_rc rc = fc_query_begin(reader->db, FC_SQL_COUNT_VERDICTS, &query, err);
    while (rc == FC_OK && (rc = fc_query_step(&query, &found, err)) == FC_OK && found) {
        int64_t verdict = fc_column_int(&query, 0);
        if (verdict >= 0 && verdict < FC_VERDICTS)
            counts[verdict] = fc_column_int(&query, 1);
    }
    if (rc == FC_OK)
        memcpy(ret, counts, sizeof counts);
    return rc;
}
