/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/spent.h"

#include <stdatomic.h>

static atomic_bool spent;

void fc_spent_set(void)
{
    atomic_store(&spent, true);
}

bool fc_spent(void)
{
    return atomic_load(&spent);
}
