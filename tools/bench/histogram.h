/* SPDX-License-Identifier: Apache-2.0 */
/** Counts of durations in buckets that are at most 1/64 of their value wide. One thread each; merge at the end. */
#pragma once

#include <stdint.h>

enum { HISTOGRAM_SUB = 64, HISTOGRAM_BUCKETS = 64 * HISTOGRAM_SUB };

struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS];
    uint64_t count, max;
};

/* Below HISTOGRAM_SUB each value has its bucket; above, each power of two has HISTOGRAM_SUB of them. */
static inline unsigned histogram_bucket(uint64_t value)
{
    if (value < HISTOGRAM_SUB)
        return (unsigned)value;
    unsigned shift = 63U - (unsigned)__builtin_clzll(value) - 6U;
    return (shift + 1U) * HISTOGRAM_SUB + ((unsigned)(value >> shift) - HISTOGRAM_SUB);
}

static inline double histogram_middle(unsigned bucket)
{
    if (bucket < HISTOGRAM_SUB)
        return (double)bucket;
    unsigned shift = bucket / HISTOGRAM_SUB - 1U;
    return ((double)(bucket % HISTOGRAM_SUB + HISTOGRAM_SUB) + 0.5) *
           (double)(UINT64_C(1) << shift);
}

static inline void histogram_add(struct histogram *self, uint64_t value)
{
    self->buckets[histogram_bucket(value)]++;
    self->count++;
    self->max = value > self->max ? value : self->max;
}

static inline void histogram_merge(struct histogram *self, const struct histogram *other)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        self->buckets[i] += other->buckets[i];
    self->count += other->count;
    self->max = other->max > self->max ? other->max : self->max;
}

static inline double histogram_quantile(const struct histogram *self, double share)
{
    uint64_t wanted = (uint64_t)((double)self->count * share), seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += self->buckets[i];
        if (seen > wanted) {
            double middle = histogram_middle(i);
            return middle < (double)self->max ? middle : (double)self->max;
        }
    }
    return (double)self->max;
}
