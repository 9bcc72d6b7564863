/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fc-load: sends prepared requests to one gRPC method in a closed loop and says how that went.
 *
 *     fc-load --target HOST:PORT --method /package.Service/Method --requests FILE [--once] [--seconds N]
 *             [--connections N] [--inflight N] [--threads N] [--pid N] [--metadata key=value]
 *
 * FILE holds messages, each behind its length as 4 bytes, big endian. They are sent in order: over and over for
 * --seconds, or each once. --inflight is the number of calls under way over all connections. With --pid the processor
 * time of that process during the run is told too. The answer is one JSON object on stdout. It knows no message type
 * and parses nothing it gets back, so that the load is not limited by the client.
 */
#include <errno.h>
#include <getopt.h>
#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/bench/histogram.h"

enum { MAX_THREADS = 64, MAX_CONNECTIONS = 1024, MAX_INFLIGHT = 65536, BATCH_OPS = 6 };

struct options {
    const char *target, *method, *requests;
    const char *metadata_key, *metadata_value;
    bool once;
    double seconds;
    long connections, inflight, threads, pid;
};

/* The messages to send; slices point into `bytes`. */
struct requests {
    unsigned char *bytes;
    grpc_byte_buffer **messages;
    size_t count;
};

struct run;

struct thread {
    struct run *run;
    grpc_completion_queue *queue;
    struct histogram latencies;
    uint64_t failed;
    int first_status; /* of a failed call */
    char first_detail[256];
    pthread_t id;
};

/* One call at a time. */
struct slot {
    struct thread *thread;
    grpc_channel *channel;
    grpc_call *call;
    int64_t started_ns;
    grpc_metadata_array initial, trailing;
    grpc_byte_buffer *message, *answer;
    grpc_status_code status;
    grpc_slice detail;
};

struct run {
    const struct options *options;
    struct requests requests;
    grpc_channel **channels;
    struct thread *threads;
    struct slot *slots;
    grpc_slice method;
    grpc_metadata metadata;
    atomic_size_t next; /* request to send next */
    atomic_long under_way;
    int64_t end_ns; /* no call starts after it; INT64_MAX with --once */
};

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "fc-load: %s\n", what);
    exit(2);
}

static void *must_calloc(size_t count, size_t size)
{
    void *made = calloc(count, size);
    if (!made)
        die("no memory");
    return made;
}

static unsigned char *read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        die("the file of requests cannot be opened");
    long len = ftell(file);
    if (len < 0)
        die("the file of requests has no length");
    rewind(file);
    unsigned char *bytes = must_calloc((size_t)len + 1, 1);
    if (fread(bytes, 1, (size_t)len, file) != (size_t)len)
        die("the file of requests cannot be read");
    (void)fclose(file);
    *ret_len = (size_t)len;
    return bytes;
}

static size_t read_length(const unsigned char *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | (size_t)at[3];
}

static void load_requests(const char *path, struct requests *ret)
{
    size_t len;
    ret->bytes = read_file(path, &len);
    for (size_t at = 0; at + 4 <= len; at += 4 + read_length(ret->bytes + at))
        ret->count++;
    ret->messages = must_calloc(ret->count + 1, sizeof *ret->messages);
    size_t at = 0;
    for (size_t i = 0; i < ret->count; i++) {
        size_t size = read_length(ret->bytes + at);
        if (size > len - at - 4)
            die("the file of requests ends within a message");
        grpc_slice slice = grpc_slice_from_static_buffer(ret->bytes + at + 4, size);
        ret->messages[i] = grpc_raw_byte_buffer_create(&slice, 1);
        at += 4 + size;
    }
    if (ret->count == 0)
        die("the file of requests is empty");
}

/* False when there is nothing left to send. */
static bool take_request(struct run *run, grpc_byte_buffer **ret)
{
    size_t index = atomic_fetch_add(&run->next, 1);
    if (run->options->once ? index >= run->requests.count : now_ns() >= run->end_ns)
        return false;
    /* A copy, which shares the bytes: sending takes the contents out of a buffer. */
    *ret = grpc_byte_buffer_copy(run->requests.messages[index % run->requests.count]);
    return true;
}

