/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/objects/fetch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

struct fetch {
    struct fc_store *store;
    struct fc_object *object;
    const struct fc_object_read *read;
    const char *version;
    bool begun;
    int64_t first, last; /* of the object, as the server says; last -1 when it does not */
    int64_t got;
};

static fc_rc changed(const struct fc_object *object, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_SOURCE_UNREACHABLE, "%s was changed while it was read",
                   object->name);
}

static fc_rc liar(const struct fetch *f, const char *found, struct fc_error *err)
{
    return fc_fail(err, FC_REASON_SOURCE_INVALID,
                   "%s: the server does not keep to ranges: it answers \"%.80s\" when %" PRId64
                   " bytes from %" PRId64 " are asked for",
                   f->object->name, found ? found : "no Content-Range", f->read->size,
                   f->read->first);
}

/* A number of decimal digits, and the character after it. */
static bool read_number(const char **at, char after, int64_t *ret)
{
    int64_t number = 0;
    const char *from = *at;

    for (; **at >= '0' && **at <= '9'; ++*at)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, **at - '0', &number))
            return false;
    if (*at == from || **at != after)
        return false;
    *at += after != '\0';
    *ret = number;
    return true;
}

/* "bytes 10-19/200" */
static bool read_range(const char *text, int64_t *ret_first, int64_t *ret_last, int64_t *ret_total)
{
    static const char unit[] = "bytes ";

    if (!text || strncmp(text, unit, sizeof(unit) - 1) != 0)
        return false;
    text += sizeof(unit) - 1;
    return read_number(&text, '-', ret_first) && read_number(&text, '/', ret_last) &&
           read_number(&text, '\0', ret_total);
}

/* What comes must be what was asked for. */
static fc_rc check_range(struct fetch *f, const struct fc_http_response *head, struct fc_error *err)
{
    const struct fc_object_read *read = f->read;
    int64_t first = 0, last = 0, total = 0;

    if (!read_range(head->content_range, &first, &last, &total) || last < first || total <= last)
        return liar(f, head->content_range, err);
    int64_t start = read->first >= 0          ? read->first
                    : total + read->first > 0 ? total + read->first
                                              : 0;
    int64_t end =
        read->first >= 0 && read->first + read->size < total ? read->first + read->size : total;
    if (f->object->bytes >= 0 && total != f->object->bytes)
        return changed(f->object, err);
    if (first != start || last != end - 1 ||
        (head->content_length >= 0 && head->content_length != last - first + 1))
        return liar(f, head->content_range, err);
    f->object->bytes = total;
    f->first = first;
    f->last = last;
    return FC_OK;
}

/* A server that knows no ranges sends all of it: good enough for what is small. */
static fc_rc check_whole(struct fetch *f, const struct fc_http_response *head, struct fc_error *err)
{
    if (head->content_length > FC_FETCH_WHOLE_MAX)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s: the server knows no ranges, and %" PRId64
                       " bytes are more than are read without",
                       f->object->name, head->content_length);
    if (f->object->bytes >= 0 && head->content_length >= 0 &&
        f->object->bytes != head->content_length)
        return changed(f->object, err);
    if (head->content_length >= 0)
        f->object->bytes = head->content_length;
    f->first = 0;
    f->last = head->content_length - 1;
    return FC_OK;
}

/* Weak tags say nothing about bytes. */
static fc_rc check_version(struct fetch *f, const struct fc_http_response *head,
                           struct fc_error *err)
{
    const char *version = fc_http_header(head, f->version);

    if (!version || strncmp(version, "W/", 2) == 0)
        return FC_OK;
    if (f->object->version)
        return strcmp(f->object->version, version) == 0 ? FC_OK : changed(f->object, err);
    f->object->version = fc_arena_strdup(f->store->arena, version);
    return f->object->version ? FC_OK
                              : fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for an object");
}

static fc_rc begin(struct fetch *f, const struct fc_http_response *head, struct fc_error *err)
{
    f->begun = true;
    fc_rc rc = check_version(f, head, err);
    if (rc == FC_OK)
        rc = head->status == 206 ? check_range(f, head, err) : check_whole(f, head, err);
    return rc;
}

static fc_rc take(void *ctx, const struct fc_http_response *head, int64_t offset, fc_str data,
                  struct fc_error *err)
{
    struct fetch *f = ctx;

    if (offset == 0) {
        fc_rc rc = begin(f, head, err);
        if (rc != FC_OK)
            return rc;
        f->got = 0;
    }
    f->got += (int64_t)data.len;
    if (f->last >= 0 && f->got > f->last - f->first + 1)
        return liar(f, head->content_range, err);
    if (f->got > FC_FETCH_WHOLE_MAX && head->status == 200)
        return fc_fail(err, FC_REASON_SOURCE_INVALID,
                       "%s: the server knows no ranges, and sends more than is read without",
                       f->object->name);
    return f->read->put(f->read->ctx, f->first + offset, data, err);
}

/* The answer is there; was it whole? */
static fc_rc end(struct fetch *f, const struct fc_http_response *response, struct fc_error *err)
{
    fc_rc rc = FC_OK;

    if (response->status == 412)
        return changed(f->object, err);
    if (response->status == 416) {
        const char *range = response->content_range;
        if (range && strcmp(range, "bytes */0") != 0 && f->object->bytes < 0)
            return liar(f, range, err);
        if (f->object->bytes > 0)
            return changed(f->object, err);
        f->object->bytes = 0; /* no range of nothing can be had */
        return FC_OK;
    }
    if (!fc_fetch_done(response))
        return FC_OK;
    if (!f->begun)
        rc = begin(f, response, err);
    if (rc == FC_OK && f->last < 0)
        f->object->bytes = f->got;
    if (rc == FC_OK && f->last >= 0 && f->got != f->last - f->first + 1)
        rc = fc_fail(err, FC_REASON_SOURCE_UNREACHABLE,
                     "%s: %" PRId64 " bytes came where %" PRId64 " were promised", f->object->name,
                     f->got, f->last - f->first + 1);
    return rc;
}

fc_rc fc_fetch(struct fc_store *store, struct fc_object *object, const struct fc_object_read *read,
               const struct fc_http_request *request, const char *version,
               struct fc_http_response *ret, struct fc_error *err)
{
    struct fetch f = {
        .store = store, .object = object, .read = read, .version = version, .last = -1};
    struct fc_http_request ranged = *request;

    ranged.range_first = read->first;
    ranged.range_size = read->size;
    ranged.on_body = take;
    ranged.ctx = &f;
    ranged.what = object->name;
    fc_rc rc = fc_http_call(store->env.http, &ranged, store->env.scratch, ret, err);
    return rc == FC_OK ? end(&f, ret, err) : rc;
}
