/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked into feast-worker in builds with ThreadSanitizer. The worker has one thread of its own; all others belong to
 * DuckDB, which is not instrumented, so that every report would be about what the sanitizer cannot see. TSAN_OPTIONS does
 * not reach a worker: it gets only the environment that feast-core gives it.
 */
const char *__tsan_default_options(void);

__attribute__((visibility("default"))) const char *__tsan_default_options(void)
{
    return "report_bugs=0";
}