static bool start_call(struct slot *slot)
{
    struct run *run = slot->thread->run;
    if (!take_request(run, &slot->message))
        return false;
    slot->started_ns = now_ns();
    slot->call =
        grpc_channel_create_call(slot->channel, NULL, GRPC_PROPAGATE_DEFAULTS, slot->thread->queue,
                                 run->method, NULL, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    grpc_metadata_array_init(&slot->initial);
    grpc_metadata_array_init(&slot->trailing);
    slot->answer = NULL;
    slot->detail = grpc_empty_slice();
    grpc_op ops[BATCH_OPS] = {0};
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[0].data.send_initial_metadata.count = run->options->metadata_key ? 1 : 0;
    ops[0].data.send_initial_metadata.metadata = &run->metadata;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = slot->message;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &slot->initial;
    ops[4].op = GRPC_OP_RECV_MESSAGE;
    ops[4].data.recv_message.recv_message = &slot->answer;
    ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    ops[5].data.recv_status_on_client.trailing_metadata = &slot->trailing;
    ops[5].data.recv_status_on_client.status = &slot->status;
    ops[5].data.recv_status_on_client.status_details = &slot->detail;
    if (grpc_call_start_batch(slot->call, ops, BATCH_OPS, slot, NULL) != GRPC_CALL_OK)
        die("a call could not be started");
    return true;
}

static void end_call(struct slot *slot)
{
    struct thread *thread = slot->thread;
    histogram_add(&thread->latencies, (uint64_t)(now_ns() - slot->started_ns));
    if (slot->status != GRPC_STATUS_OK && thread->failed++ == 0) {
        size_t len = GRPC_SLICE_LENGTH(slot->detail);
        len = len < sizeof thread->first_detail - 1 ? len : sizeof thread->first_detail - 1;
        memcpy(thread->first_detail, GRPC_SLICE_START_PTR(slot->detail), len);
        thread->first_status = slot->status;
    }
    grpc_byte_buffer_destroy(slot->message);
    grpc_byte_buffer_destroy(slot->answer);
    grpc_metadata_array_destroy(&slot->initial);
    grpc_metadata_array_destroy(&slot->trailing);
    grpc_slice_unref(slot->detail);
    grpc_call_unref(slot->call);
}

/* Runs until the last call of all threads has ended; who ends it wakes the others by shutting their queues down. */
static void *thread_main(void *arg)
{
    struct thread *thread = arg;
    struct run *run = thread->run;
    for (;;) {
        grpc_event event =
            grpc_completion_queue_next(thread->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        end_call(event.tag);
        if (!start_call(event.tag) && atomic_fetch_sub(&run->under_way, 1) == 1)
            for (long i = 0; i < run->options->threads; i++)
                grpc_completion_queue_shutdown(run->threads[i].queue);
    }
}

/* User and system time of a process so far, in seconds; 0 when it cannot be told. */
static double process_seconds(long pid)
{
    clockid_t clock;
    struct timespec used;

    if (pid <= 0 || clock_getcpuclockid((pid_t)pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0)
        return 0;
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static grpc_channel *open_channel(const char *target)
{
    /* Else connections with equal arguments are shared. */
    grpc_arg args[] = {
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)(uintptr_t)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL,
         .value.integer = 1},
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)(uintptr_t)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
         .value.integer = -1},
    };
    const grpc_channel_args channel_args = {.num_args = sizeof args / sizeof *args, .args = args};
    grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(target, credentials, &channel_args);
    grpc_channel_credentials_release(credentials);
    return channel;
}

/* So that setting up connections is not part of what is measured. */
static void connect_all(const struct run *run)
{
    grpc_completion_queue *queue = grpc_completion_queue_create_for_next(NULL);
    gpr_timespec deadline =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(30, GPR_TIMESPAN));
    for (long i = 0; i < run->options->connections; i++) {
        grpc_connectivity_state state = grpc_channel_check_connectivity_state(run->channels[i], 1);
        while (state != GRPC_CHANNEL_READY) {
            grpc_channel_watch_connectivity_state(run->channels[i], state, deadline, queue, NULL);
            grpc_event event =
                grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
            if (event.success == 0)
                die("the target does not answer");
            state = grpc_channel_check_connectivity_state(run->channels[i], 1);
        }
    }
    grpc_completion_queue_shutdown(queue);
    while (grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL).type !=
           GRPC_QUEUE_SHUTDOWN) {
    }
    grpc_completion_queue_destroy(queue);
}

static void prepare(struct run *run)
{
    const struct options *options = run->options;
    load_requests(options->requests, &run->requests);
    run->method = grpc_slice_from_static_string(options->method);
    if (options->metadata_key) {
        run->metadata.key = grpc_slice_from_static_string(options->metadata_key);
        run->metadata.value = grpc_slice_from_static_string(options->metadata_value);
    }
    run->channels = must_calloc((size_t)options->connections, sizeof *run->channels);
    for (long i = 0; i < options->connections; i++)
        run->channels[i] = open_channel(options->target);
    connect_all(run);
    run->threads = must_calloc((size_t)options->threads, sizeof *run->threads);
    for (long i = 0; i < options->threads; i++) {
        run->threads[i].run = run;
        run->threads[i].queue = grpc_completion_queue_create_for_next(NULL);
    }
    run->slots = must_calloc((size_t)options->inflight, sizeof *run->slots);
    for (long i = 0; i < options->inflight; i++) {
        run->slots[i].thread = &run->threads[i % options->threads];
        run->slots[i].channel = run->channels[i % options->connections];
    }
}

