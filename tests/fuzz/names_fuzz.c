/* SPDX-License-Identifier: Apache-2.0 */
/* Input: one byte that picks a rule, then the text (UTF-8, as the check of messages lets it in) of a name or schema. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/avro_schema.h"
#include "base/bigquery.h"
#include "base/utf8.h"
#include "server/registry/names.h"

enum { MEMORY = 64 << 20 };

static void name(struct fc_arena *arena, enum fc_name_form form, const char *text)
{
    struct fc_violations violations;
    bool good = fc_name_has_form(form, text) && fc_text_length(text) <= FC_NAME_MAX;

    fc_violations_init(&violations, arena);
    fc_name_check(&violations, form, "entity", "spec.name", text);
    FUZZ_CHECK(good == (violations.count == 0), "\"%s\": %zu violations", text, violations.count);
    for (size_t i = 0; i < violations.count; i++)
        FUZZ_CHECK(fc_utf8_valid(violations.items[i].message, strlen(violations.items[i].message)),
                   "a message that is no text");
}

static void excerpt(struct fc_arena *arena, const char *text)
{
    const char *shown = fc_excerpt(arena, text);

    FUZZ_CHECK(fc_utf8_valid(shown, strlen(shown)), "an excerpt that is no text");
    for (const char *c = shown; *c != '\0'; c++)
        FUZZ_CHECK((unsigned char)*c >= 0x20 && *c != 0x7f, "a control character in an excerpt");
}

static void bigquery(const char *text)
{
    struct fc_bigquery_ref ref;
    const char *end = text + strlen(text);

    if (!fc_bigquery_ref_parse(text, &ref))
        return;
    FUZZ_CHECK(ref.project.len && ref.dataset.len && ref.table.len, "\"%s\": an empty part", text);
    FUZZ_CHECK(ref.project.ptr == text && ref.table.ptr + ref.table.len == end &&
                   ref.project.len + ref.dataset.len + ref.table.len + 2 == strlen(text),
               "\"%s\" is more than its parts", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fuzz_arena(MEMORY);
    fc_str bytes = {.ptr = (const char *)data, .len = size};
    unsigned rule = fuzz_take(&bytes) % 4;
    const char *text = fc_arena_strndup(arena, bytes.ptr, bytes.len);

    FUZZ_CHECK(text != NULL, "out of memory");
    if (!fc_utf8_valid(text, strlen(text)))
        return 0;
    if (rule == 0) {
        name(arena, FC_NAME_PLAIN, text);
        name(arena, FC_NAME_DASH, text);
        name(arena, FC_NAME_CLASS_PATH, text);
    } else if (rule == 1) {
        excerpt(arena, text);
    } else if (rule == 2) {
        bigquery(text);
    } else {
        const char *problem = NULL;
        if (!fc_avro_parse(arena, text, &problem))
            FUZZ_CHECK(problem && problem[0] != '\0', "a refusal without words");
    }
    return 0;
}
