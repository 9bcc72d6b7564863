/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "server/admission/admission.h"

static const char *const mode_names[] = {
    [FC_VALIDATION_ENFORCE] = "enforce",
    [FC_VALIDATION_STRICT] = "strict",
    [FC_VALIDATION_WARN] = "warn",
    [FC_VALIDATION_OFF] = "off",
};

bool fc_validation_mode_parse(const char *text, enum fc_validation_mode *ret)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(mode_names); i++) {
        if (strcmp(text, mode_names[i]) == 0) {
            *ret = (enum fc_validation_mode)i;
            return true;
        }
    }
    return false;
}

const char *fc_validation_mode_name(enum fc_validation_mode mode)
{
    return mode_names[mode];
}

/*
 * Only OK settles the matter: what could not be judged, did not fit or had drifted may have been mended since, and
 * applying the table again is how a user asks for another look. An OK of `enforce` or `warn` may rest on conversions
 * that `strict` refuses; one of `warn` means that `enforce` had nothing to refuse.
 */
bool fc_admission_satisfied(int32_t verdict, enum fc_validation_mode stored_mode,
                            enum fc_validation_mode mode)
{
    if (mode == FC_VALIDATION_OFF)
        return true;
    if (verdict != FEAST__ADMIN__V1__VERDICT__OK || stored_mode == FC_VALIDATION_OFF)
        return false;
    return mode != FC_VALIDATION_STRICT || stored_mode == FC_VALIDATION_STRICT;
}
