/* SPDX-License-Identifier: Apache-2.0 */
/**
 * MurmurHash3, x86, 32 bit: the hash that Feast uses for table hashes and online field names, seed 0.
 * Vectors: "" = 00000000, "a" = 0x3c2569b2.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint32_t fc_murmur3_32(const void *data, size_t size, uint32_t seed);
