/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission/order.h"

#include <inttypes.h>

/* What one probe may read of a source: enough to judge it by, little enough to do so within a call. */
#define SAMPLE_ROWS  1000
#define SAMPLE_BYTES (64u * 1024 * 1024)
#define SCHEMA_FILES 32

/* All parts of an order; one allocation. protobuf-c has no const: what is borrowed is only read. */
struct parts {
    Feast__Worker__V1__WorkOrder order;
    Feast__Worker__V1__Probe probe;
    Feast__Worker__V1__Limits limits;
    Feast__Core__FeatureTableSpec spec;
    Feast__Core__DataSource source;
    Feast__Core__DataSource__FileOptions file;
};

static void set_limits(Feast__Worker__V1__Limits *limits, int64_t left_ns)
{
    int64_t left_ms = left_ns / FC_NS_PER_MS;

    feast__worker__v1__limits__init(limits);
    limits->rows = SAMPLE_ROWS;
    limits->bytes = SAMPLE_BYTES;
    limits->files = SCHEMA_FILES;
    /* 0 would mean no bound. */
    limits->deadline_ms = left_ms > UINT32_MAX ? UINT32_MAX : left_ms < 1 ? 1 : (uint32_t)left_ms;
}

/* The spec as it was sent, but for the location. */
static void set_spec(struct parts *parts, const struct fc_probe_order *order,
                     const struct fc_admission_request *request)
{
    bool stream = order->slot == FEAST__ADMIN__V1__SOURCE_SLOT__SOURCE_SLOT_STREAM;

    parts->spec = *request->spec;
    Feast__Core__DataSource **source =
        stream ? &parts->spec.stream_source : &parts->spec.batch_source;
    parts->source = **source;
    *source = &parts->source;
    if (parts->source.options_case == FEAST__CORE__DATA_SOURCE__OPTIONS_FILE_OPTIONS) {
        parts->file = *parts->source.file_options;
        parts->file.file_url = (char *)order->url;
        parts->source.file_options = &parts->file;
    }
}

static bool set_entities(Feast__Worker__V1__Probe *probe,
                         const struct fc_admission_request *request, struct fc_arena *arena)
{
    size_t count = request->entity_count;
    Feast__Worker__V1__EntityType *types = fc_arena_calloc(arena, count, sizeof *types);
    Feast__Worker__V1__EntityType **list =
        fc_arena_calloc(arena, count, sizeof(Feast__Worker__V1__EntityType *));

    if (!types || !list)
        return false;
    for (size_t i = 0; i < count; i++) {
        feast__worker__v1__entity_type__init(&types[i]);
        types[i].name = (char *)request->entities[i].name;
        types[i].value_type = (Feast__Types__ValueType__Enum)request->entities[i].value_type;
        list[i] = &types[i];
    }
    probe->n_entities = count;
    probe->entities = list;
    return true;
}

fc_rc fc_probe_order_make(const struct fc_probe_order *order,
                          const struct fc_admission_request *request, struct fc_arena *arena,
                          const Feast__Worker__V1__WorkOrder **ret, struct fc_error *err)
{
    struct parts *parts = fc_arena_calloc(arena, 1, sizeof *parts);
    char *id = fc_arena_printf(arena, "probe-%" PRIu64, order->number);

    if (parts)
        feast__worker__v1__probe__init(&parts->probe);
    if (!parts || !id || !set_entities(&parts->probe, request, arena))
        return fc_fail(err, FC_REASON_OUT_OF_MEMORY, "no memory for the order of a probe");
    set_limits(&parts->limits, order->left_ns);
    set_spec(parts, order, request);
    parts->probe.spec = &parts->spec;
    parts->probe.slot = order->slot;
    parts->probe.limits = &parts->limits;
    parts->probe.access = (Feast__Worker__V1__Access *)order->access;
    parts->probe.max_invalid_ratio = order->max_invalid_ratio;
    feast__worker__v1__work_order__init(&parts->order);
    parts->order.id = id;
    parts->order.task_case = FEAST__WORKER__V1__WORK_ORDER__TASK_PROBE;
    parts->order.probe = &parts->probe;
    *ret = &parts->order;
    return FC_OK;
}
