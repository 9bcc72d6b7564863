/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child gets: null as stdin, its stderr also as stdout (our stdout is not its to write), its end of the
 * socketpair, and no other descriptor even if someone forgot close-on-exec. */
static int set_files(posix_spawn_file_actions_t *files, const struct fc_process_options *options,
                     int child_end)
{
    int stderr_fd = options->stderr_fd >= 0 ? options->stderr_fd : STDERR_FILENO;
    int error = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (!error)
        error = posix_spawn_file_actions_adddup2(files, stderr_fd, STDERR_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(files, child_end, options->child_fd);
    if (!error)
        error = posix_spawn_file_actions_addclosefrom_np(files, options->child_fd + 1);
    return error;
}

/* A group of its own, and signals as if it had been started by a shell: the server blocks and ignores some. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    int error;

    sigemptyset(&none);
    sigfillset(&all);
    error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                     POSIX_SPAWN_SETSIGDEF);
    if (!error)
        error = posix_spawnattr_setpgroup(attributes, 0);
    if (!error)
        error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error)
        error = posix_spawnattr_setsigdefault(attributes, &all);
    return error;
}

static int spawn(const struct fc_process_options *options, int child_end, pid_t *ret_pid)
{
    static const char *const nothing[] = {NULL};
    const char *const *environment = options->environment ? options->environment : nothing;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&files);

    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        error = set_files(&files, options, child_end);
        if (!error)
            error = set_attributes(&attributes);
        /* The prototype of posix_spawn lacks the const that it honours. */
        if (!error)
            error = posix_spawn(ret_pid, options->path, &files, &attributes,
                                (char *const *)options->argv, (char *const *)environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    return error;
}

fc_rc fc_process_spawn(const struct fc_process_options *options, struct fc_process *ret,
                       struct fc_error *err)
{
    int ends[2];
    pid_t pid = 0;
    int error;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return fc_fail(err, FC_REASON_WORKER_FAILED, "cannot start \"%s\": no socketpair: %s",
                       options->path, strerror(errno));
    error = spawn(options, ends[1], &pid);
    close(ends[1]);
    if (error) {
        close(ends[0]);
        return fc_fail(err, FC_REASON_WORKER_FAILED, "cannot start \"%s\": %s", options->path,
                       strerror(error));
    }
    *ret = (struct fc_process){.pid = pid, .fd = ends[0]};
    return FC_OK;
}

void fc_process_signal(const struct fc_process *process, int signal)
{
    /* kill(0) and kill(-1) would hit ourselves and everyone. */
    if (process->pid > 1)
        (void)kill(-process->pid, signal);
}

/* True when it was there to be reaped. Nobody else may wait for our children; should it happen all the same (SIGCHLD
 * ignored), the process is over for us and its status is that of a failure. */
static bool wait_for(struct fc_process *process, int options, int *ret_status)
{
    int status;
    pid_t got;

    do
        got = waitpid(process->pid, &status, options);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return false;
    *ret_status = got > 0 ? status : W_EXITCODE(EXIT_FAILURE, 0);
    process->pid = 0;
    return true;
}

void fc_process_reap(struct fc_process *process, int *ret_status)
{
    if (process->pid > 0)
        (void)wait_for(process, 0, ret_status);
    if (process->fd >= 0)
        close(process->fd);
    process->fd = -1;
}

bool fc_process_ended(struct fc_process *process, int *ret_status)
{
    return process->pid <= 0 || wait_for(process, WNOHANG, ret_status);
}

static const char *signal_text(int signal)
{
    const char *text = sigdescr_np(signal);

    return text ? text : "unknown";
}

void fc_process_status_text(int status, char *buffer, size_t size)
{
    if (WIFEXITED(status))
        snprintf(buffer, size, "exited with status %d", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        snprintf(buffer, size, "killed by signal %d (%s)", WTERMSIG(status),
                 signal_text(WTERMSIG(status)));
    else
        snprintf(buffer, size, "ended with wait status %d", status);
}
