/* SPDX-License-Identifier: Apache-2.0 */
#include "client/docs.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pbjson.h"

static const char *const tolerated[] = {
    "kind", "apiVersion", "schemaVersion", "meta", "metadata", "project", NULL};

static const struct {
    const char *word; /* lower case, without _ and - */
    enum fc_doc_kind kind;
} kinds[] = {{"project", FC_DOC_PROJECT},
             {"onlinestore", FC_DOC_STORE},
             {"entity", FC_DOC_ENTITY},
             {"featuretable", FC_DOC_TABLE}};

#define refuse(docs, reason, file, node, field, format, ...)                                       \
    fc_violations_add(&(docs)->violations, FC_REASON_##reason, (field), "%s:%u:%u: " format,       \
                      (file), (node)->line, (node)->column, ##__VA_ARGS__)

void fc_docs_init(struct fc_docs *docs, struct fc_arena *arena, const char *project,
                  bool project_forced)
{
    *docs = (struct fc_docs){.arena = arena, .project = project, .project_forced = project_forced};
    fc_violations_init(&docs->violations, arena);
}

const char *fc_doc_word(enum fc_doc_kind kind)
{
    static const char *const words[] = {"project", "store", "entity", "table"};

    return words[kind];
}

const char *fc_doc_kind_name(enum fc_doc_kind kind)
{
    static const char *const names[] = {"Project", "OnlineStore", "Entity", "FeatureTable"};

    return names[kind];
}

/* -- what is it ---------------------------------------------------------------------------------------------- */

/* `FeatureTable`, `feature_table` and `feature-table` are one word. */
static void plain_word(const char *text, char *out, size_t size)
{
    size_t used = 0;

    for (; *text && used + 1 < size; text++)
        if (*text != '_' && *text != '-')
            out[used++] = (char)tolower((unsigned char)*text);
    out[used] = '\0';
}

static bool kind_of_word(const char *text, size_t len, enum fc_doc_kind *ret)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(kinds); i++) {
        if (strlen(kinds[i].word) == len && strncmp(kinds[i].word, text, len) == 0) {
            *ret = kinds[i].kind;
            return true;
        }
    }
    return false;
}

static bool has_key(const struct fc_node *spec, const char *const *keys)
{
    for (size_t i = 0; keys[i]; i++)
        if (fc_node_get(spec, keys[i]))
            return true;
    return false;
}

static const char *const entity_keys[] = {"valueType", "value_type", NULL};
static const char *const table_keys[] = {
    "entities",     "features",      "batchSource", "batch_source",
    "streamSource", "stream_source", "maxAge",      "max_age",
    "onlineStore",  "online_store",  NULL};

/* A mistyped key tells as well: the decoder will name it. */
static bool has_similar_key(const struct fc_node *spec, const char *const *keys)
{
    size_t count = 0;

    while (keys[count])
        count++;
    for (size_t i = 0; i < spec->count; i++)
        if (fc_str_nearest(spec->keys[i]->text.ptr, keys, count))
            return true;
    return false;
}

/* As the old command line could not: by what only one of the two has. */
static bool kind_of_keys(const struct fc_node *spec, enum fc_doc_kind *ret)
{
    bool is_entity = has_key(spec, entity_keys), is_table = has_key(spec, table_keys);

    if (!is_entity && !is_table && spec->kind == FC_NODE_MAPPING) {
        is_entity = has_similar_key(spec, entity_keys);
        is_table = has_similar_key(spec, table_keys);
    }
    *ret = is_entity ? FC_DOC_ENTITY : FC_DOC_TABLE;
    return is_entity != is_table;
}

static bool find_kind(struct fc_docs *docs, const char *file, const struct fc_node *node,
                      enum fc_doc_kind *ret)
{
    const struct fc_node *kind = fc_node_get(node, "kind"), *spec = fc_node_get(node, "spec");
    char word[32];

