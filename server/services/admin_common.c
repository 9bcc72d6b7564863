/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/name_form.h"
#include "server/services/admin.h"

fc_rc admin_find_table(const struct fc_services *services, const char *project, const char *field,
                       const char *name, struct fc_arena *arena, struct fc_table_row *ret,
                       struct fc_error *err)
{
    struct fc_reader *reader = NULL;

    if (name[0] == '\0') {
        return fc_fail_field(err, FC_REASON_FIELD_REQUIRED, field,
                             "%s is empty: it names the feature table", field);
    }
    fc_rc rc = fc_store_reader(services->store, &reader, err);
    if (rc == FC_OK)
        rc = fc_table_find(reader, fc_str_from(project), fc_str_from(name), arena, ret, err);
    if (rc == FC_OK && ret->id == 0) {
        return fc_fail_field(err, FC_REASON_TABLE_NOT_FOUND, field,
                             "No such Feature Table: (project: %s, name: %s)",
                             fc_excerpt(arena, project), fc_excerpt(arena, name));
    }
    return rc;
}

fc_rc admin_read_mode(const struct fc_services *services,
                      Feast__Admin__V1__ValidationReport__Mode asked, enum fc_validation_mode *ret,
                      struct fc_error *err)
{
    switch (asked) {
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__DEFAULT:
        *ret = services->admission != NULL ? fc_admission_default_mode(services->admission)
                                           : FC_VALIDATION_OFF;
        return FC_OK;
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__OFF:
        *ret = FC_VALIDATION_OFF;
        return FC_OK;
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__WARN:
        *ret = FC_VALIDATION_WARN;
        return FC_OK;
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__ENFORCE:
        *ret = FC_VALIDATION_ENFORCE;
        return FC_OK;
    case FEAST__ADMIN__V1__VALIDATION_REPORT__MODE__STRICT:
        *ret = FC_VALIDATION_STRICT;
        return FC_OK;
    default:
        return fc_fail_field(err, FC_REASON_FIELD_INVALID, "mode",
                             "mode is %d, expected DEFAULT, OFF, WARN, ENFORCE or STRICT",
                             (int)asked);
    }
}

fc_rc admin_read_token(const char *token, struct fc_arena *arena, int64_t *ret,
                       struct fc_error *err)
{
    char *end = NULL;

    *ret = INT64_MAX;
    if (token[0] == '\0')
        return FC_OK;
    errno = 0;
    *ret = strtoll(token, &end, 10);
    if (errno != 0 || *end != '\0' || *ret < 0) {
        return fc_fail_field(err, FC_REASON_FIELD_INVALID, "page_token",
                             "page_token is \"%s\", expected the next_page_token of an answer",
                             fc_excerpt(arena, token));
    }
    return FC_OK;
}

bool admin_add_violations(const struct fc_violations *violations, struct fc_arena *arena,
                          Google__Rpc__BadRequest__FieldViolation ***ret, size_t *ret_count)
{
    Google__Rpc__BadRequest__FieldViolation *made =
        fc_arena_calloc(arena, violations->count, sizeof *made);

    *ret = fc_arena_calloc(arena, violations->count,
                           sizeof(Google__Rpc__BadRequest__FieldViolation *));
    if (!made || !*ret)
        return false;
    for (size_t i = 0; i < violations->count; i++) {
        google__rpc__bad_request__field_violation__init(&made[i]);
        made[i].field = (char *)violations->items[i].field;
        made[i].description = (char *)violations->items[i].message;
        (*ret)[(*ret_count)++] = &made[i];
    }
    return true;
}
