/* SPDX-License-Identifier: Apache-2.0 */
/* Which properties a file may set, under which names, and what becomes of the values. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "worker/sources/kafka_config_internal.h"

#define VALUE_MAX ((size_t)64 << 10)
#define KEY_MAX   200

enum handling {
    TAKE,        /**< as it is */
    ONE_OF,      /**< one of the words of `note` */
    TRUST_STORE, /**< Java's; a PEM file */
    KEY_STORE,   /**< Java's and librdkafka's; a PEM or PKCS#12 file */
    STORE_TYPE,  /**< says what the file says itself */
    ENDPOINT,    /**< Java spells "none" as nothing */
    JAAS,        /**< Java's login module with user and password */
    REFUSED,     /**< `note` says why */
};

enum { CREDENTIAL = 1, SECRET = 2 };

struct key {
    const char *name;
    const char *property; /**< librdkafka's; NULL: the same */
    enum handling handling;
    unsigned flags;
    const char *note;
};

static const char MECHANISMS[] = "PLAIN SCRAM-SHA-256 SCRAM-SHA-512 GSSAPI";
static const char PROTOCOLS[] = "PLAINTEXT SSL SASL_PLAINTEXT SASL_SSL";
static const char LEVELS[] = "read_committed read_uncommitted";
static const char FROM_TABLE[] = "the feature table names it";
static const char NO_GROUP[] = "no consumer group is joined";
static const char NO_PASSWORD[] = "a PEM file of authorities has no password";
static const char RUNS_CODE[] = "it runs programs";
static const char NO_OAUTH[] = "OAUTHBEARER is not supported";

static const struct key KEYS[] = {
    {"security.protocol", NULL, ONE_OF, 0, PROTOCOLS},
    {"sasl.mechanism", NULL, ONE_OF, 0, MECHANISMS},
    {"sasl.mechanisms", "sasl.mechanism", ONE_OF, 0, MECHANISMS},
    {"sasl.username", NULL, TAKE, CREDENTIAL, NULL},
    {"sasl.password", NULL, TAKE, CREDENTIAL | SECRET, NULL},
    {"sasl.jaas.config", NULL, JAAS, CREDENTIAL | SECRET, NULL},
    {"sasl.kerberos.service.name", NULL, TAKE, 0, NULL},
    {"sasl.kerberos.principal", NULL, TAKE, CREDENTIAL, NULL},
    {"sasl.kerberos.keytab", NULL, TAKE, CREDENTIAL, NULL},
    {"sasl.kerberos.kinit.cmd", NULL, REFUSED, 0, RUNS_CODE},
    {"plugin.library.paths", NULL, REFUSED, 0, RUNS_CODE},
    {"sasl.oauthbearer.config", NULL, REFUSED, 0, NO_OAUTH},
    {"sasl.oauthbearer.method", NULL, REFUSED, 0, NO_OAUTH},
    {"ssl.ca.location", NULL, TAKE, 0, NULL},
    {"ssl.ca.pem", NULL, TAKE, 0, NULL},
    {"ssl.crl.location", NULL, TAKE, 0, NULL},
    {"ssl.truststore.location", "ssl.ca.location", TRUST_STORE, 0, NULL},
    {"ssl.truststore.certificates", "ssl.ca.pem", TAKE, 0, NULL},
    {"ssl.truststore.type", NULL, STORE_TYPE, 0, NULL},
    {"ssl.truststore.password", NULL, REFUSED, 0, NO_PASSWORD},
    {"ssl.certificate.location", NULL, TAKE, CREDENTIAL, NULL},
    {"ssl.certificate.pem", NULL, TAKE, CREDENTIAL, NULL},
    {"ssl.keystore.certificate.chain", "ssl.certificate.pem", TAKE, CREDENTIAL, NULL},
    {"ssl.key.location", NULL, TAKE, CREDENTIAL, NULL},
    {"ssl.key.pem", NULL, TAKE, CREDENTIAL | SECRET, NULL},
    {"ssl.keystore.key", "ssl.key.pem", TAKE, CREDENTIAL | SECRET, NULL},
    {"ssl.key.password", NULL, TAKE, CREDENTIAL | SECRET, NULL},
    {"ssl.keystore.location", NULL, KEY_STORE, CREDENTIAL, NULL},
    {"ssl.keystore.password", NULL, TAKE, CREDENTIAL | SECRET, NULL},
    {"ssl.keystore.type", NULL, STORE_TYPE, 0, NULL},
    {"ssl.cipher.suites", NULL, TAKE, 0, NULL},
    {"ssl.curves.list", NULL, TAKE, 0, NULL},
    {"ssl.sigalgs.list", NULL, TAKE, 0, NULL},
    {"ssl.endpoint.identification.algorithm", NULL, ENDPOINT, 0, NULL},
    {"enable.ssl.certificate.verification", NULL, ONE_OF, 0, "true false"},
    {"client.id", NULL, TAKE, 0, NULL},
    {"client.rack", NULL, TAKE, 0, NULL},
    {"isolation.level", NULL, ONE_OF, 0, LEVELS},
    {"broker.address.family", NULL, ONE_OF, 0, "any v4 v6"},
    {"socket.keepalive.enable", NULL, ONE_OF, 0, "true false"},
    {"bootstrap.servers", NULL, REFUSED, 0, FROM_TABLE},
    {"metadata.broker.list", NULL, REFUSED, 0, FROM_TABLE},
    {"group.id", NULL, REFUSED, 0, NO_GROUP},
    {"auto.offset.reset", NULL, REFUSED, 0, NO_GROUP},
    {"allow.auto.create.topics", NULL, REFUSED, 0, "topics are never created"},
};

