/* SPDX-License-Identifier: Apache-2.0 */
/** Small files whole. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

/**
 * Appends what the file holds to `out`, which is NUL-terminated then. `what` names its role in the error ("TLS key").
 * More than `limit` bytes, a directory or a read that fails are IO_FAILED, naming role, path and reason.
 */
FC_MUST fc_rc fc_file_read(const char *path, const char *what, size_t limit, struct fc_buf *out,
                           struct fc_error *err);
