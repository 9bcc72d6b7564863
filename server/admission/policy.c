/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission/policy.h"

#include <inttypes.h>
#include <string.h>

#include "server/admission/compare.h"

typedef Feast__Admin__V1__ColumnReport column_report;
typedef Feast__Admin__V1__SourceReport source_report;

/* One judgement in the making. */
struct judgement {
    enum fc_validation_mode mode;
    double max_invalid_ratio;
    struct fc_violations *violations;
    bool mismatched, unverified;
    const char *unverified_reason; /* word of the first source or column that could not be judged */
};

static bool refuses_mismatch(const struct judgement *judgement)
{
    return judgement->mode == FC_VALIDATION_STRICT || judgement->mode == FC_VALIDATION_ENFORCE;
}

static bool is_stream(const source_report *source)
{
    return source->slot == FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM;
}

static const char *source_field(const source_report *source)
{
    return is_stream(source) ? "table_spec.stream_source" : "table_spec.batch_source";
}

/* Within the request: `index` counts the columns of the same role, which stand in table order. */
static const char *column_field(struct fc_arena *arena, const source_report *source,
                                const column_report *column, size_t index)
{
    const char *member;

    switch (column->role) {
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__ENTITY:
        member = fc_arena_printf(arena, "table_spec.entities[%zu]", index);
        break;
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__FEATURE:
        member = fc_arena_printf(arena, "table_spec.features[%zu]", index);
        break;
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__EVENT_TIMESTAMP:
        member = fc_arena_printf(arena, "%s.event_timestamp_column", source_field(source));
        break;
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__CREATED_TIMESTAMP:
        member = fc_arena_printf(arena, "%s.created_timestamp_column", source_field(source));
        break;
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__DATE_PARTITION:
        member = fc_arena_printf(arena, "%s.date_partition_column", source_field(source));
        break;
    default:
        member = NULL;
        break;
    }
    return member ? member : source_field(source);
}

/* How a text calls the column: the name in the table, which is what the user wrote. */
static const char *subject(struct fc_arena *arena, const source_report *source,
                           const column_report *column)
{
    const char *text;

    switch (column->role) {
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__ENTITY:
        text = fc_arena_printf(arena, "entity \"%s\"", column->name);
        break;
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__FEATURE:
        text = fc_arena_printf(arena, "feature \"%s\"", column->name);
        break;
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__EVENT_TIMESTAMP:
        text = fc_arena_printf(arena, "event timestamp \"%s\"", column->column);
        break;
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__CREATED_TIMESTAMP:
        text = fc_arena_printf(arena, "created timestamp \"%s\"", column->column);
        break;
    case FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__DATE_PARTITION:
        text = fc_arena_printf(arena, "date partition \"%s\"", column->column);
        break;
    default:
        text = "column";
        break;
    }
    if (text && is_stream(source))
        text = fc_arena_printf(arena, "%s in the stream source", text);
    return text ? text : "column";
}

static const char *type_name(Feast__Types__ValueType__Enum type)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
        &feast__types__value_type__enum__descriptor, (int)type);

    return value ? value->name : "an unknown type";
}

static const char *column_facts(struct fc_arena *arena, const column_report *column)
{
    const char *text;

    if (column->level == FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__MISSING) {
        text = fc_arena_printf(arena, "there is no column \"%s\"", column->column);
    } else if (column->declared_type != FEAST__TYPES__VALUE_TYPE__ENUM__INVALID) {
        text = fc_arena_printf(arena, "column \"%s\" is %s, declared %s", column->column,
                               column->source_type, type_name(column->declared_type));
    } else {
        text = fc_arena_printf(arena, "column \"%s\" is %s", column->column, column->source_type);
    }
    return text ? text : "does not fit";
}

/* What the worker said about the column, or the facts when it said nothing. */
static const char *column_text(struct fc_arena *arena, const column_report *column)
{
    return column->message[0] != '\0' ? column->message : column_facts(arena, column);
}

static void column_mismatch(struct judgement *judgement, const source_report *source,
                            column_report *column, size_t index, const char *text)
{
    judgement->mismatched = true;
    if (!refuses_mismatch(judgement))
        return;
    struct fc_arena *arena = judgement->violations->arena;
    column->blocking = true;
    fc_violations_add(judgement->violations, FC_REASON_SOURCE_MISMATCH,
                      column_field(arena, source, column, index), "%s: %s",
                      subject(arena, source, column), text);
}

static void source_mismatch(struct judgement *judgement, const source_report *source,
                            const char *text)
{
    judgement->mismatched = true;
    if (refuses_mismatch(judgement)) {
        fc_violations_add(judgement->violations, FC_REASON_SOURCE_MISMATCH, source_field(source),
                          "%s%s", is_stream(source) ? "stream source: " : "", text);
    }
}

