/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

static const struct fc_reason_info reason_table[FC_REASON_COUNT] = {
#define FC_REASON(word_, code, retryable_, meaning_, remedy_)                                      \
    [FC_REASON_##word_] = {.word = #word_,                                                         \
                           .rc = FC_##code,                                                        \
                           .retryable = retryable_,                                                \
                           .meaning = meaning_,                                                    \
                           .remedy = remedy_},
#include "base/reasons.def"
#undef FC_REASON
};

static const char *const rc_names[] = {
    [FC_OK] = "OK",
    [FC_CANCELLED] = "CANCELLED",
    [FC_UNKNOWN] = "UNKNOWN",
    [FC_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
    [FC_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
    [FC_NOT_FOUND] = "NOT_FOUND",
    [FC_ALREADY_EXISTS] = "ALREADY_EXISTS",
    [FC_PERMISSION_DENIED] = "PERMISSION_DENIED",
    [FC_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
    [FC_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
    [FC_ABORTED] = "ABORTED",
    [FC_OUT_OF_RANGE] = "OUT_OF_RANGE",
    [FC_UNIMPLEMENTED] = "UNIMPLEMENTED",
    [FC_INTERNAL] = "INTERNAL",
    [FC_UNAVAILABLE] = "UNAVAILABLE",
    [FC_DATA_LOSS] = "DATA_LOSS",
    [FC_UNAUTHENTICATED] = "UNAUTHENTICATED",
};

const struct fc_reason_info *fc_reason_info(enum fc_reason reason)
{
    size_t index = (size_t)reason;
    return &reason_table[index < FC_REASON_COUNT ? index : FC_REASON_INTERNAL];
}

enum fc_reason fc_reason_from_word(const char *word)
{
    for (size_t i = 0; i < FC_REASON_COUNT; i++)
        if (strcmp(reason_table[i].word, word) == 0)
            return (enum fc_reason)i;
    return FC_REASON_COUNT;
}

const char *fc_rc_name(fc_rc rc)
{
    size_t index = (size_t)rc;
    return index < FC_ARRAY_LEN(rc_names) ? rc_names[index] : "UNKNOWN";
}

FC_PRINTF(4, 0)
static fc_rc fill(struct fc_error *err, enum fc_reason reason, const char *field,
                  const char *format, va_list args)
{
    const struct fc_reason_info *info = fc_reason_info(reason);
    char message[sizeof err->message]; /* the arguments may point into err itself */

    (void)vsnprintf(message, sizeof message, format, args);
    err->rc = info->rc;
    err->reason = reason;
    err->retryable = info->retryable;
    (void)snprintf(err->field, sizeof err->field, "%s", field);
    memcpy(err->message, message, sizeof message);
    return err->rc;
}

fc_rc(fc_fail)(struct fc_error *err, enum fc_reason reason, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fc_rc rc = fill(err, reason, "", format, args);
    va_end(args);
    return rc;
}

fc_rc(fc_fail_field)(struct fc_error *err, enum fc_reason reason, const char *field,
                     const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fc_rc rc = fill(err, reason, field, format, args);
    va_end(args);
    return rc;
}

fc_rc fc_error_prefix(struct fc_error *err, const char *format, ...)
{
    char message[sizeof err->message];
    va_list args;

    va_start(args, format);
    int written = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    size_t used = written < 0 ? 0 : (size_t)written;
    if (used < sizeof message - 1) {
        (void)snprintf(message + used, sizeof message - used, ": %.*s",
                       (int)(sizeof message - used), err->message);
    }
    memcpy(err->message, message, sizeof message);
    return err->rc;
}
