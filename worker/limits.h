/* SPDX-License-Identifier: Apache-2.0 */
/** What the worker denies itself, since it reads data that nobody vouched for. */
#pragma once

#include <stdint.h>

/** Dies with its parent, leaves no core file, opens few files, lets other processes go first. At start, on the main thread. */
void fc_limits_start(void);

/** Bounds the address space to what an engine with this memory limit can need. 0 means its default. */
void fc_limits_memory(uint64_t engine_bytes);
