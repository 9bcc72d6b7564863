/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/online/stores.h"

#include <string.h>

fc_rc fc_online_stores_find(const struct fc_online_stores *stores,
                            const Feast__Core__OnlineStore *wanted,
                            const struct fc_redis_store **ret, struct fc_error *err)
{
    *ret = stores != NULL ? stores->by_default : NULL;
    if (!wanted || wanted->name[0] == '\0')
        return FC_OK;
    for (size_t i = 0; stores && i < stores->named_count; i++) {
        if (strcmp(stores->named[i].name, wanted->name) == 0) {
            *ret = &stores->named[i];
            return FC_OK;
        }
    }
    return fc_fail(err, FC_REASON_ONLINE_STORE_REFUSED,
                   "the feature table names online store \"%s\", for which the server has no "
                   "address; expected %s=redis://… in online_store.named",
                   wanted->name, wanted->name);
}
