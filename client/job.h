/* SPDX-License-Identifier: Apache-2.0 */
/** Jobs as text: states, receipts, progress. */
#pragma once

#include "client/client.h"
#include "feast/admin/v1/admin.pb-c.h"
#include "feast_spark/api/JobService.pb-c.h"

/** "RUNNING", of either service's numbers. */
const char *fc_job_status_name(FeastSpark__Api__JobStatus status);
const char *fc_job_state_name(Feast__Admin__V1__JobState state);
/** "batch ingestion". */
const char *fc_job_type_name(FeastSpark__Api__JobType type);
/** The feature table, "" for retrievals. */
const char *fc_job_table(const FeastSpark__Api__Job *job);

/** The id that the command line names; `job/ID`, as `-o name` prints it, is the same. */
const char *fc_job_named(const struct fc_cli *cli);

/**
 * Asks for everything about a job and prints it: the receipt as a table, or JSON or YAML. 0 when the job ended well or
 * goes on, FC_EXIT_FINDING when it failed or was cancelled. Servers without the admin service tell less.
 */
enum fc_exit fc_job_print(struct fc_cli *cli, const char *id);

/** Follows a job until it ends; progress goes to stderr. FC_EXIT_OK when it has ended, in whatever state. */
enum fc_exit fc_job_follow(struct fc_cli *cli, const char *id);
