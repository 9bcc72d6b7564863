/* SPDX-License-Identifier: Apache-2.0 */
#include "client/docs.h"

#include <stdlib.h>

#include "tests/unit/harness.h"

struct fixture {
    struct fc_arena *arena;
    struct fc_docs docs;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    f->arena = fc_arena_new(64u * 1024 * 1024);
    *state = f;
    return f->arena ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fc_arena_free(f->arena);
    free(f);
    return 0;
}

static void read_text(struct fixture *f, const char *text)
{
    fc_docs_init(&f->docs, f->arena, "main", false);
    fc_docs_read(&f->docs, "t.yaml", fc_str_from(text));
    fc_docs_finish(&f->docs);
}

static void good(struct fixture *f, const char *text, size_t count)
{
    read_text(f, text);
    if (f->docs.violations.count)
        fail_msg("%s", f->docs.violations.items[0].message);
    assert_int_equal(f->docs.count, count);
}

static void refused(struct fixture *f, const char *text, const char *message)
{
    read_text(f, text);
    assert_int_equal(f->docs.violations.count, 1);
    assert_string_equal(f->docs.violations.items[0].message, message);
}

#define ENTITY "{spec: {name: e, valueType: STRING}}"
#define TABLE  "{spec: {name: t, entities: [e]}}"

/* As the old command line took them, kind or not, camelCase or not. */
static void old_files(void **state)
{
    struct fixture *f = *state;

    good(f,
         "kind: entity\nspec:\n  name: driver\n  valueType: INT64\n  labels: {team: x}\nmeta: "
         "{createdTimestamp: x}\n"
         "---\nspec:\n  name: trips\n  entities: [driver]\n  features:\n  - name: rate\n    "
         "value_type: 5\n"
         "  max_age: 3600s\n  batch_source:\n    type: BATCH_FILE\n    event_timestamp_column: ts\n"
         "    file_options: {file_format: {parquet_format: {}}, file_url: 'file:///x'}\n",
         2);
    assert_int_equal(f->docs.items[0].kind, FC_DOC_ENTITY);
    assert_string_equal(f->docs.items[0].project, "main");
    assert_string_equal(f->docs.items[0].entity->name, "driver");
    assert_int_equal(f->docs.items[0].entity->value_type, FEAST__TYPES__VALUE_TYPE__ENUM__INT64);
    assert_int_equal(f->docs.items[1].kind, FC_DOC_TABLE);
    assert_int_equal(f->docs.items[1].table->features[0]->value_type,
                     FEAST__TYPES__VALUE_TYPE__ENUM__DOUBLE);
    assert_true(f->docs.items[1].table->max_age->seconds == 3600);
    assert_string_equal(f->docs.items[1].table->batch_source->file_options->file_url, "file:///x");
}

static void kinds_by_word(void **state)
{
    static const char *const words[] = {"FeatureTable", "feature_table", "featureTable",
                                        "feature-table", "FEATURE_TABLE"};
    struct fixture *f = *state;
    char text[128];

    for (size_t i = 0; i < FC_ARRAY_LEN(words); i++) {
        snprintf(text, sizeof(text), "{kind: %s, apiVersion: v1, spec: {name: t, entities: [e]}}",
                 words[i]);
        good(f, text, 1);
        assert_int_equal(f->docs.items[0].kind, FC_DOC_TABLE);
    }
    /* The word wins over the keys. */
    refused(f, "{kind: Entity, spec: {name: t, valueType: 1, entities: [e]}}",
            "t.yaml:1:46: there is no key \"entities\" in EntitySpecV2; it has name, valueType, "
            "description, labels");
    refused(f, "kind: Feature\nspec: {name: x}",
            "t.yaml:1:7: kind \"Feature\" cannot be applied; it is Project, OnlineStore, Entity or "
            "FeatureTable");
}

static void what_is_it(void **state)
{
    static const char neither[] =
        "t.yaml:1:1: the document is neither an entity (spec.valueType) nor a feature table "
        "(spec.entities, "
        "spec.features); `kind: Entity` or `kind: FeatureTable` says which";
    struct fixture *f = *state;

    refused(f, "{spec: {name: x}}", neither);
    refused(f, "{spec: {valueType: INT64, entities: [a]}}", neither);
    refused(f, "{a: b}", neither);
    refused(f, "{name: x, valueType: INT64}",
            "t.yaml:1:1: the document has no `spec`; put its keys below `spec:`");
    refused(f, "just text", "t.yaml:1:1: a document must be a mapping such as `kind: Entity`");
}

static void lists(void **state)
{
    struct fixture *f = *state;

    good(f, "{\"schemaVersion\": 1, \"kind\": \"EntityList\", \"items\": [" ENTITY ", " TABLE "]}",
         2);
    good(f, "- " ENTITY "\n- " TABLE "\n", 2);
    refused(f, "items: [3]", "t.yaml:1:9: an item of a list must be a document");
}