static const struct key *find(const char *name, size_t length)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(KEYS); i++)
        if (strlen(KEYS[i].name) == length && strncmp(KEYS[i].name, name, length) == 0)
            return &KEYS[i];
    return NULL;
}

static fc_rc unknown(struct fc_kafka_reading *reading, const char *name)
{
    const char *names[FC_ARRAY_LEN(KEYS)];

    for (size_t i = 0; i < FC_ARRAY_LEN(KEYS); i++)
        names[i] = KEYS[i].name;
    const char *nearest = fc_str_nearest(name, names, FC_ARRAY_LEN(names));
    if (nearest)
        return fc_kafka_config_fail(reading, "\"%.*s\" is no property; did you mean \"%s\"?",
                                    KEY_MAX, name, nearest);
    return fc_kafka_config_fail(reading, "\"%.*s\" is no property that may be set here", KEY_MAX,
                                name);
}

static fc_rc add(struct fc_kafka_reading *reading, const struct key *key, const char *property,
                 const char *value)
{
    struct fc_kafka_config *config = reading->config;
    struct fc_kafka_property *p = &config->properties[config->count];

    if (config->count == FC_KAFKA_PROPERTIES_MAX)
        return fc_kafka_config_fail(reading, "more than %d properties", FC_KAFKA_PROPERTIES_MAX);
    *p = (struct fc_kafka_property){
        .name = property,
        .value = fc_arena_strdup(reading->arena, value),
        .line = reading->line,
        .secret = (key->flags & SECRET) != 0,
    };
    if (!p->value)
        return fc_fail(reading->err, FC_REASON_OUT_OF_MEMORY, "no memory for Kafka properties");
    config->count++;
    return FC_OK;
}

static fc_rc read_file(struct fc_kafka_reading *reading, const char *path, struct fc_buf *ret)
{
    struct fc_error error = FC_ERROR_INIT;

    if (fc_file_read(path, "file", VALUE_MAX, ret, &error) != FC_OK)
        return fc_kafka_config_fail(reading, "%.500s", error.message);
    if (memchr(fc_buf_text(ret), '\0', ret->len))
        return fc_kafka_config_fail(reading, "%.500s is no text", path);
    return FC_OK;
}

/* What the file holds, without the line ends that editors leave. */
static fc_rc value_of_file(struct fc_kafka_reading *reading, const char *path, const char **ret)
{
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;
    fc_rc rc = read_file(reading, path, &text);

    if (rc != FC_OK)
        return rc;
    while (text.len > 0 && isspace((unsigned char)text.ptr[text.len - 1]))
        text.ptr[--text.len] = '\0';
    *ret = fc_arena_strdup(reading->arena, fc_buf_text(&text));
    if (text.ptr)
        explicit_bzero(text.ptr, text.len);
    return *ret ? FC_OK
                : fc_fail(reading->err, FC_REASON_OUT_OF_MEMORY, "no memory for Kafka properties");
}

/* `${file:/path}`, or a path when the key ends in _file. */
static fc_rc resolve(struct fc_kafka_reading *reading, bool is_path, const char **value)
{
    static const char OPEN[] = "${file:";
    const char *text = *value;
    size_t length = strlen(text);

    if (is_path)
        return value_of_file(reading, text, value);
    if (strncmp(text, "${", 2) != 0)
        return FC_OK;
    if (strncmp(text, OPEN, sizeof(OPEN) - 1) != 0 || text[length - 1] != '}')
        return fc_kafka_config_fail(reading, "of ${…} only ${file:/path} is known");
    const char *path =
        fc_arena_strndup(reading->arena, text + sizeof(OPEN) - 1, length - sizeof(OPEN));
    if (!path)
        return fc_fail(reading->err, FC_REASON_OUT_OF_MEMORY, "no memory for Kafka properties");
    return value_of_file(reading, path, value);
}

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; *at;) {
        size_t n = strcspn(at, " ");
        if (n == length && strncasecmp(at, word, n) == 0)
            return true;
        at += n + (at[n] == ' ');
    }
    return false;
}

/* What a store file is, by its first bytes: Java's default was JKS, then PKCS#12, and PEM has no marker but itself. */
enum store { STORE_PEM, STORE_JKS, STORE_OTHER };

