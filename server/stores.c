/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stores.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sys.h"
#include "base/url.h"

#define MAX_PASSWORD ((size_t)4096)
/* Of reads: whoever asks waits for them. */
#define READ_PATIENCE_NS FC_NS_PER_S

static fc_rc no_memory(struct fc_error *err)
{
    return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the online stores");
}

static fc_rc check_files(const struct fc_config *config, struct fc_error *err)
{
    static const char *const keys[] = {"online_store.ca_file", "online_store.certificate",
                                       "online_store.key"};

    for (size_t i = 0; i < FC_ARRAY_LEN(keys); i++) {
        const char *path = fc_config_str(config, keys[i]);
        if (path[0] != '\0' && access(path, R_OK) != 0) {
            return fc_fail_field(err, FC_REASON_CONFIG_INVALID, keys[i], "'%s' cannot be read: %s",
                                 path, strerror(errno));
        }
    }
    bool certificate = fc_config_str(config, "online_store.certificate")[0] != '\0';
    bool key = fc_config_str(config, "online_store.key")[0] != '\0';
    return certificate == key ? FC_OK
                              : fc_fail_field(err, FC_REASON_CONFIG_INVALID,
                                              key ? "online_store.certificate" : "online_store.key",
                                              "a client certificate and its key go together");
}

/* The configured one, else the first line of the file; "" for none. */
static fc_rc read_password(const struct fc_config *config, struct fc_arena *arena, const char **ret,
                           struct fc_error *err)
{
    const char *path = fc_config_str(config, "online_store.password_file");
    struct fc_buf text = FC_BUF_INIT;

    *ret = fc_config_str(config, "online_store.password");
    if (path[0] == '\0')
        return FC_OK;
    if ((*ret)[0] != '\0') {
        return fc_fail_field(err, FC_REASON_CONFIG_INVALID, "online_store.password_file",
                             "online_store.password is set as well");
    }
    fc_rc rc = fc_file_read(path, "password of the online store", MAX_PASSWORD, &text, err);
    if (rc == FC_OK) {
        *ret = fc_arena_strndup(arena, fc_buf_text(&text), strcspn(fc_buf_text(&text), "\r\n"));
        rc = *ret ? FC_OK : no_memory(err);
    }
    if (text.ptr)
        explicit_bzero(text.ptr, text.capacity);
    fc_buf_done(&text);
    return rc;
}

static fc_rc make_store(const struct fc_config *config, const char *key, const char *url,
                        const char *password, struct fc_arena *arena, struct fc_redis_store *ret,
                        struct fc_error *err)
{
    const struct fc_redis_config redis = {
        .password = password,
        .ca_file = fc_config_str(config, "online_store.ca_file"),
        .cert_file = fc_config_str(config, "online_store.certificate"),
        .key_file = fc_config_str(config, "online_store.key"),
        .timeout_ns = fc_config_duration_ns(config, "online_store.timeout"),
        .patience_ns = READ_PATIENCE_NS,
    };

    *ret = (struct fc_redis_store){
        .name = "",
        .redis = redis,
        .keep_nulls = strcmp(fc_config_str(config, "online_store.nulls"), "keep") == 0,
    };
    (void)fc_redis_layout_from_text(fc_config_str(config, "online_store.layout"), &ret->layout);
    if (fc_redis_config_parse(url, arena, &ret->redis, err) != FC_OK)
        return fc_error_prefix(err, "%s", key);
    return FC_OK;
}

static fc_rc make_named(const struct fc_config *config, const char *password,
                        struct fc_arena *arena, struct fc_online_stores *ret, struct fc_error *err)
{
    static const char key[] = "online_store.named";
    size_t count = fc_config_list_len(config, key);
    struct fc_redis_store *stores = fc_arena_calloc(arena, count + 1, sizeof *stores);

    if (!stores)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const char *entry = fc_config_list_at(config, key, i), *equals = strchr(entry, '=');
        if (!equals || equals == entry) {
            const char *shown = fc_url_public(entry, arena);
            return fc_fail_field(err, FC_REASON_CONFIG_INVALID, key,
                                 "'%s' has no name; expected NAME=redis://HOST:PORT",
                                 shown ? shown : "");
        }
        fc_rc rc = make_store(config, key, equals + 1, password, arena, &stores[i], err);
        if (rc != FC_OK)
            return rc;
        stores[i].name = fc_arena_strndup(arena, entry, (size_t)(equals - entry));
    }
    ret->named = stores;
    ret->named_count = count;
    return FC_OK;
}

fc_rc fc_stores_config(const struct fc_config *config, struct fc_arena *arena,
                       const struct fc_online_stores **ret, struct fc_error *err)
{
    const char *url = fc_config_str(config, "online_store.default"), *password = "";
    struct fc_online_stores *stores = fc_arena_calloc(arena, 1, sizeof *stores);
    struct fc_redis_store *first = fc_arena_calloc(arena, 1, sizeof *first);

    if (!stores || !first)
        return no_memory(err);
    fc_rc rc = check_files(config, err);
    if (rc == FC_OK)
        rc = read_password(config, arena, &password, err);
    if (rc == FC_OK && strcmp(url, "sqlite") != 0) {
        rc = make_store(config, "online_store.default", url, password, arena, first, err);
        stores->by_default = first;
    }
    if (rc == FC_OK)
        rc = make_named(config, password, arena, stores, err);
    if (rc == FC_OK && password[0] != '\0')
        stores->password_env = fc_arena_printf(arena, "%s=%s", FC_REDIS_PASSWORD_ENV, password);
    if (rc == FC_OK && fc_arena_exhausted(arena))
        rc = no_memory(err);
    if (rc == FC_OK)
        *ret = stores;
    return rc;
}
