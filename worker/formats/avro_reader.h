/* SPDX-License-Identifier: Apache-2.0 */
/** Between the files that read binary Avro: where the reader is, and the values that hold no others. */
#pragma once

#include "worker/formats/avro.h"

struct fc_avro_reader {
    const uint8_t *start, *at, *end;
    struct fc_arena *arena;
    struct fc_cell *cells; /**< of the plan */
    const char *field;     /**< the innermost that is being read, NULL outside of all */
    unsigned depth, steps;
    struct fc_error *err;
};

/** SOURCE_INVALID with field, byte and the text; OUT_OF_MEMORY when there is no text. */
fc_rc fc_avro_refuse(const struct fc_avro_reader *reader, const char *text);
#define fc_avro_refusef(reader, ...)                                                               \
    fc_avro_refuse((reader), fc_arena_printf((reader)->arena, __VA_ARGS__))

FC_MUST fc_rc fc_avro_read_long(struct fc_avro_reader *reader, int64_t *ret);
FC_MUST fc_rc fc_avro_read_bytes(struct fc_avro_reader *reader, fc_str *ret);

/** One of `count`; `of` is the word for what is counted. */
FC_MUST fc_rc fc_avro_read_index(struct fc_avro_reader *reader, const char *of, size_t count,
                                 size_t *ret);

/** Any type but record, array, map and union. */
FC_MUST fc_rc fc_avro_read_scalar(struct fc_avro_reader *reader, const struct fc_avro_type *type,
                                  struct fc_cell *ret);
