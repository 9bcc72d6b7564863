/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: one byte that picks the way in, then a configuration for the real table of keys: a file, or the arguments or
 * the environment, one a line. It is taken or refused with words, and what was taken can be printed.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/config_table.h"

enum { WORDS_MAX = 64 };

static fc_rc load_file(struct fc_config *config, fc_str text, struct fc_error *err)
{
    int fd = memfd_create("config", MFD_CLOEXEC);
    char path[32];
    fc_rc rc;

    FUZZ_CHECK(fd >= 0 && write(fd, text.ptr, text.len) == (ssize_t)text.len, "no memory file");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    rc = fc_config_load_file(config, path, err);
    close(fd);
    return rc;
}

static void ignore_other(void *ctx, const char *name, const char *value)
{
    (void)ctx;
    (void)name;
    (void)value;
}

/* Words end at a line break; a NUL ends them as it does in a real argument. */
static fc_rc load_words(struct fc_config *config, fc_str text, bool environment,
                        struct fc_error *err)
{
    static const char *const others[] = {"help", "config=", NULL};
    char *copy = malloc(text.len + 1); /* not strndup: the sanitizer lets it read a byte too far */
    char *words[WORDS_MAX + 2] = {(char *)"feast-core"};
    int count = 1;
    char *at = NULL;
    fc_rc rc;

    FUZZ_CHECK(copy != NULL, "out of memory");
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    for (char *word = strtok_r(copy, "\n", &at); word && count <= WORDS_MAX;
         word = strtok_r(NULL, "\n", &at))
        words[count++] = word;
    if (environment)
        rc = fc_config_load_env(config, words + 1, err);
    else
        rc = fc_config_load_args(config, count, words, others, ignore_other, NULL, err);
    free(copy);
    return rc;
}

static void print(const struct fc_config *config)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    FUZZ_CHECK(out != NULL, "out of memory");
    fc_config_print(config, out);
    fclose(out);
    FUZZ_CHECK(size > 0, "a configuration that prints nothing");
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fc_str text = {.ptr = (const char *)data, .len = size};
    unsigned way = fuzz_take(&text) % 3;
    FC_CLEANUP(fc_config_freep)
    struct fc_config *config = fc_config_new(fc_server_config_table, FC_SERVER_ENV_PREFIX);
    struct fc_error err = FC_ERROR_INIT;
    fc_rc rc;

    FUZZ_CHECK(config != NULL, "out of memory");
    if (way == 0)
        rc = load_file(config, text, &err);
    else
        rc = load_words(config, text, way == 2, &err);
    FUZZ_CHECK(rc == FC_OK || err.message[0] != '\0', "a refusal without words");
    print(config);
    return 0;
}
