/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Results and errors of all programs.
 *
 * A function that can fail returns `fc_rc` and takes `struct fc_error *err` as its last parameter. The error lives on
 * the caller's stack, is written only on failure, and is never thread-local: what it says belongs to this one call.
 * `err` must not be NULL.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

#include "base/attr.h"

/** The gRPC status codes, so that no layer has to translate. FC_OK is 0. */
typedef enum fc_rc {
    FC_OK = 0,
    FC_CANCELLED = 1,
    FC_UNKNOWN = 2,
    FC_INVALID_ARGUMENT = 3,
    FC_DEADLINE_EXCEEDED = 4,
    FC_NOT_FOUND = 5,
    FC_ALREADY_EXISTS = 6,
    FC_PERMISSION_DENIED = 7,
    FC_RESOURCE_EXHAUSTED = 8,
    FC_FAILED_PRECONDITION = 9,
    FC_ABORTED = 10,
    FC_OUT_OF_RANGE = 11,
    FC_UNIMPLEMENTED = 12,
    FC_INTERNAL = 13,
    FC_UNAVAILABLE = 14,
    FC_DATA_LOSS = 15,
    FC_UNAUTHENTICATED = 16,
} fc_rc;

/** Stable words for what went wrong; the table is base/reasons.def. */
enum fc_reason {
#define FC_REASON(word, code, retryable, meaning, remedy) FC_REASON_##word,
#include "base/reasons.def"
#undef FC_REASON
    FC_REASON_COUNT
};

struct fc_reason_info {
    const char *word;
    fc_rc rc;
    bool retryable;
    const char *meaning;
    const char *remedy;
};

struct fc_error {
    fc_rc rc;
    enum fc_reason reason;
    bool retryable;
    char field[160]; /**< path of the request field at fault, "" when none */
    /** For people: object, field, what was found, what was expected. A refusal lists every offending column. */
    char message[4096];
};

#define FC_ERROR_INIT                                                                              \
    {                                                                                              \
        .rc = FC_OK, .reason = FC_REASON_NONE                                                      \
    }

/** The row of a reason; never NULL. */
const struct fc_reason_info *fc_reason_info(enum fc_reason reason);

/** The reason with this word, or FC_REASON_COUNT. */
enum fc_reason fc_reason_from_word(const char *word);

/** gRPC's name of a code ("INVALID_ARGUMENT"). */
const char *fc_rc_name(fc_rc rc);

/** Fills the error with the reason's own code and returns that code: `return fc_fail(err, FC_REASON_X, "…", …);` */
fc_rc fc_fail(struct fc_error *err, enum fc_reason reason, const char *format, ...) FC_PRINTF(3, 4);

/** Like fc_fail, naming the request field at fault. */
fc_rc fc_fail_field(struct fc_error *err, enum fc_reason reason, const char *field,
                    const char *format, ...) FC_PRINTF(4, 5);

/** Puts `prefix: ` before the message, for a layer that knows more of the context. Returns err->rc. */
fc_rc fc_error_prefix(struct fc_error *err, const char *format, ...) FC_PRINTF(2, 3);

/* Clang's analyzer sees one file at a time, and would follow paths on which a failure returns FC_OK. */
#ifdef __clang_analyzer__
#define fc_fail(...)       ((void)(fc_fail)(__VA_ARGS__), FC_INTERNAL)
#define fc_fail_field(...) ((void)(fc_fail_field)(__VA_ARGS__), FC_INTERNAL)
#endif
