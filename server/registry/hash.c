/* SPDX-License-Identifier: Apache-2.0 */
#include "server/registry/hash.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/murmur3.h"
#include "server/registry/canonical.h"
#include "server/registry/encode.h"

static void to_hex(const unsigned char *bytes, size_t size, char *ret)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 0xf];
    }
    ret[2 * size] = '\0';
}

bool fc_table_hash(struct fc_arena *arena, const Feast__Core__FeatureTableSpec *spec,
                   char ret[FC_TABLE_HASH_SIZE])
{
    Feast__Core__FeatureTableSpec canonical;
    Feast__Core__FeatureTableSpec part = FEAST__CORE__FEATURE_TABLE_SPEC__INIT;
    Feast__Core__DataSource no_stream = FEAST__CORE__DATA_SOURCE__INIT;
    fc_str bytes;

    if (!fc_table_canonical(arena, spec, &canonical))
        return false;
    part.n_entities = canonical.n_entities;
    part.entities = canonical.entities;
    part.n_features = canonical.n_features;
    part.features = canonical.features;
    part.max_age = canonical.max_age;
    part.batch_source = canonical.batch_source;
    part.stream_source = canonical.stream_source ? canonical.stream_source : &no_stream;
    if (!fc_encode(arena, &part.base, &bytes))
        return false;
    uint32_t value = fc_murmur3_32(bytes.ptr, bytes.len, 0);
    unsigned char low_first[4];
    for (size_t i = 0; i < sizeof low_first; i++)
        low_first[i] = (unsigned char)(value >> (8 * i));
    to_hex(low_first, sizeof low_first, ret);
    return true;
}

fc_rc fc_job_hash(struct fc_arena *arena, const char *project,
                  const Feast__Core__FeatureTableSpec *spec, const struct fc_entity_type *entities,
                  size_t entity_count, const Feast__Core__DataSource *source,
                  char ret[FC_JOB_HASH_SIZE], struct fc_error *err)
{
    const char *text = fc_job_identity(arena, project, spec, entities, entity_count, source);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (!text) {
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE,
                       "Feature table \"%s\": the definition is too large to be hashed",
                       spec->name);
    }
    /* MD5 is what the peers use as a fingerprint; nothing secret hangs on it. */
    if (EVP_Digest(text, strlen(text), digest, &size, EVP_md5(), NULL) != 1 || size != 16) {
        return fc_fail(err, FC_REASON_INTERNAL,
                       "Feature table \"%s\": OpenSSL of this machine has no MD5, which the "
                       "identity of jobs needs",
                       spec->name);
    }
    to_hex(digest, size, ret);
    return FC_OK;
}
