/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A worker process that must not take another order: a library's threads could not be stopped, and would use up what
 * the next order needs. It answers the present order and ends; the registry starts another.
 */
#pragma once

#include <stdbool.h>

void fc_spent_set(void);
bool fc_spent(void);
