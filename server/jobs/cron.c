/* SPDX-License-Identifier: Apache-2.0 */
/* Cron expressions as text; cron_next.c has the times. */
#include "server/jobs/cron.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum part { MINUTE, HOUR, DAY, MONTH, WEEKDAY, PARTS };

struct form {
    const char *name;
    int low, high;
    const char *words; /* three letters each, of `low` and those after it; "" for none */
};

static const struct form forms[PARTS] = {
    [MINUTE] = {"minute", 0, 59, ""},
    [HOUR] = {"hour", 0, 23, ""},
    [DAY] = {"day of month", 1, 31, ""},
    [MONTH] = {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    [WEEKDAY] = {"day of week", 0, 7, "sunmontuewedthufrisat"},
};

static const struct {
    const char *word, *meaning;
} words[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

/* What is read: the whole for messages, and one field of it. */
struct reading {
    fc_str whole;
    const struct form *form;
    fc_str field;
    struct fc_error *err;
};

static fc_rc refuse(const struct reading *r, const char *what)
{
    const struct form *form = r->form;

    return fc_fail_field(r->err, FC_REASON_CRON_INVALID, "cron_schedule",
                         "cron_schedule \"%.*s\": the %s is \"%.*s\", %s; expected *, or numbers "
                         "from %d to %d%s as a list, ranges a-b or steps */n",
                         (int)r->whole.len, r->whole.ptr, form->name, (int)r->field.len,
                         r->field.ptr, what, form->low, form->high,
                         form->words[0] != '\0' ? " or names of three letters" : "");
}

/* A number or a word at `*at`, which moves behind it. */
static bool read_value(const struct form *form, const char **at, const char *end, int *ret)
{
    const char *from = *at;
    int value = 0;

    while (*at < end && *at - from < 4 && isdigit((unsigned char)**at))
        value = value * 10 + (*(*at)++ - '0');
    if (*at > from) {
        *ret = value;
        return true;
    }
    for (int i = 0; end - from >= 3 && form->words[(size_t)i * 3] != '\0'; i++) {
        if (strncasecmp(from, form->words + (size_t)i * 3, 3) == 0) {
            *at = from + 3;
            *ret = form->low + i;
            return true;
        }
    }
    return false;
}

/* One of a list: `*`, `5`, `1-5`, each with `/step`. */
static fc_rc read_item(const struct reading *r, const char **at, const char *end, uint64_t *bits)
{
    const struct form *form = r->form;
    int low = form->low, high = form->high, step = 1;
    bool days = form == &forms[DAY] || form == &forms[WEEKDAY];
    bool star = *at < end && (**at == '*' || (**at == '?' && days));

    if (star) {
        (*at)++;
    } else if (!read_value(form, at, end, &low)) {
        return refuse(r, "which is neither");
    } else if (*at < end && **at == '-') {
        (*at)++;
        if (!read_value(form, at, end, &high))
            return refuse(r, "a range without an end");
        /* sat-sun is how people write a weekend. */
        high = form == &forms[WEEKDAY] && high == 0 && low > 0 ? 7 : high;
    } else if (*at == end || **at != '/') {
        high = low;
    }
    if (*at < end && **at == '/') {
        (*at)++;
        if (!read_value(&forms[MINUTE], at, end, &step) || step == 0)
            return refuse(r, "a step that is no number above 0");
    }
    if (low < form->low || high > form->high)
        return refuse(r, "outside its values");
    if (low > high)
        return refuse(r, "a range that ends before it begins");
    for (int value = low; value <= high; value += step)
        *bits |= UINT64_C(1) << value;
    return FC_OK;
}

static fc_rc read_field(const struct reading *r, uint64_t *ret)
{
    const char *at = r->field.ptr, *end = at + r->field.len;
    uint64_t bits = 0;

    for (;;) {
        fc_rc rc = read_item(r, &at, end, &bits);
        if (rc != FC_OK)
            return rc;
        if (at == end)
            break;
        if (*at != ',')
            return refuse(r, "which goes on where it should end");
        at++;
    }
    *ret = bits;
    return FC_OK;
}

static size_t split(fc_str text, fc_str *ret, size_t most)
{
    size_t count = 0, i = 0;

    while (i < text.len) {
        size_t from = i;
        while (i < text.len && !isspace((unsigned char)text.ptr[i]))
            i++;
        if (i > from) {
            if (count < most)
                ret[count] = (fc_str){.ptr = text.ptr + from, .len = i - from};
            count++;
        }
        while (i < text.len && isspace((unsigned char)text.ptr[i]))
            i++;
    }
    return count;
}

static uint64_t all_of(enum part part)
{
    uint64_t bits = 0;

    for (int value = forms[part].low; value <= forms[part].high; value++)
        bits |= UINT64_C(1) << value;
    return bits;
}

/* A day that one of the months has, unless days of the week are named as well. */
static bool has_day(const struct fc_cron *cron)
{
    static const int lengths[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int first = 1;

    if (cron->any_day || !cron->any_weekday)
        return true;
    while ((cron->days & UINT32_C(1) << first) == 0)
        first++;
    for (int month = 1; month <= 12; month++)
        if ((cron->months & 1u << month) != 0 && first <= lengths[month])
            return true;
    return false;
}

static fc_rc read_fields(fc_str whole, const fc_str fields[PARTS], struct fc_cron *ret,
                         struct fc_error *err)
{
    uint64_t bits[PARTS];

    for (int i = 0; i < PARTS; i++) {
        const struct reading r = {
            .whole = whole, .form = &forms[i], .field = fields[i], .err = err};
        fc_rc rc = read_field(&r, &bits[i]);
        if (rc != FC_OK)
            return rc;
    }
    /* 7 is Sunday too. */
    bits[WEEKDAY] = (bits[WEEKDAY] | bits[WEEKDAY] >> 7) & 0x7f;
    *ret = (struct fc_cron){
        .minutes = bits[MINUTE],
        .hours = (uint32_t)bits[HOUR],
        .days = (uint32_t)bits[DAY],
        .months = (uint16_t)bits[MONTH],
        .weekdays = (uint8_t)bits[WEEKDAY],
        .any_day = bits[DAY] == all_of(DAY),
        .any_weekday = bits[WEEKDAY] == 0x7f,
    };
    if (!has_day(ret)) {
        return fc_fail_field(err, FC_REASON_CRON_INVALID, "cron_schedule",
                             "cron_schedule \"%.*s\": none of its months has day %.*s",
                             (int)whole.len, whole.ptr, (int)fields[DAY].len, fields[DAY].ptr);
    }
    return FC_OK;
}

fc_rc fc_cron_parse(fc_str text, struct fc_cron *ret, struct fc_error *err)
{
    fc_str fields[PARTS] = {{0}}, meaning = text;

    if (text.len > FC_CRON_MAX) {
        return fc_fail_field(err, FC_REASON_CRON_INVALID, "cron_schedule",
                             "cron_schedule has %zu bytes, expected at most %d", text.len,
                             FC_CRON_MAX);
    }
    for (size_t i = 0; i < FC_ARRAY_LEN(words); i++) {
        fc_str word = fc_str_from(words[i].word);
        if (word.len == text.len && strncasecmp(word.ptr, text.ptr, word.len) == 0)
            meaning = fc_str_from(words[i].meaning);
    }
    size_t count = split(meaning, fields, PARTS);
    if (count != PARTS) {
        return fc_fail_field(
            err, FC_REASON_CRON_INVALID, "cron_schedule",
            "cron_schedule \"%.*s\": the number of fields is %zu, expected five (minute, hour, day "
            "of month, "
            "month, day of week) or @hourly, @daily, @midnight, @weekly, @monthly, @yearly",
            (int)text.len, text.len > 0 ? text.ptr : "", count);
    }
    return read_fields(text, fields, ret, err);
}
