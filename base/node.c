/* SPDX-License-Identifier: Apache-2.0 */
#include "base/node.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/node_json.h"

/* Deeper than any document of ours, far below what a stack holds. */
#define MAX_DEPTH 64
/* Aliases count as often as they are used, so that a few lines cannot stand for billions of values. */
#define MAX_NODES 1000000
#define MAX_TEXT  (64u * 1024 * 1024)
/* Anchors, and comparisons of one merge: both are searched in a row. */
#define MAX_ANCHORS 1000
#define MAX_MERGE   1000000

struct anchor {
    const char *name;
    struct fc_node *node; /* NULL while the node is being read: an alias to it would be a cycle */
    size_t size;
    struct anchor *next;
};

struct reader {
    yaml_parser_t parser;
    struct fc_arena *arena;
    const char *name;
    fc_str text;
    struct anchor *anchors; /* of this document, newest first */
    size_t anchor_count;
    size_t nodes; /* read so far, aliases expanded */
    struct fc_error *err;
};

struct list {
    struct fc_node **items;
    size_t count, capacity;
};

static fc_rc read_node(struct reader *r, yaml_event_t *event, unsigned depth, struct fc_node **ret);

static fc_rc no_memory(struct reader *r)
{
    return fc_fail(r->err, FC_REASON_REQUEST_TOO_LARGE, "%s: needs more memory than is allowed",
                   r->name);
}

static fc_rc fail_at(struct reader *r, const yaml_mark_t *mark, const char *what)
{
    return fc_fail(r->err, FC_REASON_DOCUMENT_INVALID, "%s:%zu:%zu: %s", r->name, mark->line + 1,
                   mark->column + 1, what);
}

/* The decoder of characters knows an offset only. */
static yaml_mark_t mark_of_offset(fc_str text, size_t offset)
{
    yaml_mark_t mark = {.index = offset};

    for (size_t i = 0; i < offset && i < text.len; i++) {
        mark.column++;
        if (text.ptr[i] == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

static fc_rc parser_failed(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "cannot be read";

    if (p->error == YAML_MEMORY_ERROR)
        return no_memory(r);
    if (p->error == YAML_READER_ERROR) {
        yaml_mark_t mark = mark_of_offset(r->text, p->problem_offset);
        return fail_at(r, &mark, problem);
    }
    if (p->context && p->context_mark.line != p->problem_mark.line)
        return fc_fail(r->err, FC_REASON_DOCUMENT_INVALID,
                       "%s:%zu:%zu: %s (%s that begins on line %zu)", r->name,
                       p->problem_mark.line + 1, p->problem_mark.column + 1, problem, p->context,
                       p->context_mark.line + 1);
    return fail_at(r, &p->problem_mark, problem);
}

static fc_rc next_event(struct reader *r, yaml_event_t *event)
{
    if (!yaml_parser_parse(&r->parser, event))
        return parser_failed(r);
    return FC_OK;
}

static bool list_add(struct fc_arena *arena, struct list *list, struct fc_node *node)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 8;
        struct fc_node **items = fc_arena_calloc(arena, capacity, sizeof *items);
        if (!items)
            return false;
        if (list->count)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = node;
    return true;
}

static fc_rc count_nodes(struct reader *r, const yaml_event_t *event, size_t more)
{
    r->nodes += more;
    if (r->nodes > MAX_NODES)
        return fail_at(r, &event->start_mark,
                       "the document has more than 1000000 values, aliases expanded");
    return FC_OK;
}

static bool is_null_text(fc_str text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};

    for (size_t i = 0; i < FC_ARRAY_LEN(words); i++)
        if (fc_str_eq(text, fc_str_from(words[i])))
            return true;
    return false;
}

static bool is_merge_key(const struct fc_node *key)
{
    return !key->quoted && fc_str_eq(key->text, FC_STR("<<"));
}

static fc_rc read_scalar(struct reader *r, const yaml_event_t *event, struct fc_node *node)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;

    node->text = (fc_str){.ptr = fc_arena_strndup(r->arena, value, length), .len = length};
    if (!node->text.ptr)
        return no_memory(r);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->kind = !node->quoted && is_null_text(node->text) ? FC_NODE_NULL : FC_NODE_SCALAR;
    return FC_OK;
}

