/* SPDX-License-Identifier: Apache-2.0 */
/* One epoll over the mail and all workers: of a thousand, only those that have something to say are asked. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "server/jobs/internal.h"

#define NEWS_AT_ONCE 64

fc_rc fc_news_open(struct fc_jobs *jobs, struct fc_error *err)
{
    struct epoll_event mail = {.events = EPOLLIN, .data = {.ptr = NULL}};

    jobs->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (jobs->epoll_fd < 0 || epoll_ctl(jobs->epoll_fd, EPOLL_CTL_ADD, jobs->wake_fd, &mail) != 0) {
        return fc_fail(err, FC_REASON_IO_FAILED, "the job supervisor cannot wait for workers: %s",
                       strerror(errno));
    }
    return FC_OK;
}

static int fd_of(const struct fc_jobs *jobs, const struct fc_job *job)
{
    return jobs->launcher->poll_fd(jobs->launcher->ctx, job->launched);
}

void fc_news_watch(struct fc_jobs *jobs, struct fc_job *job)
{
    struct epoll_event news = {.events = EPOLLIN, .data = {.ptr = job}};
    int fd = fd_of(jobs, job);

    /* One that cannot be watched is asked now and then, as those without a descriptor are. */
    if (fd >= 0)
        (void)epoll_ctl(jobs->epoll_fd, EPOLL_CTL_ADD, fd, &news);
}

void fc_news_forget(struct fc_jobs *jobs, struct fc_job *job)
{
    int fd = fd_of(jobs, job);

    if (fd >= 0)
        (void)epoll_ctl(jobs->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void fc_news_wait(struct fc_jobs *jobs, int timeout_ms)
{
    struct epoll_event news[NEWS_AT_ONCE];
    int count = epoll_wait(jobs->epoll_fd, news, NEWS_AT_ONCE, timeout_ms);
    uint64_t wakes;

    for (int i = 0; i < count; i++) {
        struct fc_job *job = news[i].data.ptr;
        if (job) {
            job->ready = true;
        } else {
            ssize_t got = read(jobs->wake_fd, &wakes, sizeof wakes);
            (void)got; /* it only wakes; the mail says why */
        }
    }
}
