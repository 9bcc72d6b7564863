/* SPDX-License-Identifier: Apache-2.0 */
/* What a confined process can no longer do, and what it still can; each in a child, since there is no way back. */
#include "tests/unit/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/scratch.h"
#include "worker/confine/confine.h"

/* Runs in a child, which ends with what it returns: 0, or the number of the check that failed. */
static int in_child(int (*run)(void *ctx), void *ctx)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(run(ctx));
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#define CHECK(number, condition)                                                                   \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "check %d: %s (errno %d)\n", (number), #condition, errno);       \
            return (number);                                                                       \
        }                                                                                          \
    } while (0)

/* -1 with that errno. */
static bool fails(long result, int code)
{
    return result == -1 && errno == code;
}

static int confined(void *ctx)
{
    struct fc_error err = FC_ERROR_INIT;

    if (fc_confine_calls(&err) != FC_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 99;
    }
    return ((int (*)(void))ctx)();
}

static int no_programs_and_processes(void)
{
    char *const argv[] = {(char *)"/bin/true", NULL};
    pid_t child = 0;

    CHECK(1, fails(execve("/bin/true", argv, argv), EPERM));
    CHECK(2, fails(fork(), EPERM));
    CHECK(3, posix_spawn(&child, "/bin/true", NULL, NULL, argv, argv) != 0);
    return 0;
}

static int no_look_at_others(void)
{
    struct rlimit limit = {0};

    CHECK(1, fails(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL), EPERM));
    CHECK(2, fails(kill(getppid(), 0), EPERM));
    CHECK(3, fails(kill(-1, 0), EPERM));
    CHECK(4, fails(prlimit(getppid(), RLIMIT_CORE, NULL, &limit), EPERM));
    CHECK(5, kill(getpid(), 0) == 0);
    CHECK(6, getrlimit(RLIMIT_CORE, &limit) == 0);
    return 0;
}

