/* SPDX-License-Identifier: Apache-2.0 */
#include "client/exit.h"

#include <stddef.h>

const struct fc_exit_info fc_exit_table[] = {
    {FC_EXIT_OK, "All went well."},
    {FC_EXIT_FINDING,
     "The command worked and found something: a source that does not fit, a job that failed."},
    {FC_EXIT_USAGE, "The command line is not understood, or a file it names cannot be read."},
    {FC_EXIT_NOT_FOUND, "What was asked for does not exist."},
    {FC_EXIT_CONFLICT,
     "It contradicts what is there: it exists already, or its project is archived."},
    {FC_EXIT_REFUSED, "A document, a rule or the source check refused it."},
    {FC_EXIT_DENIED, "Not permitted."},
    {FC_EXIT_UNAVAILABLE,
     "The server cannot be reached, is busy, or did not answer in time; try again."},
    {FC_EXIT_INTERNAL, "A fault in the program or the server."},
    {FC_EXIT_OK, NULL},
};

enum fc_exit fc_exit_of(const struct fc_error *err)
{
    switch (err->rc) {
    case FC_OK:
        return FC_EXIT_OK;
    case FC_NOT_FOUND:
        return FC_EXIT_NOT_FOUND;
    case FC_ALREADY_EXISTS:
    case FC_ABORTED:
        return FC_EXIT_CONFLICT;
    case FC_FAILED_PRECONDITION:
        return err->reason == FC_REASON_SOURCE_UNVERIFIED ? FC_EXIT_REFUSED : FC_EXIT_CONFLICT;
    case FC_INVALID_ARGUMENT:
        return err->reason == FC_REASON_USAGE || err->reason == FC_REASON_CONFIG_INVALID
                   ? FC_EXIT_USAGE
                   : FC_EXIT_REFUSED;
    case FC_OUT_OF_RANGE:
        return FC_EXIT_REFUSED;
    case FC_PERMISSION_DENIED:
    case FC_UNAUTHENTICATED:
        return FC_EXIT_DENIED;
    case FC_UNAVAILABLE:
    case FC_DEADLINE_EXCEEDED:
    case FC_RESOURCE_EXHAUSTED:
    case FC_CANCELLED:
        return FC_EXIT_UNAVAILABLE;
    case FC_UNIMPLEMENTED: /* asked for what this server does not offer, or has in a document */
        return err->reason == FC_REASON_SOURCE_UNSUPPORTED ? FC_EXIT_REFUSED : FC_EXIT_USAGE;
    case FC_UNKNOWN:
    case FC_INTERNAL:
    case FC_DATA_LOSS:
        break;
    }
    return FC_EXIT_INTERNAL;
}