/* Wall-clock seconds from the first call to the end of the last one. */
static double measure(struct run *run)
{
    const struct options *options = run->options;
    int64_t start_ns = now_ns();
    run->end_ns = options->once ? INT64_MAX : start_ns + (int64_t)(options->seconds * 1e9);
    /* One more than there are calls, until all are started: else a quick end of the first would end the run. */
    atomic_store(&run->under_way, 1);
    for (long i = 0; i < options->threads; i++)
        if (pthread_create(&run->threads[i].id, NULL, thread_main, &run->threads[i]) != 0)
            die("no thread");
    for (long i = 0; i < options->inflight; i++) {
        atomic_fetch_add(&run->under_way, 1);
        if (!start_call(&run->slots[i]))
            atomic_fetch_sub(&run->under_way, 1);
    }
    if (atomic_fetch_sub(&run->under_way, 1) == 1)
        for (long i = 0; i < options->threads; i++)
            grpc_completion_queue_shutdown(run->threads[i].queue);
    for (long i = 0; i < options->threads; i++)
        (void)pthread_join(run->threads[i].id, NULL);
    return (double)(now_ns() - start_ns) / 1e9;
}

static void print_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar((unsigned char)*text < ' ' ? ' ' : *text);
    }
    putchar('"');
}

static bool report(const struct run *run, double seconds, double cpu_seconds)
{
    struct histogram all = {0};
    uint64_t failed = 0;
    const struct thread *unlucky = NULL;
    for (long i = 0; i < run->options->threads; i++) {
        histogram_merge(&all, &run->threads[i].latencies);
        failed += run->threads[i].failed;
        unlucky = run->threads[i].failed > 0 ? &run->threads[i] : unlucky;
    }
    printf("{\"calls\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"seconds\": %.6f, \"rps\": %.1f",
           all.count, failed, seconds, (double)all.count / seconds);
    printf(", \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f",
           histogram_quantile(&all, 0.5) / 1e3, histogram_quantile(&all, 0.99) / 1e3,
           (double)all.max / 1e3);
    if (run->options->pid > 0 && all.count > 0)
        printf(", \"cpu_us\": %.2f", cpu_seconds * 1e6 / (double)all.count);
    if (unlucky) {
        printf(", \"status\": %d, \"detail\": ", unlucky->first_status);
        print_text(unlucky->first_detail);
    }
    puts("}");
    return failed == 0;
}

static long number(const char *text, long most)
{
    char *end;
    errno = 0;
    long found = strtol(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text || found < 1 || found > most)
        die("a number is out of range");
    return found;
}

static void set_metadata(struct options *options, char *text)
{
    char *equals = strchr(text, '=');
    if (!equals)
        die("--metadata takes key=value");
    *equals = '\0';
    options->metadata_key = text;
    options->metadata_value = equals + 1;
}

static void read_options(int argc, char **argv, struct options *ret)
{
    static const struct option known[] = {
        {"target", required_argument, NULL, 't'},
        {"method", required_argument, NULL, 'm'},
        {"requests", required_argument, NULL, 'r'},
        {"once", no_argument, NULL, 'o'},
        {"seconds", required_argument, NULL, 's'},
        {"connections", required_argument, NULL, 'c'},
        {"inflight", required_argument, NULL, 'n'},
        {"threads", required_argument, NULL, 'j'},
        {"pid", required_argument, NULL, 'p'},
        {"metadata", required_argument, NULL, 'd'},
        {NULL, 0, NULL, 0},
    };
    for (int found; (found = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (found) {
        case 't':
            ret->target = optarg;
            break;
        case 'm':
            ret->method = optarg;
            break;
        case 'r':
            ret->requests = optarg;
            break;
        case 'o':
            ret->once = true;
            break;
        case 's':
            ret->seconds = strtod(optarg, NULL);
            break;
        case 'c':
            ret->connections = number(optarg, MAX_CONNECTIONS);
            break;
        case 'n':
            ret->inflight = number(optarg, MAX_INFLIGHT);
            break;
        case 'j':
            ret->threads = number(optarg, MAX_THREADS);
            break;
        case 'p':
            ret->pid = number(optarg, INT32_MAX);
            break;
        case 'd':
            set_metadata(ret, optarg);
            break;
        default:
            exit(2);
        }
    }
    if (optind != argc || !ret->target || !ret->method || !ret->requests || !(ret->seconds > 0))
        die("needs --target, --method and --requests; see the top of load.c");
}

static void release(struct run *run)
{
    for (long i = 0; i < run->options->threads; i++)
        grpc_completion_queue_destroy(run->threads[i].queue);
    for (long i = 0; i < run->options->connections; i++)
        grpc_channel_destroy(run->channels[i]);
    for (size_t i = 0; i < run->requests.count; i++)
        grpc_byte_buffer_destroy(run->requests.messages[i]);
    free(run->requests.messages);
    free(run->requests.bytes);
    free(run->channels);
    free(run->threads);
    free(run->slots);
}

int main(int argc, char **argv)
{
    struct options options = {.seconds = 3, .connections = 8, .inflight = 16, .threads = 2};
    struct run run = {.options = &options};
    read_options(argc, argv, &options);
    grpc_init();
    prepare(&run);
    double cpu_before = process_seconds(options.pid);
    double seconds = measure(&run);
    double cpu_seconds = process_seconds(options.pid) - cpu_before;
    bool good = report(&run, seconds, cpu_seconds);
    release(&run);
    grpc_shutdown();
    return good ? 0 : 1;
}
