/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bigquery.h"

#define REF_MAX 1400 /* the longest that the parts allow together */

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool all(fc_str text, const char *extra, bool non_ascii)
{
    for (size_t i = 0; i < text.len; i++) {
        bool other = (text.ptr[i] & 0x80) != 0;
        if (other ? !non_ascii : !is_alnum(text.ptr[i]) && !strchr(extra, text.ptr[i]))
            return false;
    }
    return text.len > 0;
}

/* Splits at the last of the separators; what stands before it stays in `text`. */
static bool split_last(fc_str *text, const char *separators, fc_str *ret_after)
{
    for (size_t i = text->len; i > 0; i--) {
        if (strchr(separators, text->ptr[i - 1])) {
            *ret_after = (fc_str){text->ptr + i, text->len - i};
            text->len = i - 1;
            return true;
        }
    }
    return false;
}

static bool project_is_sane(fc_str project)
{
    fc_str name, domain = project;

    if (!split_last(&domain, ":", &name))
        return all(project, "-", false);
    /* A domain has a dot: without one it is a separator too many. */
    return all(name, "-", false) && all(domain, "-.", false) && memchr(domain.ptr, '.', domain.len);
}

bool fc_bigquery_ref_parse(const char *text, struct fc_bigquery_ref *ret)
{
    struct fc_bigquery_ref ref;

    ref.project = fc_str_from(text);
    if (ref.project.len > REF_MAX || !split_last(&ref.project, ".", &ref.table) ||
        !split_last(&ref.project, ".:", &ref.dataset))
        return false;
    if (!project_is_sane(ref.project) || !all(ref.dataset, "_-", false) ||
        !all(ref.table, "_-$* ", true) || ref.table.ptr[0] == ' ' ||
        ref.table.ptr[ref.table.len - 1] == ' ')
        return false;
    *ret = ref;
    return true;
}
