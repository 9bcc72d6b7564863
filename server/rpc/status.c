/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as gRPC sends them: code, message and grpc-status-details-bin.
 *
 * Clients on the C core drop an answer whose trailers are over 8 KiB, counted decoded but with 32 bytes an entry; on the
 * wire the message is percent-encoded and the details are base64. We stay below with the larger of both counts. The
 * message stands twice, since grpc-status of Python refuses details whose message differs from the status.
 */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "server/rpc/internal.h"

#define TRAILER_BUDGET ((size_t)7600)
#define MESSAGE_BUDGET ((size_t)3000)
#define SCRATCH_BYTES  ((size_t)256 * 1024)
#define CUT            " ... (cut)"

static size_t encoded_char(unsigned char c)
{
    return c < 0x20 || c > 0x7e || c == '%' ? 3 : 1;
}

static size_t percent_encoded(const char *text, size_t length)
{
    size_t size = 0;

    for (size_t i = 0; i < length; i++)
        size += encoded_char((unsigned char)text[i]);
    return size;
}

/* The part of the message that fits: whole characters of UTF-8, since protobuf clients refuse anything else. */
static size_t fitting(const char *text, size_t length)
{
    size_t size = 0, end = 0;

    length = fc_utf8_valid_prefix(text, length);
    while (end < length && size + encoded_char((unsigned char)text[end]) <= MESSAGE_BUDGET) {
        size += encoded_char((unsigned char)text[end]);
        end++;
    }
    while (end > 0 && end < length && ((unsigned char)text[end] & 0xc0) == 0x80)
        end--;
    return end;
}

static const char *cut_message(const struct fc_error *err, char *buffer, size_t size)
{
    size_t length = strlen(err->message), end = fitting(err->message, length);

    snprintf(buffer, size, "%.*s%s", (int)end, err->message, end < length ? CUT : "");
    return buffer;
}

static Google__Protobuf__Any *pack_any(struct fc_arena *arena, const char *url,
                                       const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    Google__Protobuf__Any *any = fc_arena_alloc(arena, sizeof *any);
    uint8_t *value = fc_arena_alloc(arena, size);

    if (!any || !value)
        return NULL;
    google__protobuf__any__init(any);
    any->type_url = (char *)url;
    any->value =
        (ProtobufCBinaryData){.len = protobuf_c_message_pack(message, value), .data = value};
    return any;
}

static Google__Protobuf__Any *error_info(const struct fc_rpc_call *call, const struct fc_error *err,
                                         size_t left_out, struct fc_arena *arena)
{
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    Google__Rpc__ErrorInfo__MetadataEntry entries[3], *pointers[3];
    char count[24];
    size_t n = 0;

    for (size_t i = 0; i < FC_ARRAY_LEN(entries); i++) {
        google__rpc__error_info__metadata_entry__init(&entries[i]);
        pointers[i] = &entries[i];
    }
    entries[n].key = (char *)"request_id";
    entries[n++].value = (char *)fc_rpc_request_id(call);
    entries[n].key = (char *)"retryable";
    entries[n++].value = (char *)(err->retryable ? "true" : "false");
    if (left_out > 0) {
        snprintf(count, sizeof(count), "%zu", left_out);
        entries[n].key = (char *)"violations_left_out";
        entries[n++].value = count;
    }
    info.reason = (char *)fc_reason_info(err->reason)->word;
    info.domain = (char *)"feast-core";
    info.metadata = pointers;
    info.n_metadata = n;
    return pack_any(arena, "type.googleapis.com/google.rpc.ErrorInfo", &info.base);
}

/* Without bytes that are not UTF-8, since one would make the whole details unreadable. */
static char *text_of(const char *text, struct fc_arena *arena)
{
    size_t length = strlen(text), valid = fc_utf8_valid_prefix(text, length);
    char *copy = valid == length ? (char *)text : fc_arena_strndup(arena, text, valid);

    return copy ? copy : (char *)"";
}

/* As many violations as fit into `budget` bytes; the error's own field when there is no list. */
static size_t fill_violations(Google__Rpc__BadRequest *request, const struct fc_error *err,
                              const struct fc_violations *violations, size_t budget,
                              struct fc_arena *arena)
{
    struct fc_violation own = {.reason = err->reason, .field = err->field, .message = err->message};
    const struct fc_violation *items =
        violations && violations->count > 0 ? violations->items : &own;
    size_t count = items == &own ? (err->field[0] ? 1 : 0) : violations->count, size = 0;

