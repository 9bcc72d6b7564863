/* SPDX-License-Identifier: Apache-2.0 */
/** Files to object stores and back: backups of the registry. The worker does it, since it has the clients of the clouds. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/sys.h"
#include "feast/worker/v1/worker.pb-c.h"

/**
 * `*ret` is in the arena. SOURCE_UNSUPPORTED for a place that is only read, SOURCE_UNREACHABLE, IO_FAILED for the file.
 * That an older backup could not be removed is logged and no error: the next one tries again.
 */
FC_MUST fc_rc fc_upload_run(const Feast__Worker__V1__Upload *upload, const struct fc_sys *sys,
                            struct fc_arena *arena, Feast__Worker__V1__Copied **ret,
                            struct fc_error *err);

/** A file that was there is replaced when all of the object has come. Errors as above. */
FC_MUST fc_rc fc_download_run(const Feast__Worker__V1__Download *download, const struct fc_sys *sys,
                              struct fc_arena *arena, Feast__Worker__V1__Copied **ret,
                              struct fc_error *err);
