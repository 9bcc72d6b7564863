/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/duck/beside.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "worker/duck/internal.h"

struct fc_duck_beside {
    struct fc_duck *duck;
    char *sql;
    const char *path;
    pthread_t thread;
    /* The thread's until it is joined. */
    struct fc_duck_result *result;
    struct fc_error err;
    fc_rc rc;
};

static void *run(void *ctx)
{
    struct fc_duck_beside *beside = ctx;

    beside->rc = fc_duck_query_second(beside->duck, beside->sql, beside->path, &beside->result,
                                      &beside->err);
    return NULL;
}

struct fc_duck_beside *fc_duck_beside_start(struct fc_duck *duck, const char *sql, const char *path)
{
    struct fc_duck_beside *beside = NULL;

    if (!fc_duck_second_take(duck))
        return NULL;
    beside = calloc(1, sizeof *beside);
    if (beside) {
        beside->duck = duck;
        beside->sql = strdup(sql);
        beside->path = path;
        if (beside->sql && pthread_create(&beside->thread, NULL, run, beside) == 0)
            return beside;
        free(beside->sql);
    }
    free(beside);
    fc_duck_second_give(duck);
    return NULL;
}

fc_rc fc_duck_beside_join(struct fc_duck_beside *beside, struct fc_duck_result **ret,
                          struct fc_error *err)
{
    (void)pthread_join(beside->thread, NULL);
    fc_duck_second_give(beside->duck);
    fc_rc rc = beside->rc;
    if (rc != FC_OK)
        *err = beside->err;
    *ret = beside->result;
    free(beside->sql);
    free(beside);
    return rc;
}
