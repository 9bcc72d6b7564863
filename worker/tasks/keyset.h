/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which keys a job has written, by 64-bit hash: for an exact account of its rows, not for deciding anything. Bounded;
 * what comes after is not remembered and counts as new.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct fc_keyset;

/** NULL when memory is out. */
struct fc_keyset *fc_keyset_new(void);
void fc_keyset_free(struct fc_keyset *set);
FC_DEFINE_FREEP(struct fc_keyset, fc_keyset_free)

/** True when the key was there before. */
bool fc_keyset_add(struct fc_keyset *set, fc_str key);
FC_MUST bool fc_keyset_has(const struct fc_keyset *set, fc_str key);
