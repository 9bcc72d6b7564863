/* SPDX-License-Identifier: Apache-2.0 */
#include "base/node.h"

#include <stdlib.h>

#include "tests/unit/harness.h"

#define ARENA_LIMIT (256u * 1024 * 1024)

struct fixture {
    struct fc_arena *arena;
    struct fc_node_docs docs;
    struct fc_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    f->arena = fc_arena_new(ARENA_LIMIT);
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

static fc_rc parse(struct fixture *f, const char *text)
{
    f->docs = (struct fc_node_docs){0};
    f->err = (struct fc_error)FC_ERROR_INIT;
    return fc_node_parse(f->arena, "t.yaml", fc_str_from(text), &f->docs, &f->err);
}

static const struct fc_node *one(struct fixture *f, const char *text)
{
    fc_rc rc = parse(f, text);

    if (rc != FC_OK)
        fail_msg("%s", f->err.message);
    assert_int_equal(f->docs.count, 1);
    return f->docs.docs[0];
}

static void refused(struct fixture *f, const char *text, const char *part)
{
    assert_int_equal(parse(f, text), FC_INVALID_ARGUMENT);
    assert_int_equal(f->err.reason, FC_REASON_DOCUMENT_INVALID);
    if (!strstr(f->err.message, part))
        fail_msg("\"%s\" does not contain \"%s\"", f->err.message, part);
}

static void tree_with_positions(void **state)
{
    const struct fc_node *root = one(*state, "name: x\nlist:\n  - 1\n  - 'two'\n  - {a: ~}\n");
    const struct fc_node *list = fc_node_get(root, "list");

    assert_int_equal(root->kind, FC_NODE_MAPPING);
    assert_int_equal(root->count, 2);
    assert_string_equal(root->keys[1]->text.ptr, "list");
    assert_int_equal(root->keys[1]->line, 2);
    assert_int_equal(root->keys[1]->column, 1);
    assert_string_equal(fc_node_get(root, "name")->text.ptr, "x");
    assert_int_equal(fc_node_get(root, "name")->column, 7);
    assert_null(fc_node_get(root, "none"));
    assert_null(fc_node_get(list, "name"));
    assert_int_equal(list->kind, FC_NODE_SEQUENCE);
    assert_int_equal(list->count, 3);
    assert_false(list->items[0]->quoted);
    assert_true(list->items[1]->quoted);
    assert_int_equal(list->items[1]->line, 4);
    assert_int_equal(list->items[1]->column, 5);
    assert_int_equal(fc_node_get(list->items[2], "a")->kind, FC_NODE_NULL);
}

static void nulls_and_quotes(void **state)
{
    const struct fc_node *root = one(*state, "a:\nb: ''\nc: null\nd: 'null'\ne: |\n  null\n");

    assert_int_equal(fc_node_get(root, "a")->kind, FC_NODE_NULL);
    assert_int_equal(fc_node_get(root, "b")->kind, FC_NODE_SCALAR);
    assert_int_equal(fc_node_get(root, "c")->kind, FC_NODE_NULL);
    assert_int_equal(fc_node_get(root, "d")->kind, FC_NODE_SCALAR);
    assert_int_equal(fc_node_get(root, "e")->kind, FC_NODE_SCALAR);
    assert_string_equal(fc_node_get(root, "e")->text.ptr, "null\n");
}

static void several_documents(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse(f, "---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n---\n~\n"), FC_OK);
    assert_int_equal(f->docs.count, 2);
    assert_non_null(fc_node_get(f->docs.docs[1], "b"));
    assert_int_equal(f->docs.docs[1]->line, 7);
    assert_int_equal(parse(f, ""), FC_OK);
    assert_int_equal(f->docs.count, 0);
    assert_int_equal(parse(f, "# only a comment\n"), FC_OK);
    assert_int_equal(f->docs.count, 0);
}

static void json_is_read(void **state)
{
    const struct fc_node *root = one(
        *state,
        "{\"a\":1,\"b\":[true,\"x\\/y\"],\n\t\"c\":{\"d\":\"\\u00e9\\ud83d\\ude80\\\\ud83d\"}}");

    assert_string_equal(fc_node_get(root, "a")->text.ptr, "1");
    assert_string_equal(fc_node_get(root, "b")->items[1]->text.ptr, "x/y");
    assert_string_equal(fc_node_get(fc_node_get(root, "c"), "d")->text.ptr,
                        "\xc3\xa9\xf0\x9f\x9a\x80\\ud83d");
    refused(*state, "{\"a\": \"\\ud83d\"}", "t.yaml:1:");
    refused(*state, "{\"a\": \"\\ud83d\\u", "t.yaml:1:");
}

static void embedded_nul_keeps_its_length(void **state)
{
    const struct fc_node *text = fc_node_get(one(*state, "a: \"x\\0y\""), "a");

    assert_int_equal(text->text.len, 3);
    assert_memory_equal(text->text.ptr, "x\0y", 4);
}

static void duplicate_key(void **state)
{
    refused(*state, "a: 1\nb: 2\nc: 3\nb: 4\n",
            "t.yaml:4:1: key \"b\" is given twice; the first is on line 2");
    refused(*state, "x: {k: 1, \"k\": 2}", "t.yaml:1:11: key \"k\"");
}

