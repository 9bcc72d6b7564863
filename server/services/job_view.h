/* SPDX-License-Identifier: Apache-2.0 */
/** Job rows as the services show them. Everything is made in the arena; NULL when it is exhausted. */
#pragma once

#include "feast/admin/v1/admin.pb-c.h"
#include "feast_spark/api/JobService.pb-c.h"
#include "server/services/services.h"

/** NUL-terminated. */
char *fc_view_text(struct fc_arena *arena, fc_str text);
/** NULL also for 0, which means never. */
Google__Protobuf__Timestamp *fc_view_time(struct fc_arena *arena, int64_t ns);

/** As the job services know it: CANCELLED shows as ERROR. */
FeastSpark__Api__Job *fc_view_job(struct fc_arena *arena, const struct fc_job_row *row);

/** `now_ns` is when this is true of a job that has not ended. */
Feast__Admin__V1__JobProgress *fc_view_progress(struct fc_arena *arena,
                                                const struct fc_job_row *row, int64_t now_ns);

/** The job with this id, or JOB_NOT_FOUND; an empty id is FIELD_REQUIRED. */
FC_MUST fc_rc fc_view_find_job(const struct fc_services *services, const char *id,
                               struct fc_arena *arena, struct fc_job_row *ret,
                               struct fc_error *err);
