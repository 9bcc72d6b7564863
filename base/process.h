/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Child processes of feast-core: started with posix_spawn, one socketpair, a process group of their own and only the
 * environment they are given.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct fc_process_options {
    const char *path;               /**< the program */
    const char *const *argv;        /**< NULL-terminated, argv[0] included */
    const char *const *environment; /**< NULL-terminated `K=V`; NULL for an empty one */
    int stderr_fd;                  /**< where its stderr goes; -1 inherits */
    int child_fd; /**< descriptor number at which the child finds its end of the socketpair (3) */
};

struct fc_process {
    pid_t pid;
    int fd; /**< our end of the socketpair, close-on-exec; -1 when closed */
};

FC_MUST fc_rc fc_process_spawn(const struct fc_process_options *options, struct fc_process *ret,
                               struct fc_error *err);

/** Sends the signal to the whole group of the process; nothing once it was reaped. */
void fc_process_signal(const struct fc_process *process, int signal);

/** Waits for its end; `*ret_status` as waitpid gives it, untouched when fc_process_ended told it before. Closes fd. */
void fc_process_reap(struct fc_process *process, int *ret_status);

/** True when it has ended (reaped then, status in `*ret_status`, pid 0); does not block, leaves fd open to be read. */
bool fc_process_ended(struct fc_process *process, int *ret_status);

/** "exited with status 3", "killed by signal 9 (Killed)" into the buffer. */
void fc_process_status_text(int status, char *buffer, size_t size);