/* Remembers why; the violation itself is added by the caller, who knows what it is about. */
static bool note_unverified(struct judgement *judgement, const char *reason)
{
    judgement->unverified = true;
    if (!judgement->unverified_reason) {
        judgement->unverified_reason =
            reason[0] != '\0' ? reason : fc_reason_info(FC_REASON_SOURCE_UNVERIFIED)->word;
    }
    return judgement->mode == FC_VALIDATION_STRICT;
}

static void source_unverified(struct judgement *judgement, const source_report *source)
{
    if (note_unverified(judgement, source->reason)) {
        fc_violations_add(judgement->violations, FC_REASON_SOURCE_UNVERIFIED, source_field(source),
                          "%s source \"%s\": %s", is_stream(source) ? "stream" : "batch",
                          source->location,
                          source->message[0] != '\0' ? source->message : "could not be looked at");
    }
}

/* "5 % are", without a needless fraction. */
static const char *percent_text(struct fc_arena *arena, double ratio)
{
    const char *text = fc_arena_printf(arena, "%g %% are", ratio * 100);

    return text ? text : "few are";
}

/*
 * True when the rows that do not convert are too many. The worker counts rows with at least one bad column; a column
 * with more bad values than that would be a contradiction, and the larger number is believed.
 */
static bool too_many_invalid(const struct judgement *judgement, const source_report *source)
{
    uint64_t invalid = source->rows_invalid;

    for (size_t i = 0; i < source->n_columns; i++)
        if (source->columns[i]->invalid_count > invalid)
            invalid = source->columns[i]->invalid_count;
    if (judgement->mode == FC_VALIDATION_STRICT)
        return invalid > 0;
    return (double)invalid > judgement->max_invalid_ratio * (double)source->rows_sampled;
}

/* What a sample does not show, the source's own statistics may: so many rows at least do not convert. */
static bool too_many_by_statistics(const struct judgement *judgement, const column_report *column)
{
    double accepted = judgement->mode == FC_VALIDATION_STRICT ? 0 : judgement->max_invalid_ratio;

    return (double)column->invalid_by_statistics > accepted * (double)column->rows_by_statistics;
}

/* The worker says how many and why; how many would have been accepted is the policy's to say. */
static const char *invalid_text(const struct judgement *judgement, const column_report *column)
{
    struct fc_arena *arena = judgement->violations->arena;
    const char *accepted = judgement->mode == FC_VALIDATION_STRICT
                               ? "none is"
                               : percent_text(arena, judgement->max_invalid_ratio);
    const char *text =
        column->message[0] != '\0'
            ? fc_arena_printf(arena, "%s; %s accepted", column->message, accepted)
            : fc_arena_printf(
                  arena,
                  "%s, and %" PRIu64 " of %" PRIu64 " sampled values are invalid%s%s; %s accepted",
                  column_facts(arena, column), column->invalid_count, column->rows_sampled,
                  column->first_bad_value[0] != '\0' ? ", the first is " : "",
                  column->first_bad_value, accepted);

    return text ? text : "too many sampled values are invalid";
}

/* Judges the type; true when there is nothing left to say about the column. */
static bool judge_level(struct judgement *judgement, const source_report *source,
                        column_report *column, size_t index)
{
    struct fc_arena *arena = judgement->violations->arena;

    switch (column->level) {
    case FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__EXACT:
    case FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__WIDENING:
        return false;
    case FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__CHECKED:
        if (judgement->mode != FC_VALIDATION_STRICT)
            return false;
        column_mismatch(judgement, source, column, index, column_text(arena, column));
        return true;
    case FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__REJECT:
    case FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__MISSING:
        column_mismatch(judgement, source, column, index, column_text(arena, column));
        return true;
    default:
        if (note_unverified(judgement, fc_reason_info(FC_REASON_SOURCE_UNVERIFIED)->word)) {
            column->blocking = true;
            fc_violations_add(judgement->violations, FC_REASON_SOURCE_UNVERIFIED,
                              column_field(arena, source, column, index), "%s: %s",
                              subject(arena, source, column),
                              column->message[0] != '\0' ? column->message
                                                         : "the column could not be judged");
        }
        return true;
    }
}

/* No column is to blame: the rows could not be told apart from nonsense. */
static const char *rows_text(struct fc_arena *arena, const source_report *source)
{
    const char *text;

    if (source->rows_undecodable > 0) {
        text = fc_arena_printf(
            arena, "%" PRIu64 " of %" PRIu64 " sampled messages cannot be decoded, the first at %s",
            source->rows_undecodable, source->rows_sampled, source->first_undecodable);
    } else {
        text = fc_arena_printf(arena, "%" PRIu64 " of %" PRIu64 " sampled rows are invalid",
                               source->rows_invalid, source->rows_sampled);
    }
    return text ? text : "too many rows are invalid";
}

