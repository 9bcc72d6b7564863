/* SPDX-License-Identifier: Apache-2.0 */
/* What was found when the sources of a feature table were looked at, as a person wants it. */
#include "client/report_print.h"

#include <inttypes.h>
#include <string.h>

#include "base/time.h"
#include "client/table.h"
#include "client/values.h"

typedef Feast__Admin__V1__ColumnReport column_report;
typedef Feast__Admin__V1__SourceReport source_report;

static const struct fc_table_column columns[] = {
    {.title = "USE"},
    {.title = "NAME"},
    {.title = "COLUMN"},
    {.title = "DECLARED"},
    {.title = "FOUND"},
    {.title = "FIT"},
    {.title = "NULLS", .right = true},
    {.title = "INVALID", .right = true},
    {.title = "MIN", .wide = true},
    {.title = "MAX", .wide = true},
    {.title = "NOTE"},
    {0},
};

static const char *role_text(int role)
{
    static const char *const texts[] = {"",           "entity",       "feature",
                                        "event time", "created time", "date partition"};

    return role >= 0 && (size_t)role < FC_ARRAY_LEN(texts) ? texts[role] : "?";
}

static const char *level_text(int level)
{
    static const char *const texts[] = {"not judged", "exact", "widening",
                                        "checked",    "no",    "missing"};

    return level >= 0 && (size_t)level < FC_ARRAY_LEN(texts) ? texts[level] : "?";
}

static const char *declared_text(const column_report *c)
{
    if (c->declared_type != 0)
        return fc_type_name((int)c->declared_type);
    return c->role == FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__DATE_PARTITION ? "date" : "timestamp";
}

static void put_share(struct fc_table *table, uint64_t part, uint64_t whole)
{
    if (whole == 0)
        fc_table_cell(table, "");
    else if (part == 0)
        fc_table_cell(table, "0");
    else
        fc_table_cellf(table, "%" PRIu64 " (%.1f%%)", part, 100.0 * (double)part / (double)whole);
}

static const char *note_text(const column_report *c)
{
    if (c->blocking)
        return "refused";
    return c->message[0] || c->invalid_count > 0 ? "noted" : "";
}

static void column_row(struct fc_table *table, const column_report *c)
{
    fc_table_row(table);
    fc_table_cell(table, role_text((int)c->role));
    fc_table_cell(table, c->name);
    fc_table_cell(table, c->column);
    fc_table_cell(table, declared_text(c));
    fc_table_cell(table, c->source_type);
    fc_table_cell(table, level_text((int)c->level));
    put_share(table, c->null_count, c->rows_sampled);
    put_share(table, c->invalid_count, c->rows_sampled);
    fc_table_cell(table, c->min);
    fc_table_cell(table, c->max);
    fc_table_cell(table, note_text(c));
}

/* What a person can do about a column; the message says what is wrong. */
static void put_advice(FILE *out, const column_report *c)
{
    fprintf(out, "  %s %s: %s\n", role_text((int)c->role), c->name[0] ? c->name : c->column,
            c->message[0] ? c->message : "some sampled values are invalid");
    if (c->first_bad_value[0])
        fprintf(out, "    first invalid value: %s\n", c->first_bad_value);
    if (c->advice[0])
        fprintf(out, "    to do: %s\n", c->advice);
}

static void put_list(FILE *out, const char *title, char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%s%s\n", i == 0 ? title : "", i == 0 ? ":\n  " : "  ", texts[i]);
}

static bool is_stream(const source_report *s)
{
    return s->slot == FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM;
}

static void put_events(FILE *out, const source_report *s)
{
    char oldest[FC_TIME_TEXT_MAX];
    char newest[FC_TIME_TEXT_MAX];

    if (!s->oldest_event || !s->newest_event)
        return;
    fc_time_format(s->oldest_event->seconds, s->oldest_event->nanos, oldest);
    fc_time_format(s->newest_event->seconds, s->newest_event->nanos, newest);
    fprintf(out, "  events sampled are of %s to %s\n", oldest, newest);
}

static void put_source_line(FILE *out, const source_report *s)
{
    fprintf(out, "%s source %s\n", is_stream(s) ? "stream" : "batch", s->location);
    fputs("  ", out);
    if (s->files_total > 0 && is_stream(s))
        fprintf(out, "%" PRIu64 " partitions, ", s->files_total);
    else if (s->files_total > 0)
        fprintf(out, "%" PRIu64 " of %" PRIu64 " files read, ", s->files_seen, s->files_total);
    fprintf(out, "%" PRIu64 " rows sampled, %" PRIu64 " of them invalid, %.2f s\n", s->rows_sampled,
            s->rows_invalid, s->seconds);
    if (s->message[0])
        fprintf(out, "  %s\n", s->message);
    put_events(out, s);
}

static bool put_source(struct fc_cli *cli, const source_report *s)
{
    struct fc_table *table = fc_table_new(cli->arena, columns);
    bool advised = false;

    put_source_line(cli->out, s);
    if (!table)
        return false;
    for (size_t i = 0; i < s->n_columns; i++)
        column_row(table, s->columns[i]);
    if (s->n_columns > 0) {
        fputc('\n', cli->out);
        if (!fc_table_print(table, cli->format == FC_FORMAT_WIDE, cli->out))
            return false;
    }
    for (size_t i = 0; i < s->n_columns; i++) {
        const column_report *c = s->columns[i];
        if (!c->blocking && !c->message[0] && c->invalid_count == 0)
            continue;
        fputs(advised ? "" : "\nFindings:\n", cli->out);
        advised = true;
        put_advice(cli->out, c);
    }
    put_list(cli->out, "\nFiles that disagree", s->disagreements, s->n_disagreements);
    put_list(cli->out, "\nNotes", s->notes, s->n_notes);
    return true;
}

static const char *mode_text(int mode)
{
    static const char *const texts[] = {"default", "off", "warn", "enforce", "strict"};

    return mode >= 0 && (size_t)mode < FC_ARRAY_LEN(texts) ? texts[mode] : "?";
}

static const char *verdict_text(int verdict)
{
    static const char *const texts[] = {"not checked", "its sources fit", "could not be judged yet",
                                        "its sources do not fit",
                                        "its sources do not fit any more"};

    return verdict >= 0 && (size_t)verdict < FC_ARRAY_LEN(texts) ? texts[verdict] : "?";
}

enum fc_exit fc_report_print(struct fc_cli *cli, const char *table,
                             const Feast__Admin__V1__ValidationReport *report)
{
    const ProtobufCEnumValue *verdict = protobuf_c_enum_descriptor_get_value(
        &feast__admin__v1__verdict__descriptor, (int)report->verdict);

    fprintf(cli->out, "table %s: %s, %s (mode %s, %s)\n", table, verdict ? verdict->name : "?",
            verdict_text((int)report->verdict), mode_text((int)report->mode),
            report->checked_at ? fc_time_text(cli->arena, report->checked_at) : "never looked at");
    if (report->next_check_at)
        fprintf(cli->out, "next look %s\n", fc_time_text(cli->arena, report->next_check_at));
    for (size_t i = 0; i < report->n_sources; i++) {
        fputc('\n', cli->out);
        if (!put_source(cli, report->sources[i]))
            return fc_cli_no_memory(cli);
    }
    put_list(cli->out, "\nNotes", report->notes, report->n_notes);
    return FC_EXIT_OK;
}
