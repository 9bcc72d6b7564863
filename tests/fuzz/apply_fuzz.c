/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: what `feastctl apply`, `diff` and `plan` read. Documents of every kind are sorted, shown as text that compares,
 * compared with each other, and asked where the fields of a refusal stand. A document is the same as itself.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#include "client/docs.h"
#include "client/spec_text.h"

enum { MEMORY = 64 << 20 };

static const char *const fields[] = {"table_spec.features[0].name",
                                     "spec.labels[\"a\"]",
                                     "table_spec.batch_source.file_options.file_url",
                                     "online_store.name",
                                     "table_spec.entities[18446744073709551615]",
                                     "spec[",
                                     "..[\"",
                                     ""};

static void show(const struct fc_doc *doc, struct fc_buf *before, FILE *out)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;

    FUZZ_CHECK(fc_spec_text(fc_spec_of_doc(doc), &text), "a document cannot be shown");
    for (size_t i = 0; i < sizeof(fields) / sizeof *fields; i++)
        FUZZ_CHECK(fc_doc_locate(doc, fields[i]) != NULL, "%s is nowhere", fields[i]);
    long at = ftell(out);
    FUZZ_CHECK(fc_diff_print("a", fc_buf_text(&text), "b", fc_buf_text(&text), false, out), "diff");
    FUZZ_CHECK(ftell(out) == at, "a document differs from itself");
    FUZZ_CHECK(fc_diff_print("a", fc_buf_text(before), "b", fc_buf_text(&text), true, out), "diff");
    fc_buf_clear(before);
    fc_buf_append(before, fc_buf_text(&text), text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fuzz_arena(MEMORY);
    FC_CLEANUP(fc_buf_done) struct fc_buf before = FC_BUF_INIT;
    FILE *out = tmpfile();
    struct fc_docs docs;

    FUZZ_CHECK(out != NULL, "no temporary file");
    fc_docs_init(&docs, arena, "default", size % 2 == 0);
    fc_docs_read(&docs, "input.yaml", (fc_str){.ptr = (const char *)data, .len = size});
    fc_docs_finish(&docs);
    for (size_t i = 0; i < docs.violations.count; i++)
        FUZZ_CHECK(strncmp(docs.violations.items[i].message, "input.yaml", 10) == 0, "no place: %s",
                   docs.violations.items[i].message);
    for (size_t i = 0; docs.violations.count == 0 && i < docs.count && i < 20; i++)
        show(&docs.items[i], &before, out);
    (void)fclose(out);
    return 0;
}
