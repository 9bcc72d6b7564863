/* SPDX-License-Identifier: Apache-2.0 */
/** A row of a batch into a row of the online store. */
#pragma once

#include "storage/online/sqlite.h"
#include "worker/sources/source.h"
#include "worker/tasks/binding.h"

struct fc_row_maker;

/** The spec and binding must outlive it. */
FC_MUST fc_rc fc_row_maker_new(const char *project, const Feast__Core__FeatureTableSpec *spec,
                               const struct fc_binding *binding, struct fc_row_maker **ret,
                               struct fc_error *err);
void fc_row_maker_free(struct fc_row_maker *maker);
FC_DEFINE_FREEP(struct fc_row_maker, fc_row_maker_free)

struct fc_row_verdict {
    enum { FC_ROW_GOOD, FC_ROW_OUTSIDE, FC_ROW_BAD } kind; /**< OUTSIDE: not in the span */
    size_t column; /**< of a bad row: index into the binding */
    enum fc_fault fault;
    const char *message; /**< valid until the next row */
};

/**
 * `batch` has the columns of the binding, in its order. `*ret_row` is set when the row is good and valid until the next
 * one. An error is a lack of memory; a row that does not convert is none.
 */
FC_MUST fc_rc fc_row_make(struct fc_row_maker *maker, const struct fc_batch *batch, size_t row,
                          const struct fc_moment *start, const struct fc_moment *end,
                          struct fc_online_row *ret_row, struct fc_row_verdict *ret,
                          struct fc_error *err);