static void judge_columns(struct judgement *judgement, const source_report *source)
{
    size_t seen[FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__DATE_PARTITION + 1] = {0};
    bool invalid = too_many_invalid(judgement, source), blamed = false;

    for (size_t i = 0; i < source->n_columns; i++) {
        column_report *column = source->columns[i];
        size_t role = (size_t)column->role < FC_ARRAY_LEN(seen) ? (size_t)column->role : 0;
        size_t index = seen[role]++;

        column->blocking = false;
        bool settled = judge_level(judgement, source, column, index);
        bool sampled = invalid && column->invalid_count > 0;
        if (sampled || too_many_by_statistics(judgement, column)) {
            blamed = blamed || sampled;
            if (!settled)
                column_mismatch(judgement, source, column, index, invalid_text(judgement, column));
        }
    }
    if (invalid && !blamed)
        source_mismatch(judgement, source, rows_text(judgement->violations->arena, source));
}

/*
 * Columns of a source whose data is out of reach, while its schema is not: a stream without messages, or without its
 * broker, but with an Avro schema in the table. What does not fit by its type will not fit by its values either.
 */
static void judge_types(struct judgement *judgement, const source_report *source)
{
    size_t seen[FEAST__ADMIN__V1__COLUMN_REPORT__ROLE__DATE_PARTITION + 1] = {0};

    for (size_t i = 0; i < source->n_columns; i++) {
        column_report *column = source->columns[i];
        size_t role = (size_t)column->role < FC_ARRAY_LEN(seen) ? (size_t)column->role : 0;
        size_t index = seen[role]++;

        column->blocking = false;
        if (column->level != FEAST__ADMIN__V1__COLUMN_REPORT__LEVEL__LEVEL_UNSPECIFIED)
            (void)judge_level(judgement, source, column, index);
    }
}

static void judge_source(struct judgement *judgement, const source_report *source)
{
    switch (source->state) {
    case FEAST__ADMIN__V1__SOURCE_REPORT__STATE__READ:
        judge_columns(judgement, source);
        for (size_t i = 0; i < source->n_disagreements; i++)
            source_mismatch(judgement, source, source->disagreements[i]);
        break;
    case FEAST__ADMIN__V1__SOURCE_REPORT__STATE__UNREADABLE:
        source_mismatch(judgement, source,
                        source->message[0] != '\0' ? source->message
                                                   : "cannot be read in the declared format");
        break;
    default:
        judge_types(judgement, source);
        source_unverified(judgement, source);
        break;
    }
}

Feast__Admin__V1__ValidationReport__Mode fc_validation_mode_to_wire(enum fc_validation_mode mode)
{
    switch (mode) {
    case FC_VALIDATION_ENFORCE:
        return FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__ENFORCE;
    case FC_VALIDATION_STRICT:
        return FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__STRICT;
    case FC_VALIDATION_WARN:
        return FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__WARN;
    case FC_VALIDATION_OFF:
        break;
    }
    return FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF;
}

/* The report is packed and freed by others; its words are constants of the program, so the cast is harmless. */
static void set_verdict(Feast__Admin__V1__ValidationReport *report,
                        Feast__Admin__V1__Verdict verdict, const char *reason)
{
    report->verdict = verdict;
    report->reason = (char *)reason;
}

void fc_policy_judge(enum fc_validation_mode mode, double max_invalid_ratio,
                     Feast__Admin__V1__ValidationReport *report, struct fc_violations *violations)
{
    struct judgement judgement = {
        .mode = mode, .max_invalid_ratio = max_invalid_ratio, .violations = violations};

    report->mode = fc_validation_mode_to_wire(mode);
    if (mode == FC_VALIDATION_OFF) {
        set_verdict(report, FEAST__ADMIN__V1__VERDICT__NOT_CHECKED, "");
        return;
    }
    for (size_t i = 0; i < report->n_sources; i++)
        judge_source(&judgement, report->sources[i]);
    fc_report_compare(report, violations->arena);
    if (judgement.mismatched) {
        set_verdict(report, FEAST__ADMIN__V1__VERDICT__MISMATCHED,
                    fc_reason_info(FC_REASON_SOURCE_MISMATCH)->word);
    } else if (judgement.unverified) {
        set_verdict(report, FEAST__ADMIN__V1__VERDICT__UNVERIFIED, judgement.unverified_reason);
    } else {
        set_verdict(report, FEAST__ADMIN__V1__VERDICT__OK, "");
    }
}
