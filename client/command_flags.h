/* SPDX-License-Identifier: Apache-2.0 */
/** Flags of the commands, by command; each table ends with an empty row. Belongs to commands.c. */
#pragma once

#include "client/options.h"

extern const struct fc_option fc_flags_apply[], fc_flags_plan[], fc_flags_check[], fc_flags_diff[],
    fc_flags_get[], fc_flags_export[], fc_flags_history[], fc_flags_yes[], fc_flags_ingest[],
    fc_flags_stream[], fc_flags_schedule[], fc_flags_jobs_list[], fc_flags_jobs_logs[],
    fc_flags_online[], fc_flags_version[], fc_flags_config_view[], fc_flags_list[],
    fc_flags_backup[], fc_flags_import[];
