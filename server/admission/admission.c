/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission/admission.h"

#include <stdlib.h>
#include <string.h>

#include "server/admission/internal.h"

#define DEFAULT_DEADLINE_NS (5 * FC_NS_PER_S)
#define DEFAULT_PARALLEL    4
#define DEFAULT_QUEUE_LIMIT 256

static bool copy_roots(struct fc_admission *admission, const char *const *roots)
{
    size_t count = 0;

    while (roots && roots[count])
        count++;
    admission->roots = calloc(count + 1, sizeof *admission->roots);
    for (size_t i = 0; admission->roots && i < count; i++) {
        admission->roots[i] = strdup(roots[i]);
        if (!admission->roots[i])
            return false;
    }
    return admission->roots != NULL;
}

fc_rc fc_admission_new(const struct fc_admission_options *options, struct fc_admission **ret,
                       struct fc_error *err)
{
    FC_CLEANUP(fc_admission_freep) struct fc_admission *admission = calloc(1, sizeof *admission);

    if (!admission || !copy_roots(admission, options->local_roots))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for admission");
    admission->sys = options->sys ? options->sys : fc_sys_real();
    admission->location =
        (struct fc_location_policy){.access = options->access,
                                    .local_any = options->local_any,
                                    .local_roots = (const char *const *)admission->roots};
    admission->mode = options->mode;
    admission->deadline_ns = options->deadline_ns > 0 ? options->deadline_ns : DEFAULT_DEADLINE_NS;
    admission->max_invalid_ratio = options->max_invalid_ratio;
    struct fc_pool_options pool = {
        .sys = admission->sys,
        .worker_path = options->worker_path,
        .scratch_dir = options->scratch_dir,
        .threads = options->parallel > 0 ? options->parallel : DEFAULT_PARALLEL,
        .queue_limit = options->queue_limit > 0 ? options->queue_limit : DEFAULT_QUEUE_LIMIT,
        .patience_ns = admission->deadline_ns / 2,
    };
    fc_rc rc = fc_pool_new(&pool, &admission->pool, err);
    if (rc == FC_OK && options->background_parallel > 0) {
        pool.threads = options->background_parallel;
        pool.first_number = options->parallel > 0 ? options->parallel : DEFAULT_PARALLEL;
        pool.cold = true;
        rc = fc_pool_new(&pool, &admission->background, err);
    }
    if (rc == FC_OK)
        *ret = fc_steal(admission);
    return rc;
}

void fc_admission_free(struct fc_admission *admission)
{
    if (!admission)
        return;
    fc_pool_free(admission->background);
    fc_pool_free(admission->pool);
    for (size_t i = 0; admission->roots && admission->roots[i]; i++)
        free(admission->roots[i]);
    free(admission->roots);
    free(admission);
}

enum fc_validation_mode fc_admission_default_mode(const struct fc_admission *admission)
{
    return admission->mode;
}

void fc_admission_stats(struct fc_admission *admission, struct fc_admission_stats *ret)
{
    *ret = (struct fc_admission_stats){
        .probes = atomic_load(&admission->probes),
        .refused = atomic_load(&admission->refused),
        .unverified = atomic_load(&admission->unverified),
        .worker_failures = atomic_load(&admission->worker_failures),
    };
    for (size_t i = 0; i < FC_ADMISSION_VERDICTS; i++)
        ret->verdicts[i] = atomic_load(&admission->verdicts[i]);
}
