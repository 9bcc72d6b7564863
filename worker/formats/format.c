/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/formats/format.h"

static const struct fc_format_ops *const FORMATS[] = {&fc_format_avro, &fc_format_protobuf};

fc_rc fc_format_ops_for(const Feast__Core__StreamFormat *format, const struct fc_format_ops **ret,
                        struct fc_error *err)
{
    for (size_t i = 0; format && i < FC_ARRAY_LEN(FORMATS); i++) {
        if (FORMATS[i]->accepts(format)) {
            *ret = FORMATS[i];
            return FC_OK;
        }
    }
    return fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED,
                   "the format of the messages is not set, or not known to this version; it may be "
                   "avro_format or proto_format");
}
