/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: one byte (the size of the parts), then what a client sends. A header block is as long in parts as it is whole, what
 * is refused stays refused, and a lower limit never lets more pass.
 */
#include "tests/fuzz/fuzz.h"

#include "server/rpc/header_watch.h"

enum { LIMIT = 256 };

static bool feed(fc_str bytes, size_t part, size_t limit)
{
    struct fc_header_watch watch = {0};
    bool fine = true;

    while (bytes.len > 0) {
        size_t size = bytes.len < part ? bytes.len : part;
        bool now = fc_header_watch_feed(&watch, bytes.ptr, size, limit);
        FUZZ_CHECK(fine || !now, "refused, and then taken");
        fine = now;
        bytes = (fc_str){bytes.ptr + size, bytes.len - size};
    }
    return fine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fc_str input = {.ptr = (const char *)data, .len = size};
    size_t part = fuzz_take(&input) + 1;
    bool fine = feed(input, SIZE_MAX, LIMIT);

    FUZZ_CHECK(fine == feed(input, part, LIMIT), "in parts of %zu it ends otherwise", part);
    FUZZ_CHECK(fine || !feed(input, part, LIMIT / 2), "a lower limit lets it pass");
    return 0;
}
