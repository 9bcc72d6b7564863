/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One warm `feast-worker --probe-loop`: started ahead, used for one probe after the other, replaced when it dies, hangs
 * past a deadline or speaks nonsense. Whatever it does costs the one probe it was working on.
 *
 * One thread owns it, and must live as long: the worker is killed by the kernel when the thread that started it ends.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/sys.h"
#include "feast/worker/v1/worker.pb-c.h"

struct fc_prober;

/**
 * `scratch_dir` is made when missing and becomes the worker's TMPDIR; workers with the same `turns_path`, a file they
 * make, decode in turn. Starts nothing yet.
 */
FC_MUST fc_rc fc_prober_new(const struct fc_sys *sys, const char *worker_path,
                            const char *scratch_dir, const char *turns_path, struct fc_prober **ret,
                            struct fc_error *err);
/** Kills the worker when there is one. */
void fc_prober_free(struct fc_prober *prober);
FC_DEFINE_FREEP(struct fc_prober, fc_prober_free)

/** Makes sure that a worker runs. */
FC_MUST fc_rc fc_prober_warm(struct fc_prober *prober, struct fc_error *err);
/** Stops the worker, to give its memory back. */
void fc_prober_cool(struct fc_prober *prober);

/**
 * Has the order carried out. `*ret_result` is made in the arena; it is checked protobuf, but what it says is the
 * worker's word. FC_DEADLINE_EXCEEDED at `deadline_ns` (monotonic); FC_UNAVAILABLE (WORKER_FAILED) when the worker could
 * not be started, died or lied. After an error the worker is gone.
 */
FC_MUST fc_rc fc_prober_run(struct fc_prober *prober, const Feast__Worker__V1__WorkOrder *order,
                            int64_t deadline_ns, struct fc_arena *arena,
                            Feast__Worker__V1__Result **ret_result, struct fc_error *err);
