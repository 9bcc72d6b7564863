/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: what stands between the mark and the digest of a record of the Kinesis Producer Library, as anyone who may
 * write to a stream can make it. Every piece given out lies within the record.
 */
#include "tests/fuzz/fuzz.h"

#include <openssl/evp.h>

#include "worker/sources/kpl.h"

static fc_rc take(void *ctx, fc_str key, fc_str data, struct fc_error *err)
{
    const struct fc_buf *record = ctx;
    const fc_str parts[] = {key, data};

    (void)err;
    for (size_t i = 0; i < FC_ARRAY_LEN(parts); i++)
        FUZZ_CHECK(parts[i].len == 0 || (parts[i].ptr >= record->ptr &&
                                         parts[i].ptr + parts[i].len <= record->ptr + record->len),
                   "a piece lies outside of the record");
    return FC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf record = FC_BUF_INIT;
    struct fc_error err = FC_ERROR_INIT;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;

    fc_buf_append(&record, "\xf3\x89\x9a\xc2", 4);
    fc_buf_append(&record, data, size);
    FUZZ_CHECK(EVP_Digest(data, size, digest, &digest_size, EVP_md5(), NULL) == 1, "no MD5");
    fc_buf_append(&record, digest, digest_size);
    const fc_str bytes = {.ptr = record.ptr, .len = record.len};
    FUZZ_CHECK(fc_kpl_is(bytes) == (size > 0), "not taken for what it is");
    if (size == 0)
        return 0;
    fc_rc rc = fc_kpl_read(bytes, take, &record, &err);
    FUZZ_CHECK(rc == FC_OK || err.reason == FC_REASON_SOURCE_INVALID, "%s", err.message);
    return 0;
}