    if (kind && kind->kind == FC_NODE_SCALAR) {
        plain_word(kind->text.ptr, word, sizeof(word));
        if (kind_of_word(word, strlen(word), ret))
            return true;
        refuse(
            docs, DOCUMENT_INVALID, file, kind, "kind",
            "kind \"%.60s\" cannot be applied; it is Project, OnlineStore, Entity or FeatureTable",
            kind->text.ptr);
        return false;
    }
    if (!spec && has_key(node, (const char *const[]){"valueType", "value_type", "features",
                                                     "batchSource", "batch_source", NULL})) {
        refuse(docs, DOCUMENT_INVALID, file, node, "",
               "the document has no `spec`; put its keys below `spec:`");
        return false;
    }
    if (spec && kind_of_keys(spec, ret))
        return true;
    refuse(docs, DOCUMENT_INVALID, file, node, "",
           "the document is neither an entity (spec.valueType) nor a feature table (spec.entities, "
           "spec.features); "
           "`kind: Entity` or `kind: FeatureTable` says which");
    return false;
}

/* -- contents ------------------------------------------------------------------------------------------------ */

static const char *find_project(struct fc_docs *docs, const char *file, const struct fc_node *node)
{
    const struct fc_node *project = fc_node_get(node, "project");

    if (!project || project->kind != FC_NODE_SCALAR || project->text.len == 0)
        return docs->project;
    if (docs->project_forced && strcmp(project->text.ptr, docs->project) != 0)
        refuse(docs, DOCUMENT_INVALID, file, project, "project",
               "the document belongs to project \"%.100s\", and --project says \"%.100s\"",
               project->text.ptr, docs->project);
    return project->text.ptr;
}

static const struct fc_node *spec_of(const struct fc_node *node)
{
    const struct fc_node *spec = fc_node_get(node, "spec");

    return spec ? spec : node;
}

static void require(struct fc_docs *docs, const struct fc_doc *doc, const char *field, bool present,
                    const char *what)
{
    if (!present)
        refuse(docs, FIELD_REQUIRED, doc->file, spec_of(doc->node), field, "%s is missing: %s",
               field, what);
}

static void read_entity(struct fc_docs *docs, struct fc_doc *doc)
{
    Feast__Core__Entity *entity = (Feast__Core__Entity *)fc_pbjson_decode(
        &feast__core__entity__descriptor, doc->node, doc->file, tolerated, docs->arena,
        &docs->violations);

    if (!entity)
        return;
    require(docs, doc, "spec", entity->spec != NULL, "an entity has name and valueType below it");
    if (!entity->spec)
        return;
    doc->entity = entity->spec;
    doc->name = entity->spec->name;
    require(docs, doc, "spec.name", doc->name[0] != '\0', "an entity needs a name");
    require(docs, doc, "spec.valueType", entity->spec->value_type != 0,
            "an entity needs a type such as STRING or INT64");
}

static void read_table(struct fc_docs *docs, struct fc_doc *doc)
{
    Feast__Core__FeatureTable *table = (Feast__Core__FeatureTable *)fc_pbjson_decode(
        &feast__core__feature_table__descriptor, doc->node, doc->file, tolerated, docs->arena,
        &docs->violations);

    if (!table)
        return;
    require(docs, doc, "spec", table->spec != NULL,
            "a feature table has name, entities and features below it");
    if (!table->spec)
        return;
    doc->table = table->spec;
    doc->name = table->spec->name;
    require(docs, doc, "spec.name", doc->name[0] != '\0', "a feature table needs a name");
    require(docs, doc, "spec.entities", table->spec->n_entities > 0,
            "a feature table needs at least one entity");
}

static void read_project(struct fc_docs *docs, struct fc_doc *doc)
{
    static const char *const known[] = {"kind", "apiVersion", "schemaVersion",
                                        "name", "spec",       NULL};
    const struct fc_node *spec = spec_of(doc->node), *name = fc_node_get(spec, "name");

    for (size_t i = 0; i < doc->node->count; i++) {
        const struct fc_node *key = doc->node->keys[i];
        bool found = false;
        for (size_t k = 0; known[k] && !found; k++)
            found = strcmp(known[k], key->text.ptr) == 0;
        if (!found)
            refuse(docs, FIELD_INVALID, doc->file, key, key->text.ptr,
                   "there is no key \"%.60s\" in a project; it has name", key->text.ptr);
    }
    if (!name || name->kind != FC_NODE_SCALAR || name->text.len == 0) {
        refuse(docs, FIELD_REQUIRED, doc->file, spec, "name",
               "name is missing: a project needs one");
        return;
    }
    doc->name = name->text.ptr;
    doc->project = name->text.ptr;
}

