/* SPDX-License-Identifier: Apache-2.0 */
/** Columns of text for people: aligned, without lines, safe on a terminal. */
#pragma once

#include <stdio.h>

#include "base/arena.h"

struct fc_table_column {
    const char *title; /**< NULL ends the columns */
    bool wide;         /**< only with -o wide */
    bool right;        /**< numbers */
};

struct fc_table;

/** In the arena, with all its cells. NULL when memory is out. */
struct fc_table *fc_table_new(struct fc_arena *arena, const struct fc_table_column *columns);

/** Begins the next row. */
void fc_table_row(struct fc_table *table);
/** The next cell of the row, copied; NULL is "". Control characters are shown as '?'. */
void fc_table_cell(struct fc_table *table, const char *text);
void fc_table_cellf(struct fc_table *table, const char *format, ...) FC_PRINTF(2, 3);

/** Prints titles and rows. A failed allocation on the way shows here: false. */
FC_MUST bool fc_table_print(const struct fc_table *table, bool wide, FILE *out);
