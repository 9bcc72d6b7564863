/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "tools/gendocs/pages.h"

static const char intro[] =
    "# Errors\n"
    "\n"
    "An error has a gRPC code, a message for people and a reason: a word that stays what it is\n"
    "from release to release. Programs find the reason in the trailer `grpc-status-details-bin`,\n"
    "a `google.rpc.Status` with\n"
    "\n"
    "- `google.rpc.ErrorInfo`: `reason`, `domain` `feast-core`, and as metadata `request_id` and\n"
    "  `retryable`;\n"
    "- `google.rpc.BadRequest`: one violation a mistake, with the path of the field in the "
    "request.\n"
    "  All mistakes of a request are told at once, as many as fit into 8 KiB; ErrorInfo counts "
    "the\n"
    "  rest as `violations_left_out`. Then code and reason are those of the first one.\n"
    "\n"
    "\"Again\" says whether the same request may succeed later without a change of it. The code "
    "is\n"
    "the one that a reason has by itself; a call may return another one where this reference says\n"
    "so.\n"
    "\n"
    "| Reason | Code | Again | Meaning | What to do |\n"
    "|---|---|---|---|---|\n";

void page_errors(FILE *out)
{
    (void)fputs(intro, out);
    for (int i = FC_REASON_NONE + 1; i < FC_REASON_COUNT; i++) {
        const struct fc_reason_info *info = fc_reason_info((enum fc_reason)i);
        (void)fprintf(out, "| `%s` | %s | %s | %s | %s |\n", info->word, fc_rc_name(info->rc),
                      info->retryable ? "yes" : "no", info->meaning, info->remedy);
    }
}
