/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/duck/turns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/sys.h"

#define REPEAT_US 50000

/*
 * A lock on byte i of the file is turn i; locks of an open file end with whoever opened it. Behind the turns is a byte for
 * the processor that is left over, and one that all who wait have a shared lock on.
 */
struct fc_turns {
    int fd;
    unsigned count;
    unsigned taken;  /* how often, by us */
    unsigned held;   /* which, when `taken` is not 0; `count` for none */
    unsigned first;  /* tried first: not all begin with the same */
    unsigned second; /* which is held beside `held`; `count` for the processor that is left over */
    int64_t patience_ns;
};

struct fc_turns *fc_turns_new(const char *path, unsigned count)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct fc_turns *turns = fd >= 0 ? calloc(1, sizeof *turns) : NULL;

    if (!turns) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    *turns = (struct fc_turns){.fd = fd, .count = count ? count : 1};
    turns->first = (unsigned)getpid() % turns->count;
    return turns;
}

void fc_turns_free(struct fc_turns *turns)
{
    if (!turns)
        return;
    close(turns->fd);
    free(turns);
}

static unsigned processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

unsigned fc_turns_due(void)
{
    return processors() > 2 ? processors() - 1 : 1;
}

void fc_turns_patience(struct fc_turns *turns, int64_t ns)
{
    if (turns)
        turns->patience_ns = ns;
}

static bool set_lock(const struct fc_turns *turns, int command, unsigned turn, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = turn, .l_len = 1};

    return fcntl(turns->fd, command, &lock) == 0;
}

static unsigned left_over(const struct fc_turns *turns)
{
    return turns->count;
}

static unsigned waiting(const struct fc_turns *turns)
{
    return turns->count + 1;
}

/* True when one was free, or none can be told. */
static bool take_free(struct fc_turns *turns)
{
    for (unsigned i = 0; i < turns->count; i++) {
        unsigned turn = (turns->first + i) % turns->count;
        if (set_lock(turns, F_OFD_SETLK, turn, F_WRLCK)) {
            turns->held = turn;
            return true;
        }
        if (errno != EAGAIN && errno != EACCES)
            return true;
    }
    return false;
}

static void interrupt(int signal)
{
    (void)signal;
}

/* A signal ends the wait for a lock; one that comes too early for that is followed by others. */
static void set_alarm(int64_t ns, const struct sigaction *action, struct sigaction *ret_before)
{
    const int64_t us = (ns + FC_NS_PER_US - 1) / FC_NS_PER_US;
    const struct itimerval timer = {.it_value = {.tv_sec = us / 1000000, .tv_usec = us % 1000000},
                                    .it_interval = {.tv_usec = ns > 0 ? REPEAT_US : 0}};

    if (ns > 0)
        (void)sigaction(SIGALRM, action, ret_before);
    (void)setitimer(ITIMER_REAL, &timer, NULL);
    if (ns == 0)
        (void)sigaction(SIGALRM, action, ret_before);
}

/* For the one that is its own first choice: takers spread over them. */
static void wait_for(struct fc_turns *turns)
{
    const struct sigaction action = {.sa_handler = interrupt};
    struct sigaction before;
    int64_t start = fc_monotonic_ns(fc_sys_real());

    (void)set_lock(turns, F_OFD_SETLK, waiting(turns), F_RDLCK);
    set_alarm(turns->patience_ns, &action, &before);
    if (set_lock(turns, F_OFD_SETLKW, turns->first, F_WRLCK))
        turns->held = turns->first;
    set_alarm(0, &before, NULL);
    (void)set_lock(turns, F_OFD_SETLK, waiting(turns), F_UNLCK);
    turns->patience_ns -= fc_monotonic_ns(fc_sys_real()) - start;
}

void fc_turns_take(struct fc_turns *turns)
{
    if (!turns || turns->taken++ > 0)
        return;
    turns->held = turns->count;
    if (!take_free(turns) && turns->patience_ns > 0)
        wait_for(turns);
}

bool fc_turns_held(const struct fc_turns *turns)
{
    return turns && turns->taken > 0 && turns->held < turns->count;
}

void fc_turns_give(struct fc_turns *turns)
{
    bool held = fc_turns_held(turns);

    if (turns && --turns->taken == 0 && held)
        (void)set_lock(turns, F_OFD_SETLK, turns->held, F_UNLCK);
}

static bool somebody_waits(const struct fc_turns *turns)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = waiting(turns), .l_len = 1};

    return fcntl(turns->fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

bool fc_turns_take_second(struct fc_turns *turns)
{
    if (!fc_turns_held(turns) || processors() < 2 || somebody_waits(turns))
        return false;
    for (unsigned turn = 0; turn <= left_over(turns); turn++) {
        if (turn != turns->held && set_lock(turns, F_OFD_SETLK, turn, F_WRLCK)) {
            turns->second = turn;
            return true;
        }
    }
    return false;
}

void fc_turns_give_second(struct fc_turns *turns)
{
    (void)set_lock(turns, F_OFD_SETLK, turns->second, F_UNLCK);
}

bool fc_turns_idle_processor(void)
{
    char text[128];
    int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    /* Three averages over minutes, then how many run, and of how many: "0.20 0.18 0.12 1/80 11206". */
    const char *at = strchr(text, '/');
    while (at && at > text && at[-1] != ' ')
        at--;
    return at && strtoul(at, NULL, 10) < processors();
}
