/* SPDX-License-Identifier: Apache-2.0 */
/** Memory that a burst left behind. */
#pragma once

#include <stdint.h>

/**
 * Gives free memory back to the system when there is much of it. glibc keeps what many small blocks held, so that one
 * flood of requests would count as ours for ever. Looks every ten seconds at most; call it as often as you like, from one
 * thread. `now_ns` is monotonic.
 */
void fc_memory_tick(int64_t now_ns);
