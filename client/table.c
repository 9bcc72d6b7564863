/* SPDX-License-Identifier: Apache-2.0 */
#include "client/table.h"

#include <stdarg.h>
#include <string.h>
#include <wchar.h>

#include "base/str.h"

#define GAP         3
#define MAX_COLUMNS 24

struct row {
    const char *cells[MAX_COLUMNS];
    size_t count;
    struct row *next;
};

struct fc_table {
    struct fc_arena *arena;
    const struct fc_table_column *columns;
    size_t column_count;
    struct row *first, *last;
    size_t widths[MAX_COLUMNS]; /* on the screen, so far */
    bool hidden[MAX_COLUMNS];
    bool titled; /* the titles were printed */
    bool failed;
};

struct fc_table *fc_table_new(struct fc_arena *arena, const struct fc_table_column *columns)
{
    struct fc_table *table = fc_arena_calloc(arena, 1, sizeof *table);

    if (!table)
        return NULL;
    table->arena = arena;
    table->columns = columns;
    while (columns[table->column_count].title && table->column_count < MAX_COLUMNS)
        table->column_count++;
    return table;
}

void fc_table_row(struct fc_table *table)
{
    struct row *row = fc_arena_calloc(table->arena, 1, sizeof *row);

    if (!row) {
        table->failed = true;
        return;
    }
    if (table->last)
        table->last->next = row;
    else
        table->first = row;
    table->last = row;
}

/* What the server sends may not move the cursor of the person who looks at it. */
static char *safe_copy(struct fc_arena *arena, const char *text)
{
    char *copy = fc_arena_strdup(arena, text);

    for (char *c = copy; c && *c; c++) {
        bool c1 = (unsigned char)c[0] == 0xc2 && (unsigned char)c[1] >= 0x80 &&
                  (unsigned char)c[1] < 0xa0;
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
        if (c1)
            c[0] = c[1] = '?';
    }
    return copy;
}

void fc_table_cell(struct fc_table *table, const char *text)
{
    char *copy = safe_copy(table->arena, text ? text : "");

    if (!copy || !table->last || table->last->count >= table->column_count) {
        table->failed = true;
        return;
    }
    table->last->cells[table->last->count++] = copy;
}

void fc_table_cellf(struct fc_table *table, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fc_table_cell(table, text);
}

/* Columns on the screen; an octet that is no character counts as one. */
static size_t width_of(const char *text)
{
    mbstate_t state = {0};
    size_t left = strlen(text), width = 0;

    while (left > 0) {
        wchar_t c;
        size_t used = mbrtowc(&c, text, left, &state);
        if (used == 0 || used > left) {
            memset(&state, 0, sizeof(state));
            used = 1;
            width++;
        } else {
            int columns = wcwidth(c);
            width += columns > 0 ? (size_t)columns : 0;
        }
        text += used;
        left -= used;
    }
    return width;
}

static void put_cell(const char *text, size_t width, bool right, struct fc_buf *line)
{
    size_t own = width_of(text);
    int pad = own < width ? (int)(width - own) : 0;

    fc_buf_printf(line, "%*s%s%*s%*s", right ? pad : 0, "", text, right ? 0 : pad, "", GAP, "");
}

static bool print_row(const struct fc_table *table, const char *const *cells, size_t count,
                      bool wide, FILE *out)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf line = FC_BUF_INIT;

    for (size_t i = 0; i < table->column_count; i++) {
        const char *text = i < count ? cells[i] : "";
        if (!table->hidden[i] && (wide || !table->columns[i].wide))
            put_cell(text, table->widths[i], table->columns[i].right, &line);
    }
    while (line.len > 0 && line.ptr[line.len - 1] == ' ')
        line.ptr[--line.len] = '\0';
    fprintf(out, "%s\n", fc_buf_text(&line));
    return !line.failed;
}

void fc_table_hide(struct fc_table *table, size_t column)
{
    table->hidden[column] = true;
}

void fc_table_rows_in(struct fc_table *table, struct fc_arena *arena)
{
    table->arena = arena;
}

static void widen(struct fc_table *table, size_t column, const char *text)
{
    size_t width = width_of(text);

    if (width > table->widths[column])
        table->widths[column] = width;
}

static bool print_titles(struct fc_table *table, bool wide, FILE *out)
{
    const char *titles[MAX_COLUMNS];

    for (size_t i = 0; i < table->column_count; i++)
        titles[i] = table->columns[i].title;
    return print_row(table, titles, table->column_count, wide, out);
}

bool fc_table_flush(struct fc_table *table, bool wide, FILE *out)
{
    bool good = !table->failed;

    for (size_t i = 0; i < table->column_count; i++)
        widen(table, i, table->columns[i].title);
    for (const struct row *row = table->first; row; row = row->next)
        for (size_t i = 0; i < row->count; i++)
            widen(table, i, row->cells[i]);
    if (!table->titled)
        good = print_titles(table, wide, out) && good;
    table->titled = true;
    for (const struct row *row = table->first; row; row = row->next)
        good = print_row(table, row->cells, row->count, wide, out) && good;
    table->first = table->last = NULL;
    return good;
}

bool fc_table_print(struct fc_table *table, bool wide, FILE *out)
{
    return fc_table_flush(table, wide, out);
}