static fc_rc read_sequence(struct reader *r, unsigned depth, struct fc_node *node)
{
    struct list list = {0};

    for (;;) {
        yaml_event_t event;
        struct fc_node *item = NULL;
        fc_rc rc = next_event(r, &event);
        if (rc != FC_OK)
            return rc;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            node->items = list.items;
            node->count = list.count;
            return FC_OK;
        }
        rc = read_node(r, &event, depth, &item);
        if (rc != FC_OK)
            return rc;
        if (!list_add(r->arena, &list, item))
            return no_memory(r);
    }
}

static int compare_keys(const void *a, const void *b)
{
    const struct fc_node *left = *(struct fc_node *const *)a;
    const struct fc_node *right = *(struct fc_node *const *)b;
    int order = fc_str_cmp(left->text, right->text);

    if (order != 0)
        return order;
    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    return (left->column > right->column) - (left->column < right->column);
}

static fc_rc refuse_duplicates(struct reader *r, const struct list *keys)
{
    struct fc_node **sorted;

    if (keys->count < 2)
        return FC_OK;
    sorted = fc_arena_memdup(r->arena, keys->items, keys->count * sizeof *sorted);
    if (!sorted)
        return no_memory(r);
    qsort(sorted, keys->count, sizeof(struct fc_node *), compare_keys);
    for (size_t i = 1; i < keys->count; i++) {
        const struct fc_node *first = sorted[i - 1], *second = sorted[i];
        if (fc_str_eq(first->text, second->text))
            return fc_fail(r->err, FC_REASON_DOCUMENT_INVALID,
                           "%s:%u:%u: key \"%.100s\" is given twice; the first is on line %u",
                           r->name, second->line, second->column, second->text.ptr, first->line);
    }
    return FC_OK;
}

static fc_rc merge_one(struct reader *r, const struct fc_node *from, struct list *keys,
                       struct list *values)
{
    size_t own = keys->count;

    if (from->kind != FC_NODE_MAPPING)
        return fc_fail(r->err, FC_REASON_DOCUMENT_INVALID,
                       "%s:%u:%u: only a mapping can be merged with <<", r->name, from->line,
                       from->column);
    if (from->count > 0 && own > MAX_MERGE / from->count)
        return fc_fail(r->err, FC_REASON_DOCUMENT_INVALID,
                       "%s:%u:%u: the mapping is too large for <<", r->name, from->line,
                       from->column);
    for (size_t i = 0; i < from->count; i++) {
        bool known = false;
        for (size_t j = 0; j < own && !known; j++)
            known = fc_str_eq(keys->items[j]->text, from->keys[i]->text);
        if (known)
            continue;
        if (!list_add(r->arena, keys, from->keys[i]) || !list_add(r->arena, values, from->items[i]))
            return no_memory(r);
    }
    return FC_OK;
}

/* `<<: *base`: what the mapping itself says wins, then the earlier of several. */
static fc_rc merge(struct reader *r, const struct fc_node *from, struct list *keys,
                   struct list *values)
{
    if (from->kind != FC_NODE_SEQUENCE)
        return merge_one(r, from, keys, values);
    for (size_t i = 0; i < from->count; i++) {
        fc_rc rc = merge_one(r, from->items[i], keys, values);
        if (rc != FC_OK)
            return rc;
    }
    return FC_OK;
}

