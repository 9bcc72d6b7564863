/* SPDX-License-Identifier: Apache-2.0 */
/** The slot of a key in a Redis cluster. */
#pragma once

#include <stdint.h>

#include "base/str.h"

#define FC_REDIS_SLOTS 16384

/**
 * CRC16 (XMODEM) modulo FC_REDIS_SLOTS, over what stands between the first '{' and the next '}' when that is not empty,
 * else over the whole key. "123456789" is 12739.
 */
uint16_t fc_redis_slot(fc_str key);
