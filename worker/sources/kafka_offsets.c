/* SPDX-License-Identifier: Apache-2.0 */
/* Ends and moments of partitions, by one request to each leader. */
#include "worker/sources/kafka.h"

#define FIRST_WAIT_MS 500

static void listp(rd_kafka_topic_partition_list_t **list)
{
    if (*list)
        rd_kafka_topic_partition_list_destroy(*list);
    *list = NULL;
}

/* What a topic that was just made, or whose leaders just moved, answers for a moment. */
static bool is_passing(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
        return true;
    default:
        return false;
    }
}

/* The first error of a partition, else that of all. */
static rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t *list,
                                       rd_kafka_resp_err_t code)
{
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
        code = list->elems[i].err;
    return code;
}

fc_rc fc_kafka_offsets(struct fc_broker *self, const int32_t *partitions, size_t count,
                       int64_t which, int64_t *ret, struct fc_error *err)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    FC_CLEANUP(listp) rd_kafka_topic_partition_list_t *list = NULL;

    if (count == 0)
        return FC_OK;
    for (int wait = FIRST_WAIT_MS; fc_kafka_left_ms(self, 1) > 0;) {
        listp(&list);
        list = rd_kafka_topic_partition_list_new((int)count);
        for (size_t i = 0; i < count; i++)
            rd_kafka_topic_partition_list_add(list, self->topic, partitions[i])->offset = which;
        code = rd_kafka_offsets_for_times(self->client, list, fc_kafka_left_ms(self, wait));
        code = first_error(list, code);
        if (!is_passing(code) || fc_kafka_is_hopeless(self))
            break;
        wait = fc_kafka_next_wait(wait);
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fc_kafka_fail(self, code, "asking for offsets", err);
    for (size_t i = 0; i < count; i++)
        ret[i] = rd_kafka_topic_partition_list_find(list, self->topic, partitions[i])->offset;
    return FC_OK;
}