static void read_store(struct fc_docs *docs, struct fc_doc *doc)
{
    doc->project = "";
    doc->store = (Feast__Core__OnlineStore *)fc_pbjson_decode(
        &feast__core__online_store__descriptor, spec_of(doc->node), doc->file, tolerated,
        docs->arena, &docs->violations);
    if (!doc->store)
        return;
    doc->name = doc->store->name;
    require(docs, doc, "spec.name", doc->name[0] != '\0', "an online store needs a name");
}

static struct fc_doc *add(struct fc_docs *docs, const struct fc_doc *doc)
{
    if (docs->count == docs->capacity) {
        size_t capacity = docs->capacity ? docs->capacity * 2 : 16;
        struct fc_doc *items = fc_arena_calloc(docs->arena, capacity, sizeof *items);
        if (!items)
            return NULL;
        if (docs->count)
            memcpy(items, docs->items, docs->count * sizeof *items);
        docs->items = items;
        docs->capacity = capacity;
    }
    docs->items[docs->count] = *doc;
    return &docs->items[docs->count++];
}

static void read_object(struct fc_docs *docs, const char *file, const struct fc_node *node)
{
    struct fc_doc doc = {.file = file, .node = node, .name = "", .order = docs->count};

    if (!find_kind(docs, file, node, &doc.kind))
        return;
    if (doc.kind != FC_DOC_PROJECT)
        doc.project = find_project(docs, file, node);
    switch (doc.kind) {
    case FC_DOC_PROJECT:
        read_project(docs, &doc);
        break;
    case FC_DOC_STORE:
        read_store(docs, &doc);
        break;
    case FC_DOC_ENTITY:
        read_entity(docs, &doc);
        break;
    case FC_DOC_TABLE:
        read_table(docs, &doc);
        break;
    }
    if (!add(docs, &doc))
        refuse(docs, REQUEST_TOO_LARGE, file, node, "", "needs more memory than is allowed");
}

static const struct fc_node *items_of(const struct fc_node *node)
{
    const struct fc_node *items = fc_node_get(node, "items");

    return items && items->kind == FC_NODE_SEQUENCE && !fc_node_get(node, "spec") ? items : NULL;
}

/* `kind: EntityList` is the kind of every item that does not name its own. */
static void read_list(struct fc_docs *docs, const char *file, const struct fc_node *items)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->items[i]->kind == FC_NODE_MAPPING)
            read_object(docs, file, items->items[i]);
        else
            refuse(docs, DOCUMENT_INVALID, file, items->items[i], "items",
                   "an item of a list must be a document");
    }
}

void fc_docs_read(struct fc_docs *docs, const char *name, fc_str text)
{
    struct fc_error err = FC_ERROR_INIT;
    struct fc_node_docs parsed = {0};

    if (fc_node_parse(docs->arena, name, text, &parsed, &err) != FC_OK) {
        fc_violations_add(&docs->violations, err.reason, "", "%s", err.message);
        return;
    }
    for (size_t i = 0; i < parsed.count; i++) {
        const struct fc_node *node = parsed.docs[i];
        const struct fc_node *items = items_of(node);
        if (items)
            read_list(docs, name, items);
        else if (node->kind == FC_NODE_SEQUENCE)
            read_list(docs, name, node);
        else if (node->kind == FC_NODE_MAPPING)
            read_object(docs, name, node);
        else
            refuse(docs, DOCUMENT_INVALID, name, node, "",
                   "a document must be a mapping such as `kind: Entity`");
    }
}

/* -- order --------------------------------------------------------------------------------------------------- */

