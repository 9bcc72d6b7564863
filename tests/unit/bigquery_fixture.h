/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The BigQuery source before a stand-in that answers as Google documents its REST API, one answer after the other; shared
 * by the programs about that source.
 */
#pragma once

#include "tests/unit/harness.h"

#include "tests/support/scratch.h"
#include "tests/support/web.h"
#include "worker/sources/source.h"

#define BQ_OPS         (&fc_source_bigquery)
#define BQ_ANSWERS_MAX 40

/* In the order in which they are expected. */
struct bq_answer {
    const char *request; /* what the request line and body must hold */
    const char *status, *body;
};

struct bq_fixture {
    struct fc_arena *arena;
    struct test_web *web;
    struct test_scratch scratch;
    struct fc_source_env env;
    struct fc_access access;
    Feast__Worker__V1__Access order;
    Feast__Worker__V1__Limits limits;
    Feast__Core__DataSource data;
    Feast__Core__DataSource__BigQueryOptions options;
    struct fc_source *source;
    struct fc_error err;
    struct bq_answer answers[BQ_ANSWERS_MAX];
    size_t answer_count, asked;
    char wrong[3000]; /* the first request that was not expected */
    char seen[8000];  /* the last one */
    const char *token;
    size_t rows;
    int64_t first, last; /* values of the first column */
};

int bq_set_up(void **state);
int bq_tear_down(void **state);

/** The next request has this text in its line or body, and gets this answer. */
void bq_expect(struct bq_fixture *f, const char *request, const char *status, const char *body);
/** Every answer was asked for, and nothing else. */
void bq_all_asked(const struct bq_fixture *f);

/** The metadata server gives a token, and requests must have it. */
void bq_use_token(struct bq_fixture *f);

fc_rc bq_open_source(struct bq_fixture *f);
void bq_opens(struct bq_fixture *f);
/** Opening fails with this reason and text. */
void bq_refuses(struct bq_fixture *f, enum fc_reason reason, const char *text);

/** Columns that samples and most scans ask for. */
static const char *const BQ_COLUMNS[] = {"id", "ts"};

fc_rc bq_sample(struct bq_fixture *f, struct fc_sample_stats *ret);
/** Of 2021-01-01, half a microsecond after its start, when it is bounded; `columns[1]` is the event time. */
fc_rc bq_scan(struct bq_fixture *f, const char *const *columns, size_t count,
              const char *date_partition, bool bounded);

/** From `start` to before `end`, in seconds; of three columns the last is the date partition. */
fc_rc bq_scan_span(struct bq_fixture *f, const char *const *columns, size_t count, int64_t start,
                   int64_t end);

#define SCHEMA                                                                                     \
    "\"schema\":{\"fields\":[{\"name\":\"id\",\"type\":\"INTEGER\"},"                              \
    "{\"name\":\"ts\",\"type\":\"TIMESTAMP\"},{\"name\":\"day\",\"type\":\"DATE\"},"               \
    "{\"name\":\"local\",\"type\":\"DATETIME\",\"mode\":\"REQUIRED\"},"                            \
    "{\"name\":\"r\",\"type\":\"RECORD\",\"fields\":[{\"name\":\"x\",\"type\":\"DATE\"}]}]}"
#define TABLE(more) "{\"type\":\"TABLE\",\"location\":\"EU\"," more SCHEMA "}"
#define ROW(id)     "{\"f\":[{\"v\":\"" id "\"},{\"v\":\"1609459200000000\"}]}"
#define ERROR(reason, message)                                                                     \
    "{\"error\":{\"code\":1,\"message\":\"" message "\",\"errors\":[{\"reason\":\"" reason         \
    "\",\"message\":\"" message "\"}]}}"
#define GET    "GET /bigquery/v2/projects/p/datasets/d/tables/t"
#define DATA   "GET /bigquery/v2/projects/p/datasets/d/tables/t/data?"
#define QUERY  "POST /bigquery/v2/projects/p/queries "
#define OK     "200 OK"
#define HUGE   "\"numRows\":\"9000000000000\",\"numBytes\":\"99999999999\","
#define UNREAD FC_REASON_SOURCE_UNREACHABLE
#define VIEW   "{\"type\":\"VIEW\",\"location\":\"EU\"}"
#define DRY    "{\"jobComplete\":true,\"totalBytesProcessed\":\"7\"," SCHEMA "}"
#define JOB    "\"jobReference\":{\"projectId\":\"p\",\"jobId\":\"j 1\",\"location\":\"EU\"}"
