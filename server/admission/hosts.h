/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the last looks at hosts told of them, and how much of a pool each may have by that. Those that did not answer are
 * remembered, the longer the more often it was so in a row. Pure; the caller locks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** More than these are forgotten, those not looked at for longest first. */
#define FC_HOSTS_MAX 256

/** Of a name; two names with one key are taken for one host. 0 is this machine, which is never counted. */
typedef uint64_t fc_host_key;

struct fc_hosts {
    struct {
        fc_host_key key;
        int64_t at; /**< monotonic */
        unsigned silent;
    } known[FC_HOSTS_MAX];
};

enum fc_host_standing {
    FC_HOST_PROVEN,  /**< answered when it was last looked at */
    FC_HOST_UNKNOWN, /**< never looked at, or long ago */
    FC_HOST_SILENT,
};

/** 0 for NULL. */
fc_host_key fc_host_key_of(const char *name);

enum fc_host_standing fc_hosts_standing(const struct fc_hosts *hosts, fc_host_key key,
                                        int64_t now_ns);

/** A look has ended; `heard` when the host let it come to a verdict, false when it let it wait. */
void fc_hosts_tell(struct fc_hosts *hosts, fc_host_key key, bool heard, int64_t now_ns);

/** Places of a pool that are taken. */
struct fc_host_load {
    unsigned same;     /**< by the host itself */
    unsigned silent;   /**< by hosts that are silent */
    unsigned unproven; /**< by hosts that are silent or unknown */
};

/** Adds one place that `other` takes to what a host `key` has to reckon with. */
void fc_host_load_add(struct fc_host_load *load, const struct fc_hosts *hosts, fc_host_key key,
                      fc_host_key other, int64_t now_ns);

/**
 * Whether a host may take one more of `places`: it itself half of them, all silent ones together a quarter, all that are
 * not proven together three quarters; one each at least.
 */
bool fc_hosts_have_room(const struct fc_host_load *load, enum fc_host_standing standing,
                        unsigned places);
