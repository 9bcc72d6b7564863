/* SPDX-License-Identifier: Apache-2.0 */
/** An HTTP server on loopback that does what a test says, bad manners included. A stand-in, made for this. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct test_web;

struct test_web_request {
    const char *method, *target;
    const char *text; /**< head and body as they came */
    const char *body;
    unsigned number; /**< from 0, over all connections */
    unsigned connection;
};

/** Answers by writing to `fd`; false closes the connection. Called on threads of the server, one call at a time. */
typedef bool (*test_web_fn)(void *ctx, const struct test_web_request *request, int fd);

struct test_web *test_web_start(test_web_fn fn, void *ctx);
/** Closes what is open and waits for the threads. */
void test_web_stop(struct test_web *web);
int test_web_port(const struct test_web *web);
unsigned test_web_requests(struct test_web *web);

/** "http://127.0.0.1:<port><path>"; valid until the eighth next call. */
const char *test_web_url(const struct test_web *web, const char *path);

/** A whole answer with Content-Length; `headers` are lines that end in CRLF. */
bool test_web_reply(int fd, const char *status, const char *headers, const char *body);
/** These bytes and no more. */
bool test_web_raw(int fd, const char *text);
/** The connection ends with RST. */
bool test_web_reset(int fd);
/** The value of a header in `text`, copied to `ret`; false when it is not there. */
bool test_web_header(const struct test_web_request *request, const char *name, char *ret,
                     size_t size);