static int internet_sockets_alone(void)
{
    struct sockaddr_in local = {.sin_family = AF_INET,
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int pair[2], fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(1, fd >= 0);
    CHECK(2, bind(fd, (const struct sockaddr *)&local, sizeof local) == 0);
    CHECK(3, fails(listen(fd, 1), EPERM));
    CHECK(4, socket(AF_INET6, SOCK_DGRAM, 0) >= 0 || errno != EPERM);
    CHECK(5, fails(socket(AF_UNIX, SOCK_STREAM, 0), EAFNOSUPPORT));
    CHECK(6, fails(socket(AF_PACKET, SOCK_RAW, 0), EAFNOSUPPORT));
    CHECK(7, fails(socket(AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT));
    CHECK(8, socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
    CHECK(9, fails(socket(AF_NETLINK, SOCK_RAW, 9), EAFNOSUPPORT)); /* audit */
    CHECK(10, socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    return 0;
}

static void *answer(void *ctx)
{
    *(int *)ctx = 42;
    return NULL;
}

static int threads_still_work(void)
{
    pthread_t thread;
    int value = 0;

    CHECK(1, pthread_create(&thread, NULL, answer, &value) == 0);
    CHECK(2, pthread_join(thread, NULL) == 0);
    CHECK(3, value == 42);
    return 0;
}

static int there_is_no_way_back(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    bool filter = false, privileges = false;
    char line[200];

    CHECK(1, file != NULL);
    while (fgets(line, sizeof line, file)) {
        filter = filter || strcmp(line, "Seccomp:\t2\n") == 0;
        privileges = privileges || strcmp(line, "NoNewPrivs:\t1\n") == 0;
    }
    (void)fclose(file);
    CHECK(2, filter);
    CHECK(3, privileges);
    return 0;
}

#define CONFINED(name)                                                                             \
    static void confined_##name(void **state FC_UNUSED)                                            \
    {                                                                                              \
        assert_int_equal(in_child(confined, (void *)(name)), 0);                                   \
    }
CONFINED(no_programs_and_processes)
CONFINED(no_look_at_others)
CONFINED(internet_sockets_alone)
CONFINED(threads_still_work)
CONFINED(there_is_no_way_back)

/* Files */

struct places {
    struct test_scratch scratch;
    const char *data, *own, *other;
    bool read_any;
};

static int touch(const char *directory, int flags)
{
    char path[2000];

    (void)snprintf(path, sizeof path, "%s/file", directory);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0)
        (void)close(fd);
    return fd;
}

/* 98 says that this kernel has no Landlock. */
static int bound(void *ctx)
{
    const struct places *places = ctx;
    const char *const read[] = {places->data, "/nowhere/at/all", NULL};
    const char *const write[] = {places->own, NULL};
    const struct fc_confine_files files = {
        .read_any = places->read_any, .read = read, .write = write};
    struct fc_error err = FC_ERROR_INIT;

    if (fc_confine_files(&files, &err) != FC_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 98;
    }
    CHECK(1, touch(places->data, O_RDONLY) >= 0);
    CHECK(2, fails(touch(places->data, O_WRONLY), EACCES));
    CHECK(3, touch(places->own, O_RDWR | O_CREAT) >= 0);
    CHECK(4, fails(touch(places->other, O_WRONLY), EACCES));
    CHECK(5, (touch(places->other, O_RDONLY) >= 0) == places->read_any);
    CHECK(6, open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0);
    CHECK(7, fails(mkdir("new", 0700), EACCES));
    return 0;
}

static void files_of_others_are_out_of_reach(void **state FC_UNUSED)
{
    static const char *const names[] = {"data", "own", "other"};
    struct places places = {.read_any = false};
    char paths[FC_ARRAY_LEN(names)][400];

    test_scratch_init(&places.scratch);
    for (size_t i = 0; i < FC_ARRAY_LEN(names); i++) {
        (void)snprintf(paths[i], sizeof paths[i], "%s", test_path(&places.scratch, "%s", names[i]));
        assert_int_equal(mkdir(paths[i], 0700), 0);
        assert_true(touch(paths[i], O_WRONLY | O_CREAT) >= 0);
    }
    places.data = paths[0];
    places.own = paths[1];
    places.other = paths[2];
    int told = in_child(bound, &places);
    if (told == 98) {
        print_message("%s\n", "this kernel has no Landlock: nothing to be seen");
    } else {
        assert_int_equal(told, 0);
        places.read_any = true;
        assert_int_equal(in_child(bound, &places), 0);
    }
    test_scratch_done(&places.scratch);
}

/* The places of an order */

static bool has(const char *const *list, const char *path)
{
    for (size_t i = 0; list[i]; i++)
        if (strcmp(list[i], path) == 0)
            return true;
    return false;
}

static void an_order_names_its_places(void **state FC_UNUSED)
{
    Feast__Worker__V1__WorkOrder order = FEAST__WORKER__V1__WORK_ORDER__INIT;
    Feast__Worker__V1__Ingest ingest = FEAST__WORKER__V1__INGEST__INIT;
    Feast__Worker__V1__SqliteSink sink = FEAST__WORKER__V1__SQLITE_SINK__INIT;
    Feast__Worker__V1__Access access = FEAST__WORKER__V1__ACCESS__INIT;
    char *roots[] = {(char *)"/data"};
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)1024 * 1024);
    struct fc_confine_files files;
    struct fc_error err = FC_ERROR_INIT;

    assert_int_equal(setenv("TMPDIR", "/scratch-of-worker", 1), 0);
    assert_int_equal(setenv("GOOGLE_APPLICATION_CREDENTIALS", "/secrets/google/key.json", 1), 0);
    assert_int_equal(setenv("HOME", "/home/feast", 1), 0);
    order.task_case = FEAST__WORKER__V1__WORK_ORDER__TASK_INGEST_BATCH;
    order.ingest_batch = &ingest;
    ingest.access = &access;
    ingest.scratch_dir = (char *)"/scratch-of-job";
    ingest.dead_letter_path = (char *)"/tmp/not/there/yet/dead.jsonl";
    ingest.sink_case = FEAST__WORKER__V1__INGEST__SINK_SQLITE;
    ingest.sqlite = &sink;
    sink.path = (char *)"/usr/online/p/t.db";
    assert_int_equal(fc_confine_order(&order, arena, &files, &err), FC_OK);
    assert_true(files.read_any);
    assert_true(has(files.write, "/scratch-of-worker"));
    assert_true(has(files.write, "/scratch-of-job"));
    assert_true(has(files.write, "/tmp"));
    assert_true(has(files.write, "/usr"));
    assert_false(has(files.write, "/"));
    access.confine_reads = true;
    access.local_roots = roots;
    access.n_local_roots = 1;
    access.kafka_config = (char *)"/kafka/client.properties";
    access.descriptors = (char *)"/descriptors";
    assert_int_equal(fc_confine_order(&order, arena, &files, &err), FC_OK);
    assert_false(files.read_any);
    assert_true(has(files.read, "/data"));
    assert_true(has(files.read, "/kafka/"));
    assert_true(has(files.read, "/descriptors"));
    assert_true(has(files.read, "/secrets/google/"));
    assert_true(has(files.read, "/home/feast/.aws"));
    assert_true(has(files.read, "/etc"));
    assert_false(has(files.read, "/home/feast"));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(confined_no_programs_and_processes),
    cmocka_unit_test(confined_no_look_at_others),
    cmocka_unit_test(confined_internet_sockets_alone),
    cmocka_unit_test(confined_threads_still_work),
    cmocka_unit_test(confined_there_is_no_way_back),
    cmocka_unit_test(files_of_others_are_out_of_reach),
    cmocka_unit_test(an_order_names_its_places),
};

FC_TEST_MAIN(cases)
