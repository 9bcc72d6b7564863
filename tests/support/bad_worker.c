/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for feast-worker that does what the name it is called by says, so that tests can see what a worker that
 * dies, hangs or lies costs. Links to this program are made in a directory of the test; `orders` there gets a line for
 * each order, and some names wait for a file there.
 *
 *   good       answers: the source fits, the ingestion wrote three rows
 *   fail       answers every order with an error
 *   dead       ends before it reads anything         die      ends with status 3 after it read an order
 *   crash      kills itself after it read an order   once     crashes at the first order, is good afterwards
 *   hang       reads an order and says nothing       deaf     does not even read
 *   closed     closes its socket and lives on        garbage  answers with bytes that are no message
 *   oversized  announces a message of 4 GiB          alien    answers another order
 *   empty      a result without an outcome           partial  a report that leaves out a feature
 *   unread     a report without a state              chatty   progress without end
 *   pair       answers when there are two orders
 *   slow       ingests until there is a file `go`    stubborn as slow, and ignores SIGTERM
 *   refuse     answers every order with an error that will not pass
 *
 * A stream counts messages from where its order says, until SIGTERM or a file `go` ends it; `starts` there gets a line
 * for each: the order, the table's project and name, the place. When it is called
 *
 *   flaky      it crashes soon after it began       lazy   it ends by itself
 *   still      it says where it is, and moves no further
 */
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/frame.h"
#include "feast/worker/v1/worker.pb-c.h"

#define SOCKET 3

static const char *name;
static char directory[4000];

static bool is(const char *word)
{
    return strcmp(name, word) == 0;
}

static char *path_of(const char *file)
{
    static char path[4200];

    (void)snprintf(path, sizeof path, "%s/%s", directory, file);
    return path;
}

/* How many lines the file `orders` has. */
static int orders_noted(void)
{
    FILE *file = fopen(path_of("orders"), "r");
    int lines = 0, c;

    while (file && (c = fgetc(file)) != EOF)
        lines += c == '\n';
    if (file)
        (void)fclose(file);
    return lines;
}

/* Returns how many orders there were before. */
static int note_order(const char *id)
{
    int lines = orders_noted();
    FILE *file = fopen(path_of("orders"), "a");

    if (file) {
        (void)fprintf(file, "%s\n", id);
        (void)fclose(file);
    }
    return lines;
}

static void say(const char *id, Feast__Worker__V1__WorkerMessage *message)
{
    struct fc_error err = FC_ERROR_INIT;

    message->id = (char *)id;
    if (fc_frame_write(SOCKET, &message->base, &err) != FC_OK)
        _exit(0);
}

static void say_result(const char *id, Feast__Worker__V1__Result *result)
{
    Feast__Worker__V1__WorkerMessage message = FEAST__WORKER__V1__WORKER_MESSAGE__INIT;

    message.body_case = FEAST__WORKER__V1__WORKER_MESSAGE__BODY_RESULT;
    message.result = result;
    say(id, &message);
}

static void say_progress(const char *id, uint64_t rows)
{
    Feast__Worker__V1__WorkerMessage message = FEAST__WORKER__V1__WORKER_MESSAGE__INIT;
    Feast__Worker__V1__Progress progress = FEAST__WORKER__V1__PROGRESS__INIT;

    progress.rows_read = rows;
    progress.rows_written = rows;
    progress.percent = -1;
    progress.phase = (char *)"read";
    message.body_case = FEAST__WORKER__V1__WORKER_MESSAGE__BODY_PROGRESS;
    message.progress = &progress;
    say(id, &message);
}

static void add_column(Feast__Admin__V1__SourceReport *report,
                       Feast__Admin__V1__ColumnReport__Role role, const char *column)
{
    Feast__Admin__V1__ColumnReport *made = malloc(sizeof *made);

    feast__admin__v1__column_report__init(made);
    made->role = role;
    made->name = (char *)column;
    made->column = (char *)column;
    made->source_type = (char *)"int64";
    made->level = FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__EXACT;
    made->rows_sampled = 10;
    report->columns[report->n_columns++] = made;
}

