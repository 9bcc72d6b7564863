/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the place of libFuzzer in builds without it: runs a fuzz target once over every file of the
 * directories named, so that each compiler and sanitizer replays the corpora as an ordinary test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16 << 20 };

/* An exact allocation, so that AddressSanitizer sees a read one byte behind the input. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *buffer = malloc(INPUT_MAX);
    uint8_t *input = NULL;
    size_t size = 0;
    int rc = -1;

    if (file && buffer) {
        size = fread(buffer, 1, INPUT_MAX, file);
        input = malloc(size ? size : 1);
    }
    if (input && !ferror(file)) {
        memcpy(input, buffer, size);
        rc = LLVMFuzzerTestOneInput(input, size);
    }
    if (rc != 0)
        fprintf(stderr, "%s: cannot be read or was refused by the target\n", path);
    free(input);
    free(buffer);
    if (file)
        fclose(file);
    return rc;
}

static int replay_directory(const char *path, size_t *ret_count)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    int rc = 0;

    if (!directory) {
        perror(path);
        return -1;
    }
    while (rc == 0 && (entry = readdir(directory))) {
        char name[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        rc = replay_file(name);
        (*ret_count)++;
    }
    closedir(directory);
    return rc;
}

int main(int argc, char **argv)
{
    size_t count = 0;

    for (int i = 1; i < argc; i++) {
        if (replay_directory(argv[i], &count) != 0)
            return 1;
    }
    printf("%zu inputs\n", count);
    return count > 0 ? 0 : 1;
}
