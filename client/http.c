/* SPDX-License-Identifier: Apache-2.0 */
#include "client/http.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/sys.h"

#define MAX_REDIRECTS 5L

/* What of libcurl is used. The types of its header keep the options in step with the library. */
struct library {
    void *handle;
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *curl, CURLoption option, ...);
    CURLcode (*easy_perform)(CURL *curl);
    CURLcode (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
    const char *(*easy_strerror)(CURLcode code);
    void (*easy_cleanup)(CURL *curl);
};

struct answer {
    struct fc_buf *body;
    size_t max_bytes;
    bool too_large;
};

bool fc_web_is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

static bool find(void *handle, const char *name, void *ret)
{
    void *symbol = dlsym(handle, name);

    memcpy(ret, &symbol, sizeof(symbol)); /* a function's address, as POSIX has dlsym give it */
    return symbol != NULL;
}

static fc_rc load(struct library *library, struct fc_error *err)
{
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);

    if (!handle)
        return fc_fail(err, FC_REASON_USAGE, "URLs need libcurl, which cannot be loaded: %s",
                       dlerror());
    library->handle = handle;
    if (find(handle, "curl_easy_init", &library->easy_init) &&
        find(handle, "curl_easy_setopt", &library->easy_setopt) &&
        find(handle, "curl_easy_perform", &library->easy_perform) &&
        find(handle, "curl_easy_getinfo", &library->easy_getinfo) &&
        find(handle, "curl_easy_strerror", &library->easy_strerror) &&
        find(handle, "curl_easy_cleanup", &library->easy_cleanup))
        return FC_OK;
    return fc_fail(err, FC_REASON_USAGE, "URLs need libcurl 7.88 or newer: %s", dlerror());
}

static size_t take(char *data, size_t size, size_t count, void *ctx)
{
    struct answer *answer = ctx;

    if (answer->body->len + size * count > answer->max_bytes) {
        answer->too_large = true;
        return 0;
    }
    fc_buf_append(answer->body, data, size * count);
    return answer->body->failed ? 0 : size * count;
}

static void set_options(const struct library *lib, CURL *curl, const struct fc_web_request *request,
                        struct answer *answer, char *message)
{
    lib->easy_setopt(curl, CURLOPT_URL, request->url);
    lib->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    lib->easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    lib->easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    lib->easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(request->timeout_ns / FC_NS_PER_MS));
    lib->easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    lib->easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    lib->easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
    lib->easy_setopt(curl, CURLOPT_USERAGENT, "feastctl");
    if (request->ca_file)
        lib->easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
    if (request->form) {
        lib->easy_setopt(curl, CURLOPT_POSTFIELDS, request->form);
    } else {
        lib->easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
        lib->easy_setopt(curl, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
    }
}

static fc_rc judge(const struct library *lib, CURL *curl, CURLcode code,
                   const struct fc_web_request *request, const struct answer *answer,
                   const char *message, struct fc_error *err)
{
    long status = 0;

    if (answer->too_large)
        return fc_fail(err, FC_REASON_USAGE, "%s has more than %zu MiB", request->url,
                       request->max_bytes >> 20);
    if (code != CURLE_OK)
        return fc_fail(err, FC_REASON_UNREACHABLE, "%s cannot be fetched: %s", request->url,
                       message[0] ? message : lib->easy_strerror(code));
    lib->easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 500 || status == 429)
        return fc_fail(err, FC_REASON_UNREACHABLE, "%s cannot be fetched: HTTP status %ld",
                       request->url, status);
    if (status < 200 || status > 299)
        return fc_fail(err, FC_REASON_USAGE, "%s cannot be fetched: HTTP status %ld", request->url,
                       status);
    return FC_OK;
}

fc_rc fc_web_fetch(const struct fc_web_request *request, struct fc_buf *ret, struct fc_error *err)
{
    struct library lib = {.handle = NULL};
    struct answer answer = {.body = ret, .max_bytes = request->max_bytes};
    char message[CURL_ERROR_SIZE] = "";
    fc_rc rc = load(&lib, err);
    CURL *curl = rc == FC_OK ? lib.easy_init() : NULL;

    if (rc != FC_OK)
        return rc;
    if (!curl)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory to fetch %s", request->url);
    set_options(&lib, curl, request, &answer, message);
    rc = judge(&lib, curl, lib.easy_perform(curl), request, &answer, message, err);
    lib.easy_cleanup(curl);
    /* It stays loaded: some of its libraries do not bear to be taken away. */
    return rc;
}
