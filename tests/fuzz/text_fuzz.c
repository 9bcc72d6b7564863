/* SPDX-License-Identifier: Apache-2.0 */
/* Input: one byte that picks a parser of short texts, then the text. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/sys.h"
#include "base/time.h"
#include "base/utf8.h"
#include "server/address.h"

static void read_time(const char *text)
{
    char shown[FC_TIME_TEXT_MAX];
    int64_t seconds, again_seconds;
    int32_t nanos, again_nanos;

    if (!fc_time_parse(text, &seconds, &nanos))
        return;
    FUZZ_CHECK(nanos >= 0 && nanos < FC_NS_PER_S, "%d ns", nanos);
    fc_time_format(seconds, nanos, shown);
    /* An offset may lead out of the four-digit years, which is a time all the same. */
    if (seconds < -INT64_C(62135596800) || seconds >= INT64_C(253402300800))
        return;
    FUZZ_CHECK(fc_time_parse(shown, &again_seconds, &again_nanos), "%s is not read back", shown);
    FUZZ_CHECK(seconds == again_seconds && nanos == again_nanos, "%s is another time", shown);
}

static void read_quantities(const char *text)
{
    int64_t value;

    if (fc_duration_parse(text, &value))
        FUZZ_CHECK(value >= 0, "%s is negative", text);
    if (fc_bytes_parse(text, &value))
        FUZZ_CHECK(value >= 0, "%s is negative", text);
}

static void read_address(const char *text)
{
    struct fc_error err = FC_ERROR_INIT;
    char with_port[512];
    bool loopback = fc_address_is_loopback(text);

    if (fc_address_check(text, &err) != FC_OK) {
        FUZZ_CHECK(err.message[0] != '\0', "a refusal without words");
        return;
    }
    fc_address_with_port(text, 65535, with_port, sizeof(with_port));
    if (strlen(text) + sizeof(":65535") < sizeof(with_port))
        FUZZ_CHECK(loopback == fc_address_is_loopback(with_port), "%s is %s", text, with_port);
}

static void read_utf8(fc_str bytes)
{
    size_t valid = fc_utf8_valid_prefix(bytes.ptr, bytes.len);

    FUZZ_CHECK(valid <= bytes.len, "%zu of %zu", valid, bytes.len);
    FUZZ_CHECK(fc_utf8_valid(bytes.ptr, valid), "the valid prefix of %zu bytes is not valid",
               valid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fuzz_arena(1 << 20);
    fc_str bytes = {.ptr = (const char *)data, .len = size < 4096 ? size : 4096};
    unsigned parser = fuzz_take(&bytes) % 4;
    const char *text = fc_arena_strndup(arena, bytes.ptr, bytes.len);

    FUZZ_CHECK(text != NULL, "out of memory");
    if (parser == 0)
        read_time(text);
    else if (parser == 1)
        read_quantities(text);
    else if (parser == 2)
        read_address(text);
    else
        read_utf8(bytes);
    return 0;
}
