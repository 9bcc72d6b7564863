/* SPDX-License-Identifier: Apache-2.0 */
/* Header blocks on the wire: how long they are, wherever the bytes are cut. */
#include "tests/unit/harness.h"

#include "base/attr.h"
#include "base/str.h"
#include "server/rpc/header_watch.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define LIMIT   100
#define HEAD(length, type, flags)                                                                  \
    "\0\0" length type flags "\0\0\0\1" /* on stream 1; lengths below 256 */
#define HEADERS      "\1"
#define CONTINUATION "\11"
#define DATA         "\0"
#define OPEN         "\0"
#define ENDS         "\4"
#define TEN          "0123456789"
/* 19 bytes on the wire. */
#define PIECE(type, flags) HEAD("\12", type, flags) TEN

struct row {
    const char *name;
    fc_str bytes;
    bool fine;
};

#define ROW(label, text, is_fine)                                                                  \
    {                                                                                              \
        label, {.ptr = (text), .len = sizeof(text) - 1}, is_fine                                   \
    }

static const struct row rows[] = {
    ROW("nothing", "", true),
    ROW("preface", PREFACE, true),
    ROW("one block", PREFACE PIECE(HEADERS, ENDS), true),
    ROW("five pieces",
        PREFACE PIECE(HEADERS, OPEN) PIECE(CONTINUATION, OPEN) PIECE(CONTINUATION, OPEN)
            PIECE(CONTINUATION, OPEN) PIECE(CONTINUATION, ENDS),
        true),
    ROW("six pieces",
        PREFACE PIECE(HEADERS, OPEN) PIECE(CONTINUATION, OPEN) PIECE(CONTINUATION, OPEN)
            PIECE(CONTINUATION, OPEN) PIECE(CONTINUATION, OPEN) PIECE(CONTINUATION, ENDS),
        false),
    ROW("blocks that end are counted each by itself",
        PREFACE PIECE(HEADERS, OPEN) PIECE(CONTINUATION, ENDS) PIECE(HEADERS, OPEN)
            PIECE(CONTINUATION, ENDS) PIECE(HEADERS, OPEN) PIECE(CONTINUATION, ENDS),
        true),
    ROW("other frames do not end a block",
        PREFACE PIECE(HEADERS, OPEN) PIECE(DATA, ENDS) PIECE(CONTINUATION, OPEN) PIECE(DATA, ENDS)
            PIECE(CONTINUATION, OPEN) PIECE(CONTINUATION, OPEN) PIECE(CONTINUATION, OPEN)
                PIECE(CONTINUATION, OPEN),
        false),
    ROW("other frames are as long as they like", PREFACE HEAD("\377", DATA, OPEN) TEN, true),
    ROW("the limit itself", PREFACE HEAD("\133", HEADERS, ENDS), true),
    ROW("one byte more, announced", PREFACE HEAD("\134", HEADERS, ENDS), false),
    ROW("frames with nothing in them count",
        PREFACE HEAD("\0", HEADERS, OPEN) HEAD("\0", CONTINUATION, OPEN)
            HEAD("\0", CONTINUATION, OPEN) HEAD("\0", CONTINUATION, OPEN)
                HEAD("\0", CONTINUATION, OPEN) HEAD("\0", CONTINUATION, OPEN)
                    HEAD("\0", CONTINUATION, OPEN) HEAD("\0", CONTINUATION, OPEN)
                        HEAD("\0", CONTINUATION, OPEN) HEAD("\0", CONTINUATION, OPEN)
                            HEAD("\0", CONTINUATION, OPEN) HEAD("\0", CONTINUATION, OPEN),
        false),
    ROW("it is no HTTP/2", "PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n" HEAD("\377", HEADERS, OPEN), true),
};

/* Cut in parts of `part` bytes. */
static bool feed(fc_str bytes, size_t part)
{
    struct fc_header_watch watch = {0};
    bool fine = true;

    for (size_t at = 0; at < bytes.len; at += part) {
        size_t size = bytes.len - at < part ? bytes.len - at : part;
        bool now = fc_header_watch_feed(&watch, bytes.ptr + at, size, LIMIT);
        assert_true(fine || !now); /* what is refused stays refused */
        fine = now;
    }
    return fine;
}

static void blocks_are_measured(void **state FC_UNUSED)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(rows); i++) {
        for (size_t part = 1; part <= rows[i].bytes.len + 1; part++)
            if (feed(rows[i].bytes, part) != rows[i].fine)
                fail_msg("'%s' in parts of %zu: not as expected", rows[i].name, part);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(blocks_are_measured),
};

FC_TEST_MAIN(cases)