static fc_rc read_key(struct reader *r, yaml_event_t *event, struct fc_node **ret)
{
    static const char refusal[] = "a key must be a word, not a list or a mapping";
    yaml_mark_t mark = event->start_mark;
    fc_rc rc;

    if (event->type != YAML_SCALAR_EVENT && event->type != YAML_ALIAS_EVENT) {
        yaml_event_delete(event);
        return fail_at(r, &mark, refusal);
    }
    rc = read_node(r, event, MAX_DEPTH, ret);
    if (rc != FC_OK)
        return rc;
    if ((*ret)->kind != FC_NODE_SCALAR && (*ret)->kind != FC_NODE_NULL)
        return fail_at(r, &mark, refusal);
    return FC_OK;
}

static fc_rc read_pair(struct reader *r, yaml_event_t *event, unsigned depth, struct list *keys,
                       struct list *values, struct fc_node **ret_merged)
{
    struct fc_node *key = NULL, *value = NULL;
    fc_rc rc = read_key(r, event, &key);

    if (rc == FC_OK)
        rc = next_event(r, event);
    if (rc == FC_OK)
        rc = read_node(r, event, depth, &value);
    if (rc != FC_OK)
        return rc;
    if (is_merge_key(key)) {
        *ret_merged = value;
        return FC_OK;
    }
    if (!list_add(r->arena, keys, key) || !list_add(r->arena, values, value))
        return no_memory(r);
    return FC_OK;
}

static fc_rc read_mapping(struct reader *r, unsigned depth, struct fc_node *node)
{
    struct list keys = {0}, values = {0};
    struct fc_node *merged = NULL;
    fc_rc rc;

    for (;;) {
        yaml_event_t event;
        rc = next_event(r, &event);
        if (rc != FC_OK)
            return rc;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        rc = read_pair(r, &event, depth, &keys, &values, &merged);
        if (rc != FC_OK)
            return rc;
    }
    rc = refuse_duplicates(r, &keys);
    if (rc == FC_OK && merged)
        rc = merge(r, merged, &keys, &values);
    node->keys = keys.items;
    node->items = values.items;
    node->count = keys.count;
    return rc;
}

static fc_rc resolve_alias(struct reader *r, const yaml_event_t *event, struct fc_node **ret)
{
    const char *name = (const char *)event->data.alias.anchor;

    for (const struct anchor *a = r->anchors; a; a = a->next) {
        if (strcmp(a->name, name) != 0)
            continue;
        if (!a->node)
            return fail_at(r, &event->start_mark,
                           "the alias stands inside the value that it names");
        *ret = a->node;
        return count_nodes(r, event, a->size);
    }
    return fail_at(r, &event->start_mark, "the alias names an anchor that was not set before");
}

static const yaml_char_t *anchor_name(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor;
    default:
        return NULL;
    }
}

static fc_rc begin_anchor(struct reader *r, const yaml_event_t *event, struct anchor **ret)
{
    const yaml_char_t *name = anchor_name(event);
    struct anchor *anchor;

    if (!name)
        return FC_OK;
    if (++r->anchor_count > MAX_ANCHORS)
        return fail_at(r, &event->start_mark, "the document has more than 1000 anchors");
    anchor = fc_arena_calloc(r->arena, 1, sizeof *anchor);
    if (!anchor)
        return no_memory(r);
    anchor->name = fc_arena_strdup(r->arena, (const char *)name);
    if (!anchor->name)
        return no_memory(r);
    anchor->next = r->anchors;
    r->anchors = anchor;
    *ret = anchor;
    return FC_OK;
}

static fc_rc read_content(struct reader *r, const yaml_event_t *event, unsigned depth,
                          struct fc_node *node)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(r, event, node);
    case YAML_SEQUENCE_START_EVENT:
        node->kind = FC_NODE_SEQUENCE;
        return read_sequence(r, depth + 1, node);
    case YAML_MAPPING_START_EVENT:
        node->kind = FC_NODE_MAPPING;
        return read_mapping(r, depth + 1, node);
    default:
        return fail_at(r, &event->start_mark, "a value was expected");
    }
}

