/* SPDX-License-Identifier: Apache-2.0 */
/* ListObjectsV2, page by page. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/url.h"
#include "worker/net/xml.h"
#include "worker/objects/s3.h"

struct page {
    struct fc_s3 *s3;
    struct fc_arena *arena;
    fc_object_fn fn;
    void *ctx;
    struct fc_object object; /* the one being read */
    bool escaped;            /* keys are percent-encoded; told before or after them */
    bool truncated, stop;
    const char *next;
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* As S3 escapes keys when asked for encoding-type=url: a plus is a blank. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *at = text; *at; at++) {
        if (*at == '%' && hex_digit(at[1]) >= 0 && hex_digit(at[2]) >= 0) {
            *to++ = (char)(hex_digit(at[1]) * 16 + hex_digit(at[2]));
            at += 2;
        } else {
            *to++ = *at == '+' ? ' ' : *at;
        }
    }
    *to = '\0';
}

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "the listing needs more memory than it may have");
}

static fc_rc end_object(struct page *page, struct fc_error *err)
{
    struct fc_object *object = &page->object;

    if (!object->key || page->stop)
        return FC_OK;
    object->name = fc_arena_printf(page->arena, "%s%s", page->s3->store.root, object->key);
    if (!object->name)
        return no_memory(err);
    fc_rc rc = page->fn(page->ctx, object, &page->stop, err);
    *object = (struct fc_object){.bytes = -1};
    return rc;
}

static fc_rc read_element(void *ctx, const char *path, const char *text, struct fc_error *err)
{
    struct page *page = ctx;
    char *copy = NULL;

    if (strcmp(path, "ListBucketResult/Contents") == 0)
        return end_object(page, err);
    if (strcmp(path, "ListBucketResult/IsTruncated") == 0)
        page->truncated = strcmp(text, "true") == 0;
    else if (strcmp(path, "ListBucketResult/Contents/Size") == 0)
        page->object.bytes = strtoll(text, NULL, 10);
    else if (strcmp(path, "ListBucketResult/Contents/Key") == 0 ||
             strcmp(path, "ListBucketResult/Contents/ETag") == 0 ||
             strcmp(path, "ListBucketResult/NextContinuationToken") == 0) {
        copy = fc_arena_strdup(page->arena, text);
        if (!copy)
            return no_memory(err);
        if (strcmp(path, "ListBucketResult/Contents/ETag") == 0) {
            page->object.version = copy;
        } else if (strcmp(path, "ListBucketResult/NextContinuationToken") == 0) {
            page->next = copy;
        } else {
            if (page->escaped)
                unescape(copy);
            page->object.key = copy;
        }
    }
    return FC_OK;
}

static fc_rc list_page(struct page *page, const char *prefix, const char *token, const char *what,
                       struct fc_error *err)
{
    struct fc_buf query = FC_BUF_INIT;
    struct fc_http_response response = {.status = 0};

    fc_buf_puts(&query, "list-type=2&encoding-type=url&max-keys=1000");
    if (token) {
        fc_buf_puts(&query, "&continuation-token=");
        fc_url_escape(&query, token, "");
    }
    fc_buf_puts(&query, "&prefix=");
    fc_url_escape(&query, prefix, "");
    const struct fc_s3_request request = {.key = "", .query = fc_buf_text(&query), .what = what};
    fc_rc rc = query.failed ? no_memory(err) : fc_s3_call(page->s3, &request, &response, err);
    /* Servers that do not know the parameter do not repeat it. */
    page->escaped = rc == FC_OK && memmem(response.body.ptr, response.body.len,
                                          "<EncodingType>url</EncodingType>", 32);
    if (rc == FC_OK)
        rc = fc_xml_read(response.body, what, read_element, page, err);
    fc_buf_done(&query);
    return rc;
}

fc_rc fc_s3_list(struct fc_store *store, const char *prefix, fc_object_fn fn, void *ctx,
                 struct fc_error *err)
{
    struct fc_arena *scratch = store->env.scratch;
    struct fc_buf token = FC_BUF_INIT;
    bool more = true;
    fc_rc rc = FC_OK;

    while (rc == FC_OK && more) {
        struct page page = {.s3 = (struct fc_s3 *)store,
                            .arena = scratch,
                            .fn = fn,
                            .ctx = ctx,
                            .object = {.bytes = -1}};
        fc_arena_reset(scratch);
        const char *what = fc_arena_printf(scratch, "%s%s", store->root, prefix);
        rc = what ? list_page(&page, prefix, token.len ? fc_buf_text(&token) : NULL, what, err)
                  : no_memory(err);
        more = rc == FC_OK && page.truncated && !page.stop;
        fc_buf_clear(&token);
        if (more && (!page.next || page.next[0] == '\0'))
            rc = fc_fail(err, FC_REASON_SOURCE_INVALID,
                         "%s: the listing is cut and does not tell how it goes on", what);
        else if (more)
            fc_buf_puts(&token, page.next);
        if (rc == FC_OK && token.failed)
            rc = no_memory(err);
    }
    fc_buf_done(&token);
    return rc;
}