static void complex_keys(void **state)
{
    refused(*state, "? [a, b]\n: 1\n", "t.yaml:1:3: a key must be a word");
    refused(*state, "? {a: b}\n: 1\n", "a key must be a word");
    refused(*state, "x: &m {a: 1}\n*m : 2\n", "a key must be a word");
}

static void syntax_errors_have_positions(void **state)
{
    refused(*state, "a: b: c\n", "t.yaml:1:5:");
    refused(*state, "a: [1, 2\nb: 3\n", "t.yaml:2:");
    refused(*state, "a: 'open\n\n", "t.yaml:");
    refused(*state, "\ta: 1\n", "t.yaml:1:1:");
    refused(*state, "a: 1\nb: \x01\n", "t.yaml:2:4: control characters are not allowed");
    refused(*state, "a: \xff\xfe\n", "t.yaml:1:4:");
    refused(*state, "*nobody", "t.yaml:1:1: the alias names an anchor that was not set before");
}

static void anchors_and_merges(void **state)
{
    const struct fc_node *root = one(
        *state,
        "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\none: {<<: *b, y: 9}\ntwo: {<<: [*b, *m]}\n");
    const struct fc_node *node = fc_node_get(root, "one");

    assert_string_equal(fc_node_get(node, "x")->text.ptr, "1");
    assert_string_equal(fc_node_get(node, "y")->text.ptr, "9");
    assert_int_equal(node->count, 2);
    node = fc_node_get(root, "two");
    assert_string_equal(fc_node_get(node, "y")->text.ptr, "2");
    assert_string_equal(fc_node_get(node, "z")->text.ptr, "4");
    assert_int_equal(node->count, 3);
    refused(*state, "a: {<<: 3}", "t.yaml:1:9: only a mapping can be merged");
    refused(*state, "a: &a\n  b: *a\n",
            "t.yaml:2:6: the alias stands inside the value that it names");
    /* An anchor belongs to its document. */
    refused(*state, "a: &a 1\n---\nb: *a\n", "t.yaml:3:4: the alias names an anchor");
}

static void aliases_cannot_explode(void **state)
{
    struct fixture *f = *state;
    char text[2048];
    size_t used = (size_t)snprintf(text, sizeof(text), "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");

    for (int i = 1; i < 12; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i,
                                 i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    refused(f, text, "more than 1000000 values, aliases expanded");
    assert_true(fc_arena_used(f->arena) < 1024 * 1024);
}

static void nesting_is_bounded(void **state)
{
    char text[512];

    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    text[128] = '\0';
    one(*state, text);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    text[130] = '\0';
    refused(*state, text, "t.yaml:1:65: lists and mappings are nested more than 64 deep");
    memset(text, '{', 400);
    text[400] = '\0';
    refused(*state, text, "t.yaml:1:");
}

static void many_anchors(void **state)
{
    size_t size = 1200 * 16;
    char *text = malloc(size);
    size_t used = 0;

    assert_non_null(text);
    for (int i = 0; i < 1100; i++)
        used += (size_t)snprintf(text + used, size - used, "- &a%d x\n", i);
    refused(*state, text, "more than 1000 anchors");
    free(text);
}

static void large_merge(void **state)
{
    size_t size = 64 * 1024;
    char *text = malloc(size);
    size_t used = (size_t)snprintf(text, size, "a: &a\n");

    assert_non_null(text);
    for (int i = 0; i < 1500; i++)
        used += (size_t)snprintf(text + used, size - used, "  k%d: 1\n", i);
    used += (size_t)snprintf(text + used, size - used, "b:\n  <<: *a\n");
    for (int i = 0; i < 1500; i++)
        used += (size_t)snprintf(text + used, size - used, "  m%d: 1\n", i);
    refused(*state, text, "too large for <<");
    free(text);
}

static void memory_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct fc_arena *small = fc_arena_new(4096);
    char text[8192];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(fc_node_parse(small, "t.yaml", fc_str_from(text), &f->docs, &f->err),
                     FC_RESOURCE_EXHAUSTED);
    fc_arena_free(small);
}

static void large_list_is_read(void **state)
{
    size_t count = 50000, size = count * 3 + 1;
    char *text = malloc(size);

    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * 3, i == 0 ? "[1," : i + 1 == count ? "1] " : "1 ,", 3);
    text[size - 1] = '\0';
    assert_int_equal(one(*state, text)->count, count);
    free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cases[] = {
    CASE(tree_with_positions),
    CASE(nulls_and_quotes),
    CASE(several_documents),
    CASE(json_is_read),
    CASE(embedded_nul_keeps_its_length),
    CASE(duplicate_key),
    CASE(complex_keys),
    CASE(syntax_errors_have_positions),
    CASE(anchors_and_merges),
    CASE(aliases_cannot_explode),
    CASE(nesting_is_bounded),
    CASE(many_anchors),
    CASE(large_merge),
    CASE(memory_is_bounded),
    CASE(large_list_is_read),
};

FC_TEST_MAIN(cases)