static fc_rc read_new_node(struct reader *r, const yaml_event_t *event, unsigned depth,
                           struct fc_node **ret)
{
    struct anchor *anchor = NULL;
    size_t before = r->nodes;
    struct fc_node *node;
    fc_rc rc;

    if (event->type != YAML_SCALAR_EVENT && depth >= MAX_DEPTH)
        return fail_at(r, &event->start_mark,
                       "lists and mappings are nested more than 64 deep here");
    rc = count_nodes(r, event, 1);
    if (rc == FC_OK)
        rc = begin_anchor(r, event, &anchor);
    if (rc != FC_OK)
        return rc;
    node = fc_arena_calloc(r->arena, 1, sizeof *node);
    if (!node)
        return no_memory(r);
    node->line = (unsigned)event->start_mark.line + 1;
    node->column = (unsigned)event->start_mark.column + 1;
    rc = read_content(r, event, depth, node);
    if (rc != FC_OK)
        return rc;
    if (anchor) {
        anchor->node = node;
        anchor->size = r->nodes - before;
    }
    *ret = node;
    return FC_OK;
}

/* Takes the event over. */
static fc_rc read_node(struct reader *r, yaml_event_t *event, unsigned depth, struct fc_node **ret)
{
    fc_rc rc;

    if (event->type == YAML_ALIAS_EVENT)
        rc = resolve_alias(r, event, ret);
    else
        rc = read_new_node(r, event, depth, ret);
    yaml_event_delete(event);
    return rc;
}

static fc_rc read_document(struct reader *r, struct list *docs)
{
    struct fc_node *root = NULL;
    yaml_event_t event;
    fc_rc rc = next_event(r, &event);

    r->anchors = NULL;
    r->anchor_count = 0;
    if (rc == FC_OK)
        rc = read_node(r, &event, 0, &root);
    if (rc == FC_OK && root->kind != FC_NODE_NULL && !list_add(r->arena, docs, root))
        rc = no_memory(r);
    if (rc == FC_OK)
        rc = next_event(r, &event);
    if (rc == FC_OK)
        yaml_event_delete(&event); /* the end of the document: the parser allows nothing else */
    return rc;
}

static fc_rc read_stream(struct reader *r, struct list *docs)
{
    for (;;) {
        yaml_event_t event;
        yaml_event_type_t type;
        fc_rc rc = next_event(r, &event);
        if (rc != FC_OK)
            return rc;
        type = event.type;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT)
            return FC_OK;
        if (type == YAML_DOCUMENT_START_EVENT)
            rc = read_document(r, docs);
        if (rc != FC_OK)
            return rc;
    }
}

fc_rc fc_node_parse(struct fc_arena *arena, const char *name, fc_str text, struct fc_node_docs *ret,
                    struct fc_error *err)
{
    struct reader r = {.arena = arena, .name = name, .text = text, .err = err};
    struct list docs = {0};
    fc_rc rc;

    if (text.len > MAX_TEXT)
        return fc_fail(err, FC_REASON_REQUEST_TOO_LARGE, "%s: %zu bytes; at most %u are read", name,
                       text.len, MAX_TEXT);
    if (!fc_node_mend_json(arena, &r.text))
        return no_memory(&r);
    if (!yaml_parser_initialize(&r.parser))
        return no_memory(&r);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.text.ptr, r.text.len);
    rc = read_stream(&r, &docs);
    yaml_parser_delete(&r.parser);
    if (rc != FC_OK)
        return rc;
    ret->docs = docs.items;
    ret->count = docs.count;
    return FC_OK;
}

const struct fc_node *fc_node_get(const struct fc_node *mapping, const char *key)
{
    if (!mapping || mapping->kind != FC_NODE_MAPPING)
        return NULL;
    for (size_t i = 0; i < mapping->count; i++)
        if (fc_str_eq(mapping->keys[i]->text, fc_str_from(key)))
            return mapping->items[i];
    return NULL;
}