static void answer_probe(const char *id, const Feast__Worker__V1__Probe *probe)
{
    Feast__Worker__V1__Result result = FEAST__WORKER__V1__RESULT__INIT;
    Feast__Worker__V1__ProbeResult found = FEAST__WORKER__V1__PROBE_RESULT__INIT;
    Feast__Admin__V1__SourceReport report = FEAST__ADMIN__V1__SOURCE_REPORT__INIT;
    const Feast__Core__FeatureTableSpec *spec = probe->spec;
    size_t features = spec->n_features - (is("partial") ? 1 : 0);

    report.columns = calloc(spec->n_entities + features + 1, sizeof(void *));
    for (size_t i = 0; i < spec->n_entities; i++)
        add_column(&report, FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__ENTITY, spec->entities[i]);
    for (size_t i = 0; i < features; i++) {
        add_column(&report, FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__FEATURE,
                   spec->features[i]->name);
    }
    const Feast__Core__DataSource *source =
        probe->slot == FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM ? spec->stream_source
                                                                         : spec->batch_source;
    add_column(&report, FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__EVENT_TIMESTAMP,
               source->event_timestamp_column);
    if (!is("unread"))
        report.state = FEAST__ADMIN__V1__SOURCE_REPORT__STATE__READ;
    report.rows_sampled = 10;
    found.report = &report;
    if (!is("empty")) {
        result.outcome_case = FEAST__WORKER__V1__RESULT__OUTCOME_PROBE;
        result.probe = &found;
    }
    say_result(is("alien") ? "another" : id, &result);
}

static void answer_ingest(const char *id)
{
    Feast__Worker__V1__Result result = FEAST__WORKER__V1__RESULT__INIT;
    Feast__Worker__V1__Receipt receipt = FEAST__WORKER__V1__RECEIPT__INIT;

    for (uint64_t rows = 0; is("slow") || is("stubborn"); rows++) {
        if (access(path_of("go"), F_OK) == 0)
            break;
        say_progress(id, rows);
        (void)usleep(10000);
    }
    say_progress(id, 3);
    receipt.rows_read = receipt.rows_written = 3;
    if (!is("empty")) {
        result.outcome_case = FEAST__WORKER__V1__RESULT__OUTCOME_RECEIPT;
        result.receipt = &receipt;
    }
    say_result(is("alien") ? "another" : id, &result);
}

static volatile sig_atomic_t told_to_end;

static void end_soon(int signal_number FC_UNUSED)
{
    told_to_end = 1;
}

static void note_start(const char *id, const Feast__Worker__V1__Ingest *ingest, uint64_t place)
{
    FILE *file = fopen(path_of("starts"), "a");

    if (file) {
        (void)fprintf(file, "%s %s %s %llu\n", id, ingest->project, ingest->spec->name,
                      (unsigned long long)place);
        (void)fclose(file);
    }
}

static void say_place(const char *id, uint64_t rows, uint64_t place)
{
    Feast__Worker__V1__WorkerMessage message = FEAST__WORKER__V1__WORKER_MESSAGE__INIT;
    Feast__Worker__V1__Progress progress = FEAST__WORKER__V1__PROGRESS__INIT;
    Feast__Worker__V1__Position position = FEAST__WORKER__V1__POSITION__INIT;
    Feast__Worker__V1__Position *positions[] = {&position};
    Feast__Worker__V1__Receipt receipt = FEAST__WORKER__V1__RECEIPT__INIT;
    Google__Protobuf__Timestamp newest = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    static double times;
    char text[32];

    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)place);
    position.part = (char *)"0";
    position.offset = text;
    receipt.rows_read = receipt.rows_written = rows;
    receipt.seconds = ++times;
    newest.seconds = 1600000000;
    progress.rows_read = progress.rows_written = rows;
    progress.percent = -1;
    progress.phase = (char *)"follow";
    progress.n_positions = 1;
    progress.positions = positions;
    progress.receipt = &receipt;
    progress.behind = is("still") ? 7 : 0;
    progress.behind_ms = is("still") ? 1500 : 0;
    progress.partitions = 1;
    progress.newest_event = &newest;
    message.body_case = FEAST__WORKER__V1__WORKER_MESSAGE__BODY_PROGRESS;
    message.progress = &progress;
    say(id, &message);
}

