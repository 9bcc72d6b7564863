/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v1 and v1alpha have the same wire and differ in the path alone: one handler with the types of v1 serves both.
 */
#include "server/rpc/reflection.h"

#include <stdlib.h>
#include <string.h>

#include "grpc/reflection/v1/reflection.pb-c.h"
#include "server/rpc/reflection_index.h"

typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
typedef Grpc__Reflection__V1__ServerReflectionResponse Response;

#define ASKS(what)    GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##what
#define ANSWERS(what) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##what

struct fc_reflection {
    struct fc_reflection_index index;
    Grpc__Reflection__V1__ServiceResponse *services;
    Grpc__Reflection__V1__ServiceResponse **pointers;
    size_t service_count;
};

static void answer_error(Response *response, Grpc__Reflection__V1__ErrorResponse *error, fc_rc code,
                         const char *text)
{
    grpc__reflection__v1__error_response__init(error);
    error->error_code = (int32_t)code;
    error->error_message = (char *)(text ? text : "");
    response->message_response_case = ANSWERS(ERROR_RESPONSE);
    response->error_response = error;
}

/* The file and all that it imports, each once, so that a client need not ask again. */
static void gather(const struct fc_reflection_index *index, const struct fc_reflection_file *file,
                   bool *seen, Grpc__Reflection__V1__FileDescriptorResponse *files)
{
    if (seen[file - index->files])
        return;
    seen[file - index->files] = true;
    files->file_descriptor_proto[files->n_file_descriptor_proto++] =
        (ProtobufCBinaryData){.len = file->bytes.len, .data = (uint8_t *)file->bytes.ptr};
    for (size_t i = 0; i < file->need_count; i++)
        gather(index, &index->files[file->needs[i]], seen, files);
}

static void answer_file(const struct fc_reflection *reflection, struct fc_arena *arena,
                        const struct fc_reflection_file *file, const char *wanted,
                        Response *response, Grpc__Reflection__V1__ErrorResponse *error)
{
    const struct fc_reflection_index *index = &reflection->index;
    Grpc__Reflection__V1__FileDescriptorResponse *files = fc_arena_alloc(arena, sizeof *files);
    ProtobufCBinaryData *list = fc_arena_calloc(arena, index->file_count, sizeof *list);
    bool *seen = fc_arena_calloc(arena, index->file_count, sizeof *seen);

    if (!file) {
        answer_error(response, error, FC_NOT_FOUND,
                     fc_arena_printf(arena, "this server knows no \"%s\"", wanted));
        return;
    }
    if (!files || !list || !seen) {
        answer_error(response, error, FC_RESOURCE_EXHAUSTED, "no memory for the answer");
        return;
    }
    grpc__reflection__v1__file_descriptor_response__init(files);
    files->file_descriptor_proto = list;
    gather(index, file, seen, files);
    response->message_response_case = ANSWERS(FILE_DESCRIPTOR_RESPONSE);
    response->file_descriptor_response = files;
}

/* proto3 has no extensions to speak of, and none of our messages is extended. */
static void answer_extension(const struct fc_reflection *reflection, struct fc_arena *arena,
                             const char *type, Response *response,
                             Grpc__Reflection__V1__ErrorResponse *error)
{
    char *text = fc_reflection_file_of(&reflection->index, type)
                     ? fc_arena_printf(arena, "\"%s\" has no extensions", type)
                     : fc_arena_printf(arena, "this server knows no \"%s\"", type);

    answer_error(response, error, FC_NOT_FOUND, text);
}

static void ask(struct fc_rpc_call *call, void *ctx, const ProtobufCMessage *message)
{
    const struct fc_reflection *reflection = ctx;
    const Request *request = (const Request *)message;
    Response response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    Grpc__Reflection__V1__ListServiceResponse services =
        GRPC__REFLECTION__V1__LIST_SERVICE_RESPONSE__INIT;
    Grpc__Reflection__V1__ErrorResponse error;
    struct fc_arena *arena = fc_rpc_arena(call);

    if (!request) { /* the client is done */
        fc_rpc_stream_end(call, NULL);
        return;
    }
    response.valid_host = request->host;
    response.original_request = (Request *)request;
    switch (request->message_request_case) {
    case ASKS(FILE_BY_FILENAME):
        answer_file(reflection, arena,
                    fc_reflection_file_named(&reflection->index, request->file_by_filename),
                    request->file_by_filename, &response, &error);
        break;
    case ASKS(FILE_CONTAINING_SYMBOL):
        answer_file(reflection, arena,
                    fc_reflection_file_of(&reflection->index, request->file_containing_symbol),
                    request->file_containing_symbol, &response, &error);
        break;
    case ASKS(FILE_CONTAINING_EXTENSION):
        answer_extension(reflection, arena, request->file_containing_extension->containing_type,
                         &response, &error);
        break;
    case ASKS(ALL_EXTENSION_NUMBERS_OF_TYPE):
        answer_extension(reflection, arena, request->all_extension_numbers_of_type, &response,
                         &error);
        break;
    case ASKS(LIST_SERVICES):
        services.service = reflection->pointers;
        services.n_service = reflection->service_count;
        response.message_response_case = ANSWERS(LIST_SERVICES_RESPONSE);
        response.list_services_response = &services;
        break;
    default:
        answer_error(&response, &error, FC_INVALID_ARGUMENT, "the request asks nothing");
        break;
    }
    (void)fc_rpc_stream_send(
        call, &response.base); /* when the stream is over, the next call of ours says so */
}

static bool copy_services(struct fc_reflection *reflection, const char *const *names, size_t count)
{
    reflection->services = calloc(count + 1, sizeof *reflection->services);
    reflection->pointers = calloc(count + 1, sizeof *reflection->pointers);
    if (!reflection->services || !reflection->pointers)
        return false;
    for (size_t i = 0; i < count; i++) {
        grpc__reflection__v1__service_response__init(&reflection->services[i]);
        reflection->services[i].name = strdup(names[i]);
        if (!reflection->services[i].name)
            return false;
        reflection->pointers[i] = &reflection->services[i];
        reflection->service_count++;
    }
    return true;
}

fc_rc fc_reflection_new(struct fc_rpc_server *server, fc_str descriptor_set,
                        const char *const *services, size_t count, struct fc_reflection **ret,
                        struct fc_error *err)
{
    FC_CLEANUP(fc_reflection_freep)
    struct fc_reflection *reflection = calloc(1, sizeof *reflection);
    struct fc_rpc_method methods[2] = {
        {.path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
         .kind = FC_RPC_BIDI_STREAM,
         .request = &grpc__reflection__v1__server_reflection_request__descriptor,
         .response = &grpc__reflection__v1__server_reflection_response__descriptor,
         .handler = ask,
         .ctx = reflection},
    };
    fc_rc rc;

    if (!reflection || !copy_services(reflection, services, count))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for server reflection");
    rc = fc_reflection_index_init(&reflection->index, descriptor_set, err);
    if (rc != FC_OK)
        return rc;
    methods[1] = methods[0];
    methods[1].path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
    rc = fc_rpc_server_add(server, methods, FC_ARRAY_LEN(methods), err);
    if (rc != FC_OK)
        return rc;
    *ret = fc_steal(reflection);
    return FC_OK;
}

void fc_reflection_free(struct fc_reflection *reflection)
{
    if (!reflection)
        return;
    for (size_t i = 0; i < reflection->service_count; i++)
        free(reflection->services[i].name);
    free(reflection->services);
    free(reflection->pointers);
    fc_reflection_index_done(&reflection->index);
    free(reflection);
}
