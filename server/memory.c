/* SPDX-License-Identifier: Apache-2.0 */
#include "server/memory.h"

#include <malloc.h>

#include "base/sys.h"

#define PERIOD_NS (10 * FC_NS_PER_S)
/* Less than this is room to breathe: giving it back would only mean to ask for it again. */
#define FREE_BYTES ((size_t)32 << 20)

void fc_memory_tick(int64_t now_ns)
{
    static int64_t next_ns;

    if (now_ns < next_ns)
        return;
    next_ns = now_ns + PERIOD_NS;
    if (mallinfo2().fordblks > FREE_BYTES)
        (void)malloc_trim(0);
}