static void answer_stream(const char *id, const Feast__Worker__V1__Ingest *ingest)
{
    Feast__Worker__V1__Result result = FEAST__WORKER__V1__RESULT__INIT;
    Feast__Worker__V1__Receipt receipt = FEAST__WORKER__V1__RECEIPT__INIT;
    const Feast__Worker__V1__Progress *from = ingest->from;
    uint64_t place =
        from && from->n_positions > 0 ? strtoull(from->positions[0]->offset, NULL, 10) : 0;
    uint64_t rows = from ? from->rows_read : 0;

    if (!is("slow") && !is("stubborn"))
        (void)signal(SIGTERM, end_soon);
    note_start(id, ingest, place);
    for (int step = 0; !told_to_end && access(path_of("go"), F_OK) != 0; step++) {
        say_place(id, rows, place);
        (void)usleep(10000);
        if (!is("still")) {
            place++;
            rows++;
        }
        if (is("flaky") && step == 5)
            (void)raise(SIGKILL);
        if (is("lazy") && step == 5)
            break;
    }
    say_place(id, rows, place);
    receipt.rows_read = receipt.rows_written = rows;
    result.outcome_case = FEAST__WORKER__V1__RESULT__OUTCOME_RECEIPT;
    result.receipt = &receipt;
    say_result(id, &result);
}

static void answer_error(const char *id)
{
    Feast__Worker__V1__Result result = FEAST__WORKER__V1__RESULT__INIT;
    Feast__Worker__V1__WorkError error = FEAST__WORKER__V1__WORK_ERROR__INIT;

    error.code = FC_UNAVAILABLE;
    error.reason = (char *)"SOURCE_UNREACHABLE";
    error.message = (char *)"\"/nowhere\" is not there";
    error.retryable = true;
    if (is("refuse")) {
        error.code = FC_INVALID_ARGUMENT;
        error.reason = (char *)"SOURCE_MISMATCH";
        error.message = (char *)"column \"trips\" is not there";
        error.retryable = false;
    }
    result.error = &error;
    say_result(id, &result);
}

static void write_raw(const char *bytes, size_t size)
{
    if (write(SOCKET, bytes, size) != (ssize_t)size)
        _exit(1);
}

static void misbehave(const char *id, int orders_before)
{
    if (is("die"))
        _exit(3);
    if (is("crash") || (is("once") && orders_before == 0))
        (void)raise(SIGKILL);
    if (is("closed"))
        (void)close(SOCKET);
    if (is("garbage"))
        write_raw("\0\0\0\004\xff\xff\xff\xff", 8);
    if (is("oversized"))
        write_raw("\xff\xff\xff\xff", 4);
    if (is("hang") || is("closed"))
        for (;;)
            (void)pause();
    while (is("pair") && orders_noted() < 2)
        (void)usleep(1000);
    while (is("chatty"))
        say_progress(id, 1);
}

static void carry_out(const Feast__Worker__V1__WorkOrder *order)
{
    int before = note_order(order->id);

    misbehave(order->id, before);
    if (is("fail") || is("refuse"))
        answer_error(order->id);
    else if (order->task_case == FEAST__WORKER__V1__WORK_ORDER__TASK_INGEST_STREAM)
        answer_stream(order->id, order->ingest_stream->ingest);
    else if (order->task_case == FEAST__WORKER__V1__WORK_ORDER__TASK_PROBE)
        answer_probe(order->id, order->probe);
    else
        answer_ingest(order->id);
}

int main(int argc, char **argv)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_arena *arena = fc_arena_new((size_t)64 * 1024 * 1024);
    bool loop = argc > 1 && strcmp(argv[1], "--probe-loop") == 0;
    ProtobufCMessage *order = NULL;

    /* As the real one: nobody is left behind when a test ends before its time. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(directory, sizeof directory, "%s", argv[0]);
    (void)dirname(directory);
    name = basename(argv[0]);
    if (is("stubborn"))
        (void)signal(SIGTERM, SIG_IGN);
    if (is("dead"))
        _exit(7);
    while (is("deaf"))
        (void)pause();
    do {
        if (fc_frame_read(SOCKET, &feast__worker__v1__work_order__descriptor, arena, NULL, 0,
                          &order, &err) != FC_OK)
            break;
        carry_out((const Feast__Worker__V1__WorkOrder *)order);
    } while (loop);
    _exit(0); /* no leak check of what a program that plays dead leaves behind */
}
