/* SPDX-License-Identifier: Apache-2.0 */
/** A second statement over the same file, which a thread of its own runs meanwhile: other columns of the same rows. */
#pragma once

#include "worker/duck/duck.h"

struct fc_duck_beside;

/**
 * NULL when there is no idle processor, or the engine was opened without `brief`: then the caller runs it itself.
 * `path` is needed until fc_duck_beside_join; other statements of the engine run as ever.
 */
struct fc_duck_beside *fc_duck_beside_start(struct fc_duck *duck, const char *sql,
                                            const char *path);

/** Waits until the first rows are there, and ends the thread. The result is as by fc_duck_query. */
FC_MUST fc_rc fc_duck_beside_join(struct fc_duck_beside *beside, struct fc_duck_result **ret,
                                  struct fc_error *err);
