/* SPDX-License-Identifier: Apache-2.0 */
/** Between the files of the S3 store: s3.c (requests), s3_list.c, s3_write.c, s3_error.c. */
#pragma once

#include "worker/net/aws.h"
#include "worker/objects/fetch.h"

struct fc_s3 {
    struct fc_store store;
    const char *bucket;
    const char *region;
    const char *endpoint; /**< NULL for Amazon's own */
    bool path_style, anonymous;
};

/** One request to the bucket; `key` is not encoded, `query` is, "" for none. */
struct fc_s3_request {
    const char *method; /**< NULL for GET */
    const char *key, *query;
    const char *const *headers;
    struct fc_object *object;          /**< NULL: the answer is kept in memory */
    const struct fc_object_read *read; /**< of the object */
    fc_str body;
    const char *what;
};

/** Signs, sends, and follows the bucket to its region. The answer is a good one, else the error tells what S3 said. */
FC_MUST fc_rc fc_s3_call(struct fc_s3 *s3, const struct fc_s3_request *request,
                         struct fc_http_response *ret, struct fc_error *err);

fc_rc fc_s3_list(struct fc_store *store, const char *prefix, fc_object_fn fn, void *ctx,
                 struct fc_error *err);
fc_rc fc_s3_write(struct fc_store *store, const char *key, int fd, int64_t bytes,
                  struct fc_error *err);
fc_rc fc_s3_remove(struct fc_store *store, const char *key, struct fc_error *err);

/** What S3 said in an answer that is no good one. */
struct fc_s3_fault {
    const char *code, *message, *region, *server_time;
};
void fc_s3_fault(const struct fc_http_response *response, struct fc_arena *arena,
                 struct fc_s3_fault *ret);
fc_rc fc_s3_explain(const struct fc_s3 *s3, const char *what,
                    const struct fc_http_response *response, const struct fc_s3_fault *fault,
                    bool credentials, struct fc_error *err);
