/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stream_policy.h"

fc_rc fc_stream_policy_config(const struct fc_config *config, struct fc_arena *arena,
                              struct fc_stream_policy *ret, struct fc_error *err)
{
    size_t count = fc_config_list_len(config, "stream.projects");
    const char **projects = fc_arena_calloc(arena, count + 1, sizeof *projects);

    if (!projects)
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for %zu projects", count);
    for (size_t i = 0; i < count; i++)
        projects[i] = fc_config_list_at(config, "stream.projects", i);
    ret->projects = projects;
    return fc_stream_start_parse(fc_config_str(config, "stream.start"), ret, err);
}
