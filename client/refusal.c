/* SPDX-License-Identifier: Apache-2.0 */
#include "client/refusal.h"

#include <string.h>

/* The status message without the violations that it repeats: they follow, a line each. */
static void headline(const struct fc_error *err, const struct fc_violations *violations, char *out,
                     size_t size)
{
    const char *first =
        violations->count > 1 ? strstr(err->message, violations->items[0].message) : NULL;
    size_t len = first ? (size_t)(first - err->message) : strlen(err->message);

    while (len > 0 && strchr(": ;", err->message[len - 1]))
        len--;
    if (first && len == 0)
        snprintf(out, size, "%zu violations", violations->count);
    else
        snprintf(out, size, "%.*s", (int)len, err->message);
}

/* What to do with this program; of other reasons the message says what was expected, and a remedy would be idle. */
static const char *hint(const struct fc_error *err)
{
    switch (err->reason) {
    case FC_REASON_SOURCE_MISMATCH:
        return "correct the table or the source; --validation=warn registers it as it is";
    case FC_REASON_SOURCE_UNVERIFIED:
        return "make the source readable for the server; --validation=enforce registers the table "
               "unverified, and applying it again looks again";
    case FC_REASON_ENTITY_UNKNOWN:
        return "apply the entities first, or in the same command";
    case FC_REASON_ENTITY_TYPE_CHANGED:
    case FC_REASON_PROJECT_ARCHIVED:
        return fc_reason_info(err->reason)->remedy;
    default:
        return NULL;
    }
}

enum fc_exit fc_refusal_print(struct fc_cli *cli, const struct fc_doc *doc,
                              const struct fc_call *call, const struct fc_error *err)
{
    const struct fc_violations *violations = &call->reply.violations;
    struct fc_error shown = *err;
    enum fc_exit code = fc_exit_of(err);
    char text[sizeof(err->message)];

    if (code == FC_EXIT_UNAVAILABLE || code == FC_EXIT_INTERNAL || code == FC_EXIT_DENIED)
        return fc_client_fail(cli, call, err);
    if (code == FC_EXIT_USAGE)
        code =
            FC_EXIT_REFUSED; /* what the server does not offer was asked for by a document, not by a flag */
    headline(err, violations, text, sizeof(text));
    snprintf(shown.message, sizeof(shown.message), "%s/%s: %.900s", fc_doc_word(doc->kind),
             doc->name, text);
    (void)fc_cli_fail(cli, &shown);
    for (size_t i = 0; i < violations->count; i++) {
        const struct fc_node *at = fc_doc_locate(doc, violations->items[i].field);
        fprintf(cli->err, "  %s:%u:%u: %s\n", doc->file, at->line, at->column,
                violations->count > 1 ? violations->items[i].message : violations->items[i].field);
    }
    if (violations->count == 0)
        fprintf(cli->err, "  %s:%u:%u\n", doc->file, doc->node->line, doc->node->column);
    if (hint(err))
        fprintf(cli->err, "  hint: %s\n", hint(err));
    return code;
}