static int by_identity(const void *a, const void *b)
{
    const struct fc_doc *left = a, *right = b;
    int order = (left->kind > right->kind) - (left->kind < right->kind);

    if (order == 0)
        order = strcmp(left->project, right->project);
    if (order == 0)
        order = strcmp(left->name, right->name);
    return order ? order : (left->order > right->order) - (left->order < right->order);
}

static int by_turn(const void *a, const void *b)
{
    const struct fc_doc *left = a, *right = b;
    int order = (left->kind > right->kind) - (left->kind < right->kind);

    return order ? order : (left->order > right->order) - (left->order < right->order);
}

void fc_docs_finish(struct fc_docs *docs)
{
    if (docs->violations.count > 0 || docs->count < 2)
        return; /* an incomplete list would give misleading complaints */
    qsort(docs->items, docs->count, sizeof *docs->items, by_identity);
    for (size_t i = 1; i < docs->count; i++) {
        const struct fc_doc *first = &docs->items[i - 1], *second = &docs->items[i];
        if (first->kind == second->kind && strcmp(first->project, second->project) == 0 &&
            strcmp(first->name, second->name) == 0)
            refuse(docs, DOCUMENT_INVALID, second->file, second->node, "",
                   "%s \"%.100s\" is described twice; the first is at %s:%u",
                   fc_doc_word(second->kind), second->name, first->file, first->node->line);
    }
    qsort(docs->items, docs->count, sizeof *docs->items, by_turn);
}

/* -- places -------------------------------------------------------------------------------------------------- */

static const struct fc_node *member(const struct fc_node *node, const char *name, size_t len)
{
    char wanted[128], word[128];

    if (node->kind != FC_NODE_MAPPING || len >= sizeof(wanted))
        return NULL;
    snprintf(wanted, sizeof(wanted), "%.*s", (int)len, name);
    plain_word(wanted, word, sizeof(word));
    for (size_t i = 0; i < node->count; i++) {
        plain_word(node->keys[i]->text.ptr, wanted, sizeof(wanted));
        if (strcmp(wanted, word) == 0)
            return node->items[i];
    }
    return NULL;
}

/* `["key"]`, `[3]` or `[key]` after a name. */
static const struct fc_node *element(const struct fc_node *node, const char *inner, size_t len)
{
    char *end = NULL;
    unsigned long index;

    if (len >= 2 && inner[0] == '"' && inner[len - 1] == '"') {
        inner++;
        len -= 2;
    }
    if (node->kind == FC_NODE_MAPPING) {
        for (size_t i = 0; i < node->count; i++)
            if (fc_str_eq(node->keys[i]->text, (fc_str){.ptr = inner, .len = len}))
                return node->items[i];
        return NULL;
    }
    if (node->kind != FC_NODE_SEQUENCE || !isdigit((unsigned char)inner[0]))
        return NULL;
    index = strtoul(inner, &end, 10);
    return end == inner + len && index < node->count ? node->items[index] : NULL;
}

/* The step at `*path`, which is moved behind it. NULL at the end or when the document has no such part. */
static const struct fc_node *step(const struct fc_node *node, const char **path)
{
    const char *at = *path + (**path == '.');
    size_t len;

    if (*at == '[') {
        const char *close = at[1] == '"' ? strstr(at, "\"]") : strchr(at, ']');
        if (!close)
            return NULL;
        close += *close == '"';
        *path = close + 1;
        return element(node, at + 1, (size_t)(close - at - 1));
    }
    len = strcspn(at, ".[");
    *path = at + len;
    return len ? member(node, at, len) : NULL;
}

const struct fc_node *fc_doc_locate(const struct fc_doc *doc, const char *field)
{
    static const char *const roots[] = {"table_spec", "spec", "online_store"};
    const struct fc_node *node = spec_of(doc->node);

    for (size_t i = 0; i < FC_ARRAY_LEN(roots); i++) {
        size_t len = strlen(roots[i]);
        if (strncmp(field, roots[i], len) == 0 && (field[len] == '.' || field[len] == '\0')) {
            field += len;
            break;
        }
    }
    for (;;) {
        const struct fc_node *next = *field ? step(node, &field) : NULL;
        if (!next)
            return node;
        node = next;
    }
}
