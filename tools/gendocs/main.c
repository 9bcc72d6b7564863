/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gendocs             lists the pages: a name and the file it belongs into, one a line
 * gendocs <name>      prints that page
 *
 * `./dev docs` writes all of them; `./dev lint docs` fails when one differs from its file.
 */
#include <string.h>

#include "base/attr.h"
#include "tools/gendocs/pages.h"

#define MADE     "Made by `./dev docs` from tables in the code: change those, not this file."
#define MARKDOWN "<!-- " MADE " -->\n\n"
#define MAN      ".\\\" SPDX-License-Identifier: Apache-2.0\n.\\\" " MADE "\n"

static const struct page {
    const char *name, *file;
    void (*print)(FILE *out);
    const char *mark; /* its first line */
} pages[] = {
    {"errors", "docs/reference/errors.md", page_errors, MARKDOWN},
    {"feastctl", "docs/reference/feastctl.md", page_feastctl, MARKDOWN},
    {"configuration", "docs/reference/configuration.md", page_configuration, MARKDOWN},
    {"metrics", "docs/reference/metrics.md", page_metrics, MARKDOWN},
    {"man", "docs/man/feastctl.1", page_man, MAN},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(pages); i++) {
        if (argc < 2) {
            (void)printf("%s %s\n", pages[i].name, pages[i].file);
        } else if (strcmp(argv[1], pages[i].name) == 0) {
            (void)fputs(pages[i].mark, stdout);
            pages[i].print(stdout);
            return fflush(stdout) == 0 ? 0 : 1;
        }
    }
    if (argc < 2)
        return 0;
    (void)fprintf(stderr, "gendocs: there is no page \"%s\"; without an argument all are listed\n",
                  argv[1]);
    return 2;
}
