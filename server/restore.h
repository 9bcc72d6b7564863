/* SPDX-License-Identifier: Apache-2.0 */
/** `feast-core --restore`: a backup, from a file or an object store, in the place of the registry. */
#pragma once

#include "base/config.h"
#include "base/error.h"

/**
 * As fc_store_restore has it; `from` may also be s3://BUCKET/KEY. An object that was restored before is not fetched
 * again: it may be gone by then.
 */
FC_MUST fc_rc fc_restore(const struct fc_config *config, const char *from, bool *ret_done,
                         struct fc_error *err);
