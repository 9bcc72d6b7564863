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

/* A remedy that fits every case of the reason says little about rules: their messages say what was expected. */
static bool wants_hint(const struct fc_error *err)
{
    switch (err->reason) {
    case FC_REASON_SOURCE_MISMATCH:
    case FC_REASON_SOURCE_UNVERIFIED:
    case FC_REASON_ENTITY_UNKNOWN:
    case FC_REASON_ENTITY_TYPE_CHANGED:
    case FC_REASON_PROJECT_ARCHIVED:
    case FC_REASON_STORE_UNAVAILABLE:
    case FC_REASON_WORKER_FAILED:
        return true;
    default:
        return false;
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
    if (wants_hint(err))
        fprintf(cli->err, "  hint: %s\n", fc_reason_info(err->reason)->remedy);
    return code;
}
