/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/objects/store.h"

#include <strings.h>

static const struct fc_store_ops *const KINDS[] = {&fc_store_s3, &fc_store_gcs, &fc_store_web};

static bool has_scheme(const char *url, const char *scheme)
{
    size_t len = strlen(scheme);

    return strncasecmp(url, scheme, len) == 0 && strncmp(url + len, "://", 3) == 0;
}

const struct fc_store_ops *fc_store_ops_for(const char *url)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(KINDS); i++) {
        for (const char *const *scheme = KINDS[i]->schemes; *scheme; scheme++)
            if (has_scheme(url, *scheme))
                return KINDS[i];
    }
    return NULL;
}

bool fc_store_is_missing(const struct fc_error *err)
{
    return err->reason == FC_REASON_SOURCE_UNREACHABLE && err->rc == FC_NOT_FOUND;
}