static fc_rc store_of(struct fc_kafka_reading *reading, const char *path, enum store *ret)
{
    static const unsigned char JKS[] = {0xfe, 0xed, 0xfe, 0xed};
    struct fc_error error = FC_ERROR_INIT;
    FC_CLEANUP(fc_buf_done) struct fc_buf text = FC_BUF_INIT;

    if (fc_file_read(path, "store", VALUE_MAX * 16, &text, &error) != FC_OK)
        return fc_kafka_config_fail(reading, "%.500s", error.message);
    *ret = STORE_OTHER;
    if (strstr(fc_buf_text(&text), "-----BEGIN "))
        *ret = STORE_PEM;
    else if (text.len >= sizeof(JKS) && memcmp(text.ptr, JKS, sizeof(JKS)) == 0)
        *ret = STORE_JKS;
    if (text.ptr)
        explicit_bzero(text.ptr, text.len);
    return FC_OK;
}

static fc_rc put_store(struct fc_kafka_reading *reading, const struct key *key, const char *path)
{
    enum store store = STORE_OTHER;
    fc_rc rc = store_of(reading, path, &store);

    if (rc != FC_OK)
        return rc;
    if (key->handling == TRUST_STORE) {
        if (store != STORE_PEM)
            return fc_kafka_config_fail(
                reading, "%.300s is no PEM file; `keytool -exportcert -rfc` makes one", path);
        return add(reading, key, key->property, path);
    }
    if (store == STORE_JKS)
        return fc_kafka_config_fail(reading,
                                    "%.300s is a Java key store; `keytool -importkeystore "
                                    "-deststoretype pkcs12` makes one that can be read",
                                    path);
    if (store == STORE_OTHER)
        return add(reading, key, "ssl.keystore.location", path);
    rc = add(reading, key, "ssl.certificate.location", path);
    return rc == FC_OK ? add(reading, key, "ssl.key.location", path) : rc;
}

/* One `name="value"` of a login module; NULL when there is none of that name. */
static const char *jaas_option(struct fc_arena *arena, const char *text, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = text; (at = strstr(at, name)); at += length) {
        char before = at == text ? ' ' : at[-1];
        const char *value = at + length;
        if (!isspace((unsigned char)before))
            continue;
        value += strspn(value, " \t");
        if (*value++ != '=')
            continue;
        value += strspn(value, " \t");
        if (*value != '"' && *value != '\'')
            continue;
        const char *end = strchr(value + 1, *value);
        return end ? fc_arena_strndup(arena, value + 1, (size_t)(end - value) - 1) : NULL;
    }
    return NULL;
}

static fc_rc put_jaas(struct fc_kafka_reading *reading, const struct key *key, const char *value)
{
    const char *user = jaas_option(reading->arena, value, "username");
    const char *password = jaas_option(reading->arena, value, "password");

    if (!user || !password)
        return fc_kafka_config_fail(
            reading,
            "%s is not understood: … required username=\"…\" password=\"…\"; or set "
            "sasl.username and sasl.password",
            key->name);
    fc_rc rc = add(reading, find("sasl.username", 13), "sasl.username", user);
    return rc == FC_OK ? add(reading, key, "sasl.password", password) : rc;
}

static fc_rc take(struct fc_kafka_reading *reading, const struct key *key, const char *value)
{
    const char *property = key->property ? key->property : key->name;

    switch (key->handling) {
    case ONE_OF:
        if (!has_word(key->note, value))
            return fc_kafka_config_fail(reading, "%s is one of %s, not \"%.60s\"", key->name,
                                        key->note, value);
        break;
    case STORE_TYPE:
        if (!has_word("PEM PKCS12", value))
            return fc_kafka_config_fail(reading, "%s is PEM or PKCS12, not \"%.60s\"", key->name,
                                        value);
        return FC_OK;
    case TRUST_STORE:
    case KEY_STORE:
        return put_store(reading, key, value);
    case JAAS:
        return put_jaas(reading, key, value);
    case ENDPOINT:
        return add(reading, key, property, *value ? value : "none");
    default:
        break;
    }
    return add(reading, key, property, value);
}

fc_rc fc_kafka_config_put(struct fc_kafka_reading *reading, const char *name, const char *value,
                          bool applies)
{
    static const char SUFFIX[] = "_file";
    size_t length = strlen(name);
    const struct key *key = find(name, length);
    bool is_path = false;

    if (!key && length > sizeof(SUFFIX) && strcmp(name + length - 5, SUFFIX) == 0) {
        key = find(name, length - 5);
        is_path = true;
    }
    if (!key)
        return unknown(reading, name);
    if (key->handling == REFUSED)
        return fc_kafka_config_fail(reading, "%s cannot be set: %s", key->name, key->note);
    if ((key->flags & CREDENTIAL) && !reading->credentials_allowed)
        return fc_kafka_config_fail(reading,
                                    "%s is a credential and must stand in the section of its "
                                    "cluster, or in [*] for whatever broker a table names",
                                    key->name);
    if (!applies)
        return FC_OK;
    fc_rc rc = resolve(reading, is_path, &value);
    return rc == FC_OK ? take(reading, key, value) : rc;
}