static void projects_come_first(void **state)
{
    struct fixture *f = *state;

    good(f,
         TABLE "\n---\n" ENTITY
               "\n---\n{kind: Project, name: p}\n---\n{kind: project, spec: {name: q}}",
         4);
    assert_int_equal(f->docs.items[0].kind, FC_DOC_PROJECT);
    assert_string_equal(f->docs.items[0].name, "p");
    assert_string_equal(f->docs.items[1].name, "q");
    assert_int_equal(f->docs.items[2].kind, FC_DOC_ENTITY);
    assert_int_equal(f->docs.items[3].kind, FC_DOC_TABLE);
    refused(f, "{kind: Project, nmae: p, name: q}",
            "t.yaml:1:17: there is no key \"nmae\" in a project; it has name");
    refused(f, "{kind: Project}", "t.yaml:1:1: name is missing: a project needs one");
}

static void project_of_a_document(void **state)
{
    struct fixture *f = *state;

    good(f, "{project: other, spec: {name: e, valueType: STRING}}", 1);
    assert_string_equal(f->docs.items[0].project, "other");
    fc_docs_init(&f->docs, f->arena, "main", true);
    fc_docs_read(&f->docs, "t.yaml",
                 FC_STR("{project: other, spec: {name: e, valueType: STRING}}"));
    assert_int_equal(f->docs.violations.count, 1);
    assert_string_equal(
        f->docs.violations.items[0].message,
        "t.yaml:1:11: the document belongs to project \"other\", and --project says \"main\"");
}

static void what_is_missing(void **state)
{
    struct fixture *f = *state;

    refused(f, "{kind: Entity}",
            "t.yaml:1:1: spec is missing: an entity has name and valueType below it");
    refused(f, "{spec: {valueType: INT64}}",
            "t.yaml:1:8: spec.name is missing: an entity needs a name");
    refused(
        f, "{kind: Entity, spec: {name: x}}",
        "t.yaml:1:22: spec.valueType is missing: an entity needs a type such as STRING or INT64");
    refused(f, "{spec: {name: x, features: []}}",
            "t.yaml:1:8: spec.entities is missing: a feature table needs at least one entity");
    refused(f, "{spec: {entities: [x]}}",
            "t.yaml:1:8: spec.name is missing: a feature table needs a name");
}

static void described_twice(void **state)
{
    struct fixture *f = *state;

    refused(f, ENTITY "\n---\n" TABLE "\n---\n" ENTITY,
            "t.yaml:5:1: entity \"e\" is described twice; the first is at t.yaml:1");
    good(f, ENTITY "\n---\n{project: other, spec: {name: e, valueType: STRING}}", 2);
}

static void all_mistakes_of_all_documents(void **state)
{
    struct fixture *f = *state;

    read_text(f, "{spec: {name: a, valueTyp: INT64, valueType: INT46}}\n---\n{spec: {name: b, "
                 "entities: x}}\n---\n" ENTITY);
    assert_int_equal(f->docs.violations.count, 3);
    assert_string_equal(
        f->docs.violations.items[0].message,
        "t.yaml:1:18: there is no key \"valueTyp\" in EntitySpecV2; did you mean \"valueType\"?");
    assert_string_equal(f->docs.violations.items[1].message,
                        "t.yaml:1:46: \"INT46\" is no ValueType; did you mean \"INT64\"?");
    assert_string_equal(f->docs.violations.items[2].message,
                        "t.yaml:3:28: found \"x\", expected a list");
    refused(f, "a: [", "t.yaml:2:1: did not find expected node content");
}

static void fields_are_found_in_the_document(void **state)
{
    static const struct {
        const char *field;
        unsigned line, column;
    } table[] = {
        {"table_spec.features[1].name", 7, 11},
        {"table_spec.features[1].value_type", 8, 16},
        {"table_spec.batch_source.event_timestamp_column", 10, 27},
        {"table_spec.batch_source.field_mapping[\"a.b\"]", 11, 27},
        {"table_spec.batch_source.field_mapping[a.b]", 11, 27},
        {"table_spec.labels[\"x\"]", 3, 3},
        {"table_spec.features[9]", 5, 3},
        {"table_spec.features[1].nothing.more", 7, 5},
        {"table_spec", 3, 3},
        {"spec.name", 3, 9},
        {"", 3, 3},
        {"features[x]", 5, 3},
        {"features[", 5, 3},
        {"[0]", 3, 3},
        {"..", 3, 3},
    };
    struct fixture *f = *state;

    good(f,
         "kind: FeatureTable\nspec:\n  name: t\n  features:\n  - name: a\n    valueType: INT64\n  "
         "- name: b\n"
         "    valueType: INT32\n  batchSource:\n    eventTimestampColumn: ts\n    fieldMapping: "
         "{\"a.b\": c}\n"
         "  entities: [e]\n",
         1);
    for (size_t i = 0; i < FC_ARRAY_LEN(table); i++) {
        const struct fc_node *node = fc_doc_locate(&f->docs.items[0], table[i].field);
        if (node->line != table[i].line || node->column != table[i].column)
            fail_msg("%s is found at %u:%u", table[i].field, node->line, node->column);
    }
}

static void empty_input(void **state)
{
    good(*state, "", 0);
    good(*state, "# nothing\n---\n---\n", 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(old_files),
    CASE(kinds_by_word),
    CASE(what_is_it),
    CASE(lists),
    CASE(projects_come_first),
    CASE(project_of_a_document),
    CASE(what_is_missing),
    CASE(described_twice),
    CASE(all_mistakes_of_all_documents),
    CASE(fields_are_found_in_the_document),
    CASE(empty_input),
};

FC_TEST_MAIN(cases)
