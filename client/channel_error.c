/* SPDX-License-Identifier: Apache-2.0 */
#include "client/channel_error.h"

#include <stdio.h>
#include <string.h>

#include "base/pbcheck.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

/* A message of the type from bytes that we did not make; NULL when they are none. */
static void *unpack(const ProtobufCMessageDescriptor *type, fc_str bytes, struct fc_arena *arena)
{
    struct fc_error ignored = FC_ERROR_INIT;

    if (fc_pb_check(type, bytes, NULL, &ignored) != FC_OK)
        return NULL;
    return protobuf_c_message_unpack(type, fc_arena_allocator(arena), bytes.len,
                                     (const uint8_t *)bytes.ptr);
}

static bool is_type(const Google__Protobuf__Any *any, const char *name)
{
    const char *slash = strrchr(any->type_url, '/');

    return strcmp(slash ? slash + 1 : any->type_url, name) == 0;
}

static enum fc_reason known_reason(const char *word)
{
    enum fc_reason reason = fc_reason_from_word(word);

    return reason == FC_REASON_COUNT ? FC_REASON_NONE : reason;
}

static void take_info(const Google__Rpc__ErrorInfo *info, struct fc_channel_reply *ret,
                      struct fc_error *err)
{
    if (known_reason(info->reason) != FC_REASON_NONE)
        err->reason = known_reason(info->reason);
    for (size_t i = 0; i < info->n_metadata; i++) {
        const char *key = info->metadata[i]->key, *value = info->metadata[i]->value;
        if (strcmp(key, "request_id") == 0)
            ret->request_id = value;
        else if (strcmp(key, "retryable") == 0)
            err->retryable = strcmp(value, "true") == 0;
    }
}

static void take_violations(const Google__Rpc__BadRequest *request, struct fc_channel_reply *ret,
                            struct fc_error *err)
{
    for (size_t i = 0; i < request->n_field_violations; i++) {
        const Google__Rpc__BadRequest__FieldViolation *entry = request->field_violations[i];
        enum fc_reason reason = known_reason(entry->reason);
        fc_violations_add(&ret->violations, reason != FC_REASON_NONE ? reason : err->reason,
                          entry->field, "%s", entry->description);
    }
    if (request->n_field_violations > 0)
        snprintf(err->field, sizeof(err->field), "%s", request->field_violations[0]->field);
}

static bool take_details(fc_str details, struct fc_arena *arena, struct fc_channel_reply *ret,
                         struct fc_error *err)
{
    Google__Rpc__Status *status =
        details.len > 0 ? unpack(&google__rpc__status__descriptor, details, arena) : NULL;

    for (size_t i = 0; status && i < status->n_details; i++) {
        const Google__Protobuf__Any *any = status->details[i];
        fc_str value = {.ptr = (const char *)any->value.data, .len = any->value.len};
        Google__Rpc__ErrorInfo *info;
        Google__Rpc__BadRequest *request;

        if (is_type(any, "google.rpc.ErrorInfo")) {
            info = unpack(&google__rpc__error_info__descriptor, value, arena);
            if (info)
                take_info(info, ret, err);
        } else if (is_type(any, "google.rpc.BadRequest")) {
            request = unpack(&google__rpc__bad_request__descriptor, value, arena);
            if (request)
                take_violations(request, ret, err);
        }
    }
    return status != NULL;
}

/* For servers that name no reason of ours. */
static enum fc_reason general_reason(int code)
{
    switch (code) {
    case FC_CANCELLED:
        return FC_REASON_CANCELLED;
    case FC_INVALID_ARGUMENT:
    case FC_FAILED_PRECONDITION:
    case FC_OUT_OF_RANGE:
    case FC_ALREADY_EXISTS:
    case FC_NOT_FOUND:
        return FC_REASON_REQUEST_INVALID;
    case FC_DEADLINE_EXCEEDED:
        return FC_REASON_DEADLINE_EXCEEDED;
    case FC_RESOURCE_EXHAUSTED:
        return FC_REASON_REQUEST_TOO_LARGE;
    case FC_UNIMPLEMENTED:
        return FC_REASON_NOT_IMPLEMENTED;
    case FC_UNAVAILABLE:
        return FC_REASON_UNREACHABLE;
    default:
        return FC_REASON_INTERNAL;
    }
}

fc_rc fc_channel_error(const char *target, const struct fc_channel_request *request,
                       const struct fc_channel_status *status, struct fc_channel_reply *ret,
                       struct fc_error *err)
{
    enum fc_reason reason = general_reason(status->code);
    int length = (int)status->message.len;
    const char *text = status->message.ptr ? status->message.ptr : "";

    (void)fc_fail(err, reason, "%.*s", length, text);
    err->rc = (fc_rc)status->code;
    if (take_details(status->details, request->arena, ret, err))
        return err->rc;
    /* Made on our side, or by a proxy or a server without details: say what was tried. */
    if (reason == FC_REASON_UNREACHABLE)
        (void)fc_fail(err, reason, "cannot reach the server at %s: %.*s", target, length, text);
    else if (reason == FC_REASON_DEADLINE_EXCEEDED)
        (void)fc_fail(err, reason, "no answer from %s to %s within %.1f s", target, request->path,
                      (double)request->timeout_ns / 1e9);
    else if (status->message.len == 0)
        (void)fc_fail(err, reason, "%s answered %s to %s", target, fc_rc_name((fc_rc)status->code),
                      request->path);
    err->rc = (fc_rc)status->code;
    return err->rc;
}
