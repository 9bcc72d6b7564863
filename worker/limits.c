/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/limits.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "worker/sanitized.h"

#define FILES_MAX 1024
#define NICENESS  19
/* The executable, thread stacks, malloc's reserves; then what the engine may overshoot. */
#define ADDRESS_BASE   (UINT64_C(6) << 30)
#define ADDRESS_FACTOR 4

/* Lowers a limit; a hard one that is lower already stays. A refusal leaves things as they were, which is no worse. */
static void lower(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) != 0)
        return;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value)
        limit.rlim_max = value;
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(resource, &limit);
}

void fc_limits_start(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGPIPE, SIG_IGN);
    /* The registry answers first, however many of us there are. */
    (void)setpriority(PRIO_PROCESS, 0, NICENESS);
    lower(RLIMIT_CORE, 0);
    lower(RLIMIT_NOFILE, FILES_MAX);
    /* Each thread of the engine would else keep a heap of its own. */
    (void)mallopt(M_ARENA_MAX, 2);
}

void fc_limits_memory(uint64_t engine_bytes)
{
    uint64_t most = UINT64_MAX / ADDRESS_FACTOR - ADDRESS_BASE;

    /* A sanitizer maps terabytes of shadow. */
    if (!FC_SANITIZED)
        lower(RLIMIT_AS,
              ADDRESS_BASE + (engine_bytes < most ? engine_bytes : most) * ADDRESS_FACTOR);
}