    request->field_violations = fc_arena_calloc(arena, count, sizeof *request->field_violations);
    if (!request->field_violations)
        return count;
    for (size_t i = 0; i < count; i++) {
        Google__Rpc__BadRequest__FieldViolation *entry = fc_arena_alloc(arena, sizeof *entry);
        if (!entry)
            return count - i;
        google__rpc__bad_request__field_violation__init(entry);
        entry->field = text_of(items[i].field, arena);
        entry->description = text_of(items[i].message, arena);
        entry->reason = (char *)fc_reason_info(items[i].reason)->word;
        /* tag and length around each */
        size += protobuf_c_message_get_packed_size(&entry->base) + 4;
        if (size > budget)
            return count - i;
        request->field_violations[request->n_field_violations++] = entry;
    }
    return 0;
}

/* The serialized google.rpc.Status, at most `budget` bytes; its length, or 0 when it cannot be made. */
static size_t make_details(const struct fc_rpc_call *call, const struct fc_error *err,
                           const char *message, const struct fc_violations *violations,
                           size_t budget, struct fc_arena *arena, uint8_t **ret)
{
    enum { FRAME = 400 }; /* ErrorInfo, the urls, tags and lengths */
    Google__Rpc__BadRequest request = GOOGLE__RPC__BAD_REQUEST__INIT;
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    Google__Protobuf__Any *details[2];
    size_t fixed = strlen(message) + FRAME, left_out, size;

    left_out =
        fill_violations(&request, err, violations, budget > fixed ? budget - fixed : 0, arena);
    status.code = (int32_t)err->rc;
    status.message = (char *)message;
    status.details = details;
    details[status.n_details] = error_info(call, err, left_out, arena);
    if (!details[status.n_details++])
        return 0;
    if (request.n_field_violations > 0) {
        details[status.n_details] =
            pack_any(arena, "type.googleapis.com/google.rpc.BadRequest", &request.base);
        if (!details[status.n_details++])
            return 0;
    }
    size = google__rpc__status__get_packed_size(&status);
    *ret = size <= budget ? fc_arena_alloc(arena, size) : NULL;
    return *ret ? google__rpc__status__pack(&status, *ret) : 0;
}

static size_t trailer_bytes(const struct fc_rpc_call *call)
{
    size_t size = 0;

    for (size_t i = 0; i < call->trailer_count; i++)
        size += GRPC_SLICE_LENGTH(call->trailers[i].key) +
                GRPC_SLICE_LENGTH(call->trailers[i].value) + 32;
    return size;
}

void fc_status_set(struct fc_rpc_call *call, const struct fc_error *err,
                   const struct fc_violations *violations)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *scratch = NULL;
    char buffer[sizeof(err->message) + sizeof(CUT)];
    const char *message = cut_message(err, buffer, sizeof(buffer));
    size_t used = percent_encoded(message, strlen(message)) + trailer_bytes(call), room, size = 0;
    uint8_t *details = NULL;
    struct fc_error late;

    /* Both sides notice a deadline; whichever is first, the client shall hear of a deadline. */
    if (err->rc == FC_CANCELLED &&
        fc_monotonic_ns(call->server->options.sys) >= call->deadline_ns) {
        late = *err;
        late.rc = FC_DEADLINE_EXCEEDED;
        late.reason = FC_REASON_DEADLINE_EXCEEDED;
        err = &late;
    }
    call->code = err->rc == FC_OK ? FC_INTERNAL : err->rc;
    call->reason = err->reason;
    call->status_text = grpc_slice_from_copied_string(message);
    call->has_status_text = true;
    /* Of its own: that of the call may be what ran out. Without details the status still says all a person needs. */
    scratch = fc_arena_new(SCRATCH_BYTES);
    room = used < TRAILER_BUDGET ? (TRAILER_BUDGET - used) / 4 * 3 : 0; /* before base64 */
    if (scratch)
        size = make_details(call, err, message, violations, room, scratch, &details);
    if (size == 0)
        return;
    call->trailers[call->trailer_count++] =
        (grpc_metadata){.key = grpc_slice_from_static_string("grpc-status-details-bin"),
                        .value = grpc_slice_from_copied_buffer((const char *)details, size)};
}
