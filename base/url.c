/* SPDX-License-Identifier: Apache-2.0 */
#include "base/url.h"

#include <string.h>
#include <strings.h>

const char *fc_url_public(const char *url, struct fc_arena *arena)
{
    const char *scheme = strstr(url, "://");
    bool web = strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;

    if (scheme == NULL || memchr(url, '/', (size_t)(scheme - url)) != NULL)
        return url;
    const char *authority = scheme + 3;
    const char *at = memrchr(authority, '@', strcspn(authority, "/?#"));
    const char *shown = at != NULL ? at : authority;
    size_t length = web ? strcspn(shown, "?#") : strlen(shown);
    if (at == NULL && shown[length] == '\0')
        return url;
    return fc_arena_printf(arena, "%.*s%s%.*s%s", (int)(authority - url), url,
                           at != NULL ? "***" : "", (int)length, shown,
                           shown[length] != '\0' ? "?***" : "");
}
