/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects are written in one request, or in parts that S3 puts together at the end: either way the object is there
 * whole, or as it was before.
 *
 *     small:  PUT
 *     large:  POST ?uploads -> PUT ?partNumber=1 … -> POST ?uploadId with the list of parts, or DELETE ?uploadId
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/url.h"
#include "worker/net/xml.h"
#include "worker/objects/s3.h"

/* Held in memory, so that it is signed and can be sent again. S3 wants 5 MiB at least. */
#define PART_BYTES ((int64_t)16 << 20)
/* S3's own bound. */
#define PARTS_MAX 10000

struct writing {
    struct fc_s3 *s3;
    const char *key;
    const char *what;
    int fd;
    char *part; /* PART_BYTES */
    char *upload_id;
    struct fc_buf list; /* of the parts, in XML */
};

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to write an object");
}

static fc_rc read_part(struct writing *w, int64_t offset, int64_t size, struct fc_error *err)
{
    int64_t have = 0;

    while (have < size) {
        ssize_t n = pread(w->fd, w->part + have, (size_t)(size - have), offset + have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fc_fail(err, FC_REASON_IO_FAILED, "%s: the file cannot be read: %s", w->what,
                           n < 0 ? strerror(errno) : "it has become shorter");
        have += n;
    }
    return FC_OK;
}

static fc_rc ask(struct writing *w, const char *method, const char *query, fc_str body,
                 struct fc_http_response *ret, struct fc_error *err)
{
    static const char *const headers[] = {"Content-Type: application/octet-stream", NULL};
    const struct fc_s3_request request = {.method = method,
                                          .key = w->key,
                                          .query = query,
                                          .headers = headers,
                                          .body = body,
                                          .what = w->what};

    return fc_s3_call(w->s3, &request, ret, err);
}

static fc_rc note_upload(void *ctx, const char *path, const char *text, struct fc_error *err)
{
    struct writing *w = ctx;

    if (strcmp(path, "InitiateMultipartUploadResult/UploadId") != 0)
        return FC_OK;
    free(w->upload_id);
    w->upload_id = strdup(text);
    return w->upload_id ? FC_OK : no_memory(err);
}

static fc_rc begin(struct writing *w, struct fc_error *err)
{
    struct fc_http_response response;

    fc_arena_reset(w->s3->store.env.scratch);
    fc_rc rc = ask(w, "POST", "uploads=", (fc_str){.len = 0}, &response, err);
    if (rc == FC_OK)
        rc = fc_xml_read(response.body, w->what, note_upload, w, err);
    if (rc == FC_OK && !w->upload_id)
        rc = fc_fail(err, FC_REASON_SOURCE_INVALID,
                     "%s: S3 began an upload and did not tell its id", w->what);
    return rc;
}

static fc_rc send_part(struct writing *w, unsigned number, int64_t offset, int64_t size,
                       struct fc_error *err)
{
    struct fc_buf query = FC_BUF_INIT;
    struct fc_http_response response;

    fc_arena_reset(w->s3->store.env.scratch);
    fc_buf_printf(&query, "partNumber=%u&uploadId=", number);
    fc_url_escape(&query, w->upload_id, "");
    fc_rc rc = query.failed ? no_memory(err) : read_part(w, offset, size, err);
    if (rc == FC_OK)
        rc = ask(w, "PUT", fc_buf_text(&query), (fc_str){.ptr = w->part, .len = (size_t)size},
                 &response, err);
    if (rc == FC_OK && !response.etag)
        rc = fc_fail(err, FC_REASON_SOURCE_INVALID, "%s: S3 took part %u without an ETag", w->what,
                     number);
    if (rc == FC_OK)
        fc_buf_printf(&w->list, "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>", number,
                      response.etag);
    fc_buf_done(&query);
    return rc;
}

/* S3 may find out that it failed after it has said 200: then the answer is an error in XML. */
static fc_rc put_together(struct writing *w, struct fc_error *err)
{
    struct fc_buf query = FC_BUF_INIT;
    struct fc_http_response response = {.status = 0};
    struct fc_s3_fault fault = {.code = NULL};

    fc_arena_reset(w->s3->store.env.scratch);
    fc_buf_puts(&w->list, "</CompleteMultipartUpload>");
    fc_buf_puts(&query, "uploadId=");
    fc_url_escape(&query, w->upload_id, "");
    fc_rc rc =
        query.failed || w->list.failed
            ? no_memory(err)
            : ask(w, "POST", fc_buf_text(&query),
                  (fc_str){.ptr = fc_buf_text(&w->list), .len = w->list.len}, &response, err);
    if (rc == FC_OK)
        fc_s3_fault(&response, w->s3->store.env.scratch, &fault);
    if (fault.code)
        rc = fc_s3_explain(w->s3, w->what, &response, &fault, true, err);
    fc_buf_done(&query);
    return rc;
}

/* Parts that nobody puts together cost as much as objects. Whoever may not remove them has a rule of the bucket. */
static void give_up(struct writing *w)
{
    struct fc_buf query = FC_BUF_INIT;
    struct fc_http_response response;
    struct fc_error why = FC_ERROR_INIT;

    fc_arena_reset(w->s3->store.env.scratch);
    fc_buf_puts(&query, "uploadId=");
    fc_url_escape(&query, w->upload_id, "");
    if (query.failed ||
        ask(w, "DELETE", fc_buf_text(&query), (fc_str){.len = 0}, &response, &why) != FC_OK)
        fc_log(FC_LOG_WARN, "parts of an object left behind", FC_LOG_STR("object", w->what),
               FC_LOG_ERR(&why));
    fc_buf_done(&query);
}

static fc_rc write_parts(struct writing *w, int64_t bytes, struct fc_error *err)
{
    fc_rc rc = begin(w, err);

    fc_buf_puts(&w->list, "<CompleteMultipartUpload>");
    for (int64_t at = 0; rc == FC_OK && at < bytes; at += PART_BYTES) {
        int64_t left = bytes - at;
        rc = send_part(w, (unsigned)(at / PART_BYTES) + 1, at,
                       left < PART_BYTES ? left : PART_BYTES, err);
    }
    if (rc == FC_OK)
        rc = put_together(w, err);
    if (rc != FC_OK && w->upload_id)
        give_up(w);
    return rc;
}

static fc_rc write_whole(struct writing *w, int64_t bytes, struct fc_error *err)
{
    struct fc_http_response response;

    fc_arena_reset(w->s3->store.env.scratch);
    fc_rc rc = read_part(w, 0, bytes, err);
    return rc == FC_OK
               ? ask(w, "PUT", "", (fc_str){.ptr = w->part, .len = (size_t)bytes}, &response, err)
               : rc;
}

fc_rc fc_s3_write(struct fc_store *store, const char *key, int fd, int64_t bytes,
                  struct fc_error *err)
{
    struct writing w = {.s3 = (struct fc_s3 *)store, .key = key, .fd = fd, .list = FC_BUF_INIT};

    w.what = fc_arena_printf(store->arena, "%s%s", store->root, key);
    w.part = malloc((size_t)PART_BYTES);
    fc_rc rc = w.what && w.part ? FC_OK : no_memory(err);
    if (rc == FC_OK && bytes > PARTS_MAX * PART_BYTES)
        rc = fc_fail(err, FC_REASON_SOURCE_UNSUPPORTED,
                     "%s: %" PRId64 " bytes are more than the %d parts of %" PRId64
                     " bytes that an object is written in",
                     w.what, bytes, PARTS_MAX, PART_BYTES);
    if (rc == FC_OK)
        rc = bytes <= PART_BYTES ? write_whole(&w, bytes, err) : write_parts(&w, bytes, err);
    fc_buf_done(&w.list);
    free(w.upload_id);
    free(w.part);
    return rc;
}

fc_rc fc_s3_remove(struct fc_store *store, const char *key, struct fc_error *err)
{
    struct fc_http_response response;

    fc_arena_reset(store->env.scratch);
    const char *what = fc_arena_printf(store->env.scratch, "%s%s", store->root, key);
    const struct fc_s3_request request = {
        .method = "DELETE", .key = key, .query = "", .what = what};
    return what ? fc_s3_call((struct fc_s3 *)store, &request, &response, err) : no_memory(err);
}
