/* SPDX-License-Identifier: Apache-2.0 */
/** Between the files that find descriptor sets. */
#pragma once

#include "worker/formats/format.h"

/** What the URL answers, from the cache of the process while that is fresh; `shown` is the URL for people. */
FC_MUST fc_rc fc_descriptors_fetch(const struct fc_format_env *env, const char *url,
                                   const char *shown, struct fc_arena *arena, fc_str *ret,
                                   struct fc_error *err);
