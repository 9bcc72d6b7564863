/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the place of libFuzzer in builds without it:
 *
 *     <target> <mutations> <directory>...
 *
 * runs a fuzz target once over every file of the directories, then over that many inputs made from them (mutate.h), so that
 * each compiler and sanitizer does it as an ordinary test. FC_SEED makes other ones. The input that ends the program is
 * left beside it as <target>.crash.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

enum { INPUT_MAX = 16 << 20, FILES_MAX = 4096 };

static char crash_path[4096];
static struct mutation_input present; /* with the target */

/* In a signal handler: nothing but system calls. */
static void leave_input(void)
{
    static const char text[] = "the input is left beside the program as .crash\n";
    int file = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

    if (file >= 0) {
        (void)!write(file, present.bytes, present.size);
        close(file);
    }
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
}

static void on_signal(int number)
{
    signal(number, SIG_DFL);
    leave_input();
    raise(number);
}

static void watch_for_crashes(void)
{
    static const int signals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};

    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(leave_input);
        signal(SIGABRT, on_signal);
        return;
    }
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        signal(signals[i], on_signal);
}

/* An exact allocation, so that AddressSanitizer sees a read one byte behind the input. */
static int run(const uint8_t *bytes, size_t size)
{
    uint8_t *input = malloc(size ? size : 1);
    int rc;

    if (!input)
        return -1;
    memcpy(input, bytes, size);
    present = (struct mutation_input){input, size};
    rc = LLVMFuzzerTestOneInput(input, size);
    free(input);
    return rc;
}

static struct mutation_input read_input(const char *path)
{
    static uint8_t buffer[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    struct mutation_input input = {0};
    uint8_t *bytes;

    if (!file)
        return input;
    input.size = fread(buffer, 1, sizeof(buffer), file);
    bytes = ferror(file) ? NULL : malloc(input.size ? input.size : 1);
    if (bytes)
        memcpy(bytes, buffer, input.size);
    input.bytes = bytes;
    fclose(file);
    return input;
}

/* Sorted, so that mutations are the same on every file system. */
static int read_directory(const char *path, struct mutation_input *inputs, size_t *count)
{
    struct dirent **entries;
    int found = scandir(path, &entries, NULL, alphasort), rc = 0;

    if (found < 0) {
        perror(path);
        return -1;
    }
    for (int i = 0; i < found; i++) {
        char name[4096];
        snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && *count < FILES_MAX) {
            inputs[*count] = read_input(name);
            if (!inputs[*count].bytes || run(inputs[*count].bytes, inputs[*count].size) != 0) {
                fprintf(stderr, "%s: cannot be read or was refused by the target\n", name);
                rc = -1;
            }
            (*count)++;
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int run_mutations(const struct mutation_input *inputs, size_t count, uint64_t times)
{
    static uint8_t buffer[MUTATION_MAX];
    const char *text = getenv("FC_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1;

    for (uint64_t i = 0; i < times; i++) {
        size_t size = mutate(inputs, count, seed, i, buffer);
        if (run(buffer, size) != 0)
            return -1;
    }
    printf("%llu mutations of seed %llu\n", (unsigned long long)times, (unsigned long long)seed);
    return 0;
}

int main(int argc, char **argv)
{
    static struct mutation_input inputs[FILES_MAX];
    size_t count = 0;
    int rc = argc > 2 ? 0 : -1;

    snprintf(crash_path, sizeof(crash_path), "%s.crash", argv[0]);
    watch_for_crashes();
    for (int i = 2; i < argc && rc == 0; i++)
        rc = read_directory(argv[i], inputs, &count);
    printf("%zu inputs\n", count);
    if (rc == 0 && count > 0)
        rc = run_mutations(inputs, count, strtoull(argv[1], NULL, 10));
    for (size_t i = 0; i < count; i++)
        free((void *)inputs[i].bytes);
    return rc == 0 && count > 0 ? 0 : 1;
}
