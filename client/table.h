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

/** Leaves a column out. */
void fc_table_hide(struct fc_table *table, size_t column);
/** Rows to come go to this arena instead; they must live until they are printed. */
void fc_table_rows_in(struct fc_table *table, struct fc_arena *arena);

/**
 * Prints the rows and forgets them, the first time with titles; columns are as wide as what was printed so far. For lists
 * that come in pages.
 */
FC_MUST bool fc_table_flush(struct fc_table *table, bool wide, FILE *out);

/** Prints titles and rows. A failed allocation on the way shows here: false. */
FC_MUST bool fc_table_print(struct fc_table *table, bool wide, FILE *out);
