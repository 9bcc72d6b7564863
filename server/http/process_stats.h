/* SPDX-License-Identifier: Apache-2.0 */
/** What the kernel says of this process, under the names that Prometheus clients use. */
#pragma once

struct fc_process_stats {
    double resident_bytes;
    double cpu_seconds;
    double open_fds, max_fds;
    double start_seconds; /**< since 1970 */
};

/** What cannot be read stays 0. */
void fc_process_stats_read(struct fc_process_stats *ret);
