/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "base/str.h"

/* Runs a shell script whose descriptor 3 is the socketpair. */
static struct fc_process run(const char *script, const char *const *environment, int stderr_fd)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct fc_process_options options = {.path = "/bin/sh",
                                         .argv = argv,
                                         .environment = environment,
                                         .stderr_fd = stderr_fd,
                                         .child_fd = 3};
    struct fc_process process = {.fd = -1};
    struct fc_error err = FC_ERROR_INIT;

    if (fc_process_spawn(&options, &process, &err) != FC_OK)
        fail_msg("%s", err.message);
    return process;
}

/* All that comes until the other end is closed. */
static void read_all(int fd, char *buffer, size_t size)
{
    size_t used = 0;
    ssize_t got;

    while (used + 1 < size && (got = read(fd, buffer + used, size - 1 - used)) > 0)
        used += (size_t)got;
    buffer[used] = 0;
}

static void both_ends_talk(void **state FC_UNUSED)
{
    struct fc_process process = run("read line <&3; echo \"got $line\" >&3", NULL, -1);
    char answer[64];
    int status = -1;

    assert_int_equal(write(process.fd, "hello\n", 6), 6);
    read_all(process.fd, answer, sizeof(answer));
    assert_string_equal(answer, "got hello\n");
    fc_process_reap(&process, &status);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(process.fd, -1);
    assert_int_equal(process.pid, 0);
}

static void environment_is_only_what_is_given(void **state FC_UNUSED)
{
    const char *const environment[] = {"FC_ONE=1", NULL};
    struct fc_process process;
    char answer[512];
    int status;

    assert_int_equal(setenv("FC_SECRET_OF_PARENT", "x", 1), 0);
    process = run("/usr/bin/env >&3", environment, -1);
    read_all(process.fd, answer, sizeof(answer));
    assert_non_null(strstr(answer, "FC_ONE=1"));
    assert_null(strstr(answer, "FC_SECRET_OF_PARENT"));
    fc_process_reap(&process, &status);
}

/* Descriptors without close-on-exec do not get through, stdout is stderr, stdin is empty. */
static void files_are_only_what_is_given(void **state FC_UNUSED)
{
    int pipe_ends[2], leaked = open("/dev/null", O_RDONLY), status;
    struct fc_process process;
    char answer[256], said[64];

    assert_true(leaked >= 0);
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    process = run("cat; echo out; echo err >&2;"
                  "for n in 3 4 5 6 7 8 9; do [ -e /proc/self/fd/$n ] && echo $n >&3; done",
                  NULL, pipe_ends[1]);
    close(pipe_ends[1]);
    read_all(process.fd, answer, sizeof(answer));
    read_all(pipe_ends[0], said, sizeof(said));
    assert_string_equal(said, "out\nerr\n");
    assert_string_equal(answer, "3\n");
    fc_process_reap(&process, &status);
    close(pipe_ends[0]);
    close(leaked);
}

/* The child end may already sit at the number that the child expects. */
static void child_end_at_its_number(void **state FC_UNUSED)
{
    const char *const argv[] = {"sh", "-c", "echo here >&5", NULL};
    struct fc_process process = {.fd = -1};
    struct fc_error err = FC_ERROR_INIT;
    int fillers[8], count = 0, status;
    char answer[16];

    /* The next two descriptors are 4 and 5, or close to them; either way the dup must hold. */
    do {
        assert_true(count < 8);
        fillers[count] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    } while (fillers[count++] < 4);
    close(fillers[--count]);
    assert_int_equal(fc_process_spawn(
                         &(struct fc_process_options){
                             .path = "/bin/sh", .argv = argv, .stderr_fd = -1, .child_fd = 5},
                         &process, &err),
                     FC_OK);
    read_all(process.fd, answer, sizeof(answer));
    assert_string_equal(answer, "here\n");
    fc_process_reap(&process, &status);
    for (int i = 0; i < count; i++)
        close(fillers[i]);
}

static void missing_program_is_named(void **state FC_UNUSED)
{
    const char *const argv[] = {"nothing", NULL};
    struct fc_process process = {.fd = -1};
    struct fc_error err = FC_ERROR_INIT;

    assert_int_equal(
        fc_process_spawn(
            &(struct fc_process_options){
                .path = "/nonexistent/feast-worker", .argv = argv, .stderr_fd = -1, .child_fd = 3},
            &process, &err),
        FC_UNAVAILABLE);
    assert_int_equal(err.reason, FC_REASON_WORKER_FAILED);
    assert_non_null(strstr(err.message, "/nonexistent/feast-worker"));
    assert_non_null(strstr(err.message, "No such file"));
}

/* The signal reaches grandchildren as well, and signals that we ignore are not ignored there. */
static void signal_hits_the_group(void **state FC_UNUSED)
{
    struct fc_process process;
    char pid_text[32], text[64];
    int status = 0;
    pid_t grandchild;
    ssize_t got;

    signal(SIGTERM, SIG_IGN);
    process = run("sleep 1000 3>&- & echo $! >&3; wait", NULL, -1);
    signal(SIGTERM, SIG_DFL);
    got = read(process.fd, pid_text, sizeof(pid_text) - 1);
    assert_true(got > 0);
    pid_text[got] = 0;
    grandchild = (pid_t)strtol(pid_text, NULL, 10);
    assert_int_equal(getpgid(grandchild), process.pid);
    assert_false(fc_process_ended(&process, &status));
    fc_process_signal(&process, SIGTERM);
    fc_process_reap(&process, &status);
    assert_true(WIFSIGNALED(status));
    fc_process_status_text(status, text, sizeof(text));
    assert_string_equal(text, "killed by signal 15 (Terminated)");
    /* It is an orphan now; whoever inherits it may take a moment to reap it. */
    for (int i = 0; i < 3000 && kill(grandchild, 0) == 0; i++) {
        char path[64], state_letter = 0;
        FILE *stat;
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)grandchild);
        stat = fopen(path, "r");
        if (!stat || fscanf(stat, "%*d (%*[^)]) %c", &state_letter) != 1 || state_letter == 'Z')
            i = 3000;
        if (stat)
            fclose(stat);
        usleep(10000);
    }
    fc_process_signal(&process, SIGKILL); /* reaped: hits nobody */
}

static void end_is_seen_without_blocking(void **state FC_UNUSED)
{
    struct fc_process process = run("read line <&3; exit 3", NULL, -1);
    char text[64];
    int status = 0, again = 77;

    assert_false(fc_process_ended(&process, &status));
    assert_int_equal(write(process.fd, "\n", 1), 1);
    for (int i = 0; i < 3000 && !fc_process_ended(&process, &status); i++)
        usleep(10000);
    fc_process_status_text(status, text, sizeof(text));
    assert_string_equal(text, "exited with status 3");
    assert_int_equal(process.pid, 0);
    assert_true(fc_process_ended(&process, &again));
    fc_process_reap(&process, &again);
    assert_int_equal(again, 77);
    assert_int_equal(process.fd, -1);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(both_ends_talk),
    cmocka_unit_test(environment_is_only_what_is_given),
    cmocka_unit_test(files_are_only_what_is_given),
    cmocka_unit_test(child_end_at_its_number),
    cmocka_unit_test(missing_program_is_named),
    cmocka_unit_test(signal_hits_the_group),
    cmocka_unit_test(end_is_seen_without_blocking),
};

FC_TEST_MAIN(cases)
