/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Structured logging: one line an event on stderr, logfmt or JSON.
 *
 * Only server/rpc, server/jobs, server/http and the main files log; other rooms return errors. Thread-safe: a line is
 * one write. Secrets have no field type here and cannot be logged by mistake through one.
 *
 *     fc_log(FC_LOG_INFO, "listening", FC_LOG_STR("address", address), FC_LOG_INT("port", port));
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

enum fc_log_level { FC_LOG_DEBUG, FC_LOG_INFO, FC_LOG_WARN, FC_LOG_ERROR };
enum fc_log_format { FC_LOG_LOGFMT, FC_LOG_JSON };

struct fc_log_field {
    const char *key;
    enum {
        FC_LOG_FIELD_NONE,
        FC_LOG_FIELD_STR,
        FC_LOG_FIELD_INT,
        FC_LOG_FIELD_DOUBLE,
        FC_LOG_FIELD_BOOL
    } kind;
    union {
        const char *text;
        int64_t number;
        double real;
        bool truth;
    } value;
};

#define FC_LOG_STR(k, v)                                                                           \
    {                                                                                              \
        .key = (k), .kind = FC_LOG_FIELD_STR, .value = {.text = (v) }                              \
    }
#define FC_LOG_INT(k, v)                                                                           \
    {                                                                                              \
        .key = (k), .kind = FC_LOG_FIELD_INT, .value = {.number = (int64_t)(v) }                   \
    }
#define FC_LOG_DOUBLE(k, v)                                                                        \
    {                                                                                              \
        .key = (k), .kind = FC_LOG_FIELD_DOUBLE, .value = {.real = (v) }                           \
    }
#define FC_LOG_BOOL(k, v)                                                                          \
    {                                                                                              \
        .key = (k), .kind = FC_LOG_FIELD_BOOL, .value = {.truth = (v) }                            \
    }
/** The reason and message of an error as two fields. */
#define FC_LOG_ERR(err)                                                                            \
    FC_LOG_STR("reason", fc_reason_info((err)->reason)->word), FC_LOG_STR("error", (err)->message)

/** Set once, before threads start. Lines below `level` are dropped. `component` names the program. */
void fc_log_init(const char *component, enum fc_log_level level, enum fc_log_format format);
bool fc_log_enabled(enum fc_log_level level);
/** Reads "debug", "info", "warn", "error"; false when it is none of them. */
bool fc_log_level_parse(const char *text, enum fc_log_level *ret);

void fc_log_emit(enum fc_log_level level, const char *event, const struct fc_log_field *fields,
                 size_t count);

#define fc_log(level, event, ...)                                                                  \
    do {                                                                                           \
        if (fc_log_enabled(level)) {                                                               \
            const struct fc_log_field fields_[] = {{.key = NULL}, ##__VA_ARGS__};                  \
            fc_log_emit((level), (event), fields_ + 1, FC_ARRAY_LEN(fields_) - 1);                 \
        }                                                                                          \
    } while (0)
