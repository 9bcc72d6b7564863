/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/net/xml.h"

#include <expat.h>
#include <limits.h>

#define DEPTH_MAX 32
#define PATH_MAX_ 1024

struct reading {
    XML_Parser parser;
    fc_xml_fn fn;
    void *ctx;
    char path[PATH_MAX_];
    size_t ends[DEPTH_MAX]; /* lengths of the path around each open element */
    size_t depth;
    struct fc_buf text;
    bool refused; /* by us, for its shape */
    fc_rc rc;     /* of the callback */
    struct fc_error *err;
};

static void stop(struct reading *r)
{
    (void)XML_StopParser(r->parser, XML_FALSE);
}

static void refuse(struct reading *r)
{
    r->refused = true;
    stop(r);
}

static void XMLCALL on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = ctx;
    const char *colon = strrchr(name, ':');
    const char *local = colon ? colon + 1 : name;
    size_t len = r->depth ? strlen(r->path) : 0;

    (void)attributes;
    if (r->depth == DEPTH_MAX || len + strlen(local) + 2 > sizeof(r->path)) {
        refuse(r);
        return;
    }
    r->ends[r->depth++] = len;
    if (len > 0)
        r->path[len++] = '/';
    memcpy(r->path + len, local, strlen(local) + 1);
    fc_buf_clear(&r->text);
}

static void XMLCALL on_end(void *ctx, const XML_Char *name)
{
    struct reading *r = ctx;

    (void)name;
    /* An empty element ends although its start stopped the parser, and then it was not entered. */
    if (r->refused)
        return;
    if (r->text.failed)
        r->rc = fc_fail(r->err, FC_REASON_OUT_OF_MEMORY, "no memory to read XML");
    else
        r->rc = r->fn(r->ctx, r->path, fc_buf_text(&r->text), r->err);
    if (r->rc != FC_OK)
        stop(r);
    r->path[r->ends[--r->depth]] = '\0';
    fc_buf_clear(&r->text);
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int len)
{
    struct reading *r = ctx;

    fc_buf_append(&r->text, text, (size_t)len);
}

/* No answer of these services has one; entities would come with it. */
static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int internal)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)internal;
    refuse(ctx);
}

fc_rc fc_xml_read(fc_str xml, const char *what, fc_xml_fn fn, void *ctx, struct fc_error *err)
{
    struct reading r = {.fn = fn, .ctx = ctx, .err = err, .parser = XML_ParserCreate(NULL)};

    if (!r.parser)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to read XML");
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    bool ok = xml.len <= INT_MAX &&
              XML_Parse(r.parser, xml.len ? xml.ptr : "", (int)xml.len, 1) == XML_STATUS_OK;
    fc_rc rc = r.rc;
    if (rc == FC_OK && !ok)
        rc = fc_fail(err, FC_REASON_SOURCE_INVALID,
                     "%s: the answer is no XML of the kind expected (%s)", what,
                     r.refused ? "its shape" : XML_ErrorString(XML_GetErrorCode(r.parser)));
    XML_ParserFree(r.parser);
    fc_buf_done(&r.text);
    return rc;
}
