/* SPDX-License-Identifier: Apache-2.0 */
#include "base/url.h"

#include <string.h>
#include <strings.h>

const char *fc_url_public(const char *url, struct fc_arena *arena)
{
    const char *scheme = strstr(url, "://");
    bool web = strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;

    if (!scheme || memchr(url, '/', (size_t)(scheme - url)))
        return url;
    const char *authority = scheme + 3;
    const char *at = memrchr(authority, '@', strcspn(authority, "/?#"));
    const char *shown = at ? at : authority;
    size_t length = web ? strcspn(shown, "?#") : strlen(shown);
    if (!at && shown[length] == '\0')
        return url;
    return fc_arena_printf(arena, "%.*s%s%.*s%s", (int)(authority - url), url, at ? "***" : "",
                           (int)length, shown, shown[length] != '\0' ? "?***" : "");
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void fc_url_put(struct fc_buf *out, char byte)
{
    if (is_unreserved(byte))
        fc_buf_putc(out, byte);
    else
        fc_buf_printf(out, "%%%02X", (unsigned char)byte);
}

void fc_url_escape(struct fc_buf *out, const char *text, const char *kept)
{
    for (; *text; text++)
        if (strchr(kept, *text))
            fc_buf_putc(out, *text);
        else
            fc_url_put(out, *text);
}

void fc_url_form_add(struct fc_buf *form, const char *name, const char *value)
{
    fc_buf_printf(form, "%s%s=", form->len > 0 ? "&" : "", name);
    fc_url_escape(form, value, "");
}
