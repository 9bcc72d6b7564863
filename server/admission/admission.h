/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Admission: before a feature table is stored, a worker looks at its sources and the validation policy judges what it
 * found. Runs outside every lock and off the completion-queue threads.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/violations.h"
#include "feast/admin/v1/report.pb-c.h"
#include "feast/core/FeatureTable.pb-c.h"
#include "feast/worker/v1/worker.pb-c.h"
#include "server/registry/entity.h"

enum fc_validation_mode {
    FC_VALIDATION_ENFORCE,
    FC_VALIDATION_STRICT,
    FC_VALIDATION_WARN,
    FC_VALIDATION_OFF
};

/** Reads "enforce", "strict", "warn", "off". */
FC_MUST bool fc_validation_mode_parse(const char *text, enum fc_validation_mode *ret);
const char *fc_validation_mode_name(enum fc_validation_mode mode);
Feast__Admin__V1__ValidationReport__Mode fc_validation_mode_to_wire(enum fc_validation_mode mode);

struct fc_admission;

struct fc_admission_options {
    const struct fc_sys *sys;
    const char *worker_path;      /**< the feast-worker program */
    const char *scratch_dir;      /**< a directory of its own for the probes */
    enum fc_validation_mode mode; /**< the server's default */
    int64_t deadline_ns;          /**< of one probe; 0 means 5 s */
    /** `enforce`: share of invalid sampled rows still accepted; e.g. 0.05 */
    double max_invalid_ratio;
    unsigned parallel;            /**< probes at once; 0 means 4 */
    unsigned background_parallel; /**< of the background, beside those; 0: they share the others */
    unsigned queue_limit;         /**< probes waiting at most; 0 means 256 */
    bool local_any; /**< any local path may be read (the server listens on loopback only) */
    const char *const *local_roots;          /**< else only below these; NULL-terminated */
    const Feast__Worker__V1__Access *access; /**< goes with every order; borrowed; NULL for none */
};

FC_MUST fc_rc fc_admission_new(const struct fc_admission_options *options,
                               struct fc_admission **ret, struct fc_error *err);
/** Waits for running probes. */
void fc_admission_free(struct fc_admission *admission);
FC_DEFINE_FREEP(struct fc_admission, fc_admission_free)

enum fc_validation_mode fc_admission_default_mode(const struct fc_admission *admission);

/** Everything is borrowed until `done` was called. */
struct fc_admission_request {
    const char *project;
    const Feast__Core__FeatureTableSpec *spec;
    const struct fc_entity_type *entities; /**< the table's entities with their declared types */
    size_t entity_count;
    enum fc_validation_mode mode;
    bool background; /**< nobody waits for it: those who wait go first */
    /** monotonic, of the call; the probe's own deadline holds when it is sooner */
    int64_t deadline_ns;
    struct fc_arena *arena; /**< the report and the violations are made here */
};

struct fc_admission_outcome {
    bool accepted;
    Feast__Admin__V1__ValidationReport *report; /**< NULL in mode off */
    struct fc_violations violations; /**< when refused: one per column, fields as in the request */
    struct fc_error error;           /**< when refused: status of the answer */
};

typedef void (*fc_admission_done_fn)(void *ctx, const struct fc_admission_outcome *outcome);

/** Looks at the sources; `done` is called exactly once from a thread of the admission room (or at once in mode off). */
void fc_admission_check(struct fc_admission *admission, const struct fc_admission_request *request,
                        fc_admission_done_fn done, void *ctx);

/** True when a stored verdict, reached under `stored_mode`, satisfies `mode`: an unchanged table needs no new look. */
FC_MUST bool fc_admission_satisfied(int32_t verdict, enum fc_validation_mode stored_mode,
                                    enum fc_validation_mode mode);

#define FC_ADMISSION_VERDICTS 5 /**< of feast.admin.v1.Verdict */

struct fc_admission_stats {
    uint64_t probes, refused, unverified, worker_failures;
    uint64_t verdicts[FC_ADMISSION_VERDICTS]; /**< validations by what they found */
};
void fc_admission_stats(struct fc_admission *admission, struct fc_admission_stats *ret);
