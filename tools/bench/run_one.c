/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one command and prints what it took as JSON. From C, because a process that Python starts inherits the peak of
 * Python's memory: the kernel carries it over the exec.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct rusage used;
    int status;

    if (argc < 2) {
        (void)fprintf(stderr, "fc-run PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    double began = now();
    pid_t child = fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(nowhere, STDOUT_FILENO);
        (void)execv(argv[1], argv + 1);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &used) < 0) {
        perror("fc-run");
        return 1;
    }
    (void)printf("{\"seconds\": %.6f, \"cpu_s\": %.6f, \"peak_mb\": %.3f, \"code\": %d}\n",
                 now() - began, seconds(used.ru_utime) + seconds(used.ru_stime),
                 (double)used.ru_maxrss / 1024, WIFEXITED(status) ? WEXITSTATUS(status) : 128);
    return 0;
}
