/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a worker gives up for good, since it reads data that nobody vouched for: if that data took the worker over, it
 * would find no program to start, no process to look into and no place to write to but its own.
 *
 * Both are for the main thread before there are others; threads made later are bound as well. Kernels without the means
 * make them fail with an error, which is for the log: the work goes on.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "feast/worker/v1/worker.pb-c.h"

/**
 * System calls (seccomp): no other program, no new process, no look into other processes or signal to them, no name
 * space, mount, module, key or clock, no listening socket, no socket but IPv4 and IPv6. They fail with EPERM.
 */
FC_MUST fc_rc fc_confine_calls(struct fc_error *err);

/** Files (Landlock). Directories hold what is below them; what is not there is passed over. */
struct fc_confine_files {
    bool read_any;            /**< any file may be read */
    const char *const *read;  /**< else these; NULL-terminated */
    const char *const *write; /**< may be read and changed; nothing else is. NULL-terminated */
};
FC_MUST fc_rc fc_confine_files(const struct fc_confine_files *files, struct fc_error *err);

/**
 * The files that an order needs: its sources, what the system and TLS read, credentials by the names of the environment,
 * places to write to. Made in the arena.
 */
FC_MUST fc_rc fc_confine_order(const Feast__Worker__V1__WorkOrder *order, struct fc_arena *arena,
                               struct fc_confine_files *ret, struct fc_error *err);
