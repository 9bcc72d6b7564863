/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cron expressions read aloud, for tests/conformance/cron.py. Each line of standard input is
 *
 *     <moment in seconds since 1970> <how many> <expression>
 *
 * and is answered by a line: the moments of the next times, or `refused` and why. Times are UTC.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/jobs/cron.h"

static void answer(int64_t at, int count, const char *expression)
{
    static const struct fc_zone utc = {.named = false};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_cron cron;

    if (fc_cron_parse(fc_str_from(expression), &cron, &err) != FC_OK) {
        printf("refused %s\n", err.message);
        return;
    }
    for (int i = 0; i < count; i++) {
        at = fc_cron_next(&cron, &utc, at);
        printf("%s%" PRId64, i == 0 ? "" : " ", at);
    }
    putchar('\n');
}

int main(void)
{
    char line[1024];

    while (fgets(line, sizeof line, stdin)) {
        char *rest = line;
        line[strcspn(line, "\n")] = '\0';
        int64_t at = strtoll(line, &rest, 10);
        int count = (int)strtol(rest, &rest, 10);
        answer(at, count, rest + strspn(rest, " "));
    }
    return 0;
}
