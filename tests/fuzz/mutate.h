/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inputs made from others by chance, and the same ones each time: what a fuzz target meets in every test run, beside its
 * corpus. No coverage guides it, which is what libFuzzer is for (`./dev fuzz`).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** Longest input that is made; longer ones of the corpus are cut. */
#define MUTATION_MAX ((size_t)64 << 10)

struct mutation_input {
    const uint8_t *bytes;
    size_t size;
};

/** Number `number` of the inputs made from `corpus` (not empty) with `seed`; its size. `buffer` has MUTATION_MAX bytes. */
size_t mutate(const struct mutation_input *corpus, size_t count, uint64_t seed, uint64_t number,
              uint8_t *buffer);
