/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission/hosts.h"

#include "base/sys.h"

/* After the first silence; twice as long after each further one. */
#define SILENT_NS      (30 * FC_NS_PER_S)
#define DOUBLINGS_MOST 4

fc_host_key fc_host_key_of(const char *name)
{
    /* FNV-1a */
    fc_host_key key = UINT64_C(0xcbf29ce484222325);

    if (!name)
        return 0;
    for (const unsigned char *at = (const unsigned char *)name; *at != '\0'; at++)
        key = (key ^ *at) * UINT64_C(0x100000001b3);
    return key != 0 ? key : 1;
}

/* Its place, else the first free one, else FC_HOSTS_MAX. */
static size_t find(const struct fc_hosts *hosts, fc_host_key key)
{
    size_t at = 0;

    while (at < FC_HOSTS_MAX && hosts->known[at].key != key && hosts->known[at].key != 0)
        at++;
    return at;
}

enum fc_host_standing fc_hosts_standing(const struct fc_hosts *hosts, fc_host_key key,
                                        int64_t now_ns)
{
    size_t at = find(hosts, key);

    if (key == 0 || at == FC_HOSTS_MAX || hosts->known[at].key == 0)
        return FC_HOST_UNKNOWN;
    unsigned silent = hosts->known[at].silent;
    if (silent == 0)
        return FC_HOST_PROVEN;
    unsigned doublings = silent - 1 < DOUBLINGS_MOST ? silent - 1 : DOUBLINGS_MOST;
    bool over = now_ns - hosts->known[at].at >= (SILENT_NS << doublings);
    return over ? FC_HOST_UNKNOWN : FC_HOST_SILENT;
}

void fc_hosts_tell(struct fc_hosts *hosts, fc_host_key key, bool heard, int64_t now_ns)
{
    size_t at = find(hosts, key);

    if (key == 0)
        return;
    if (at == FC_HOSTS_MAX) {
        at = 0;
        for (size_t i = 1; i < FC_HOSTS_MAX; i++)
            at = hosts->known[i].at < hosts->known[at].at ? i : at;
    }
    if (hosts->known[at].key != key) {
        hosts->known[at].key = key;
        hosts->known[at].silent = 0;
    }
    hosts->known[at].at = now_ns;
    hosts->known[at].silent = heard ? 0 : hosts->known[at].silent + 1;
}

void fc_host_load_add(struct fc_host_load *load, const struct fc_hosts *hosts, fc_host_key key,
                      fc_host_key other, int64_t now_ns)
{
    if (other == 0)
        return;
    enum fc_host_standing standing = fc_hosts_standing(hosts, other, now_ns);
    load->same += other == key ? 1 : 0;
    load->silent += standing == FC_HOST_SILENT ? 1 : 0;
    load->unproven += standing != FC_HOST_PROVEN ? 1 : 0;
}

static unsigned at_least_one(unsigned count)
{
    return count > 0 ? count : 1;
}

bool fc_hosts_have_room(const struct fc_host_load *load, enum fc_host_standing standing,
                        unsigned places)
{
    unsigned quarter = places / 4;

    if (load->same >= at_least_one(places / 2))
        return false;
    if (standing == FC_HOST_SILENT && load->silent >= at_least_one(quarter))
        return false;
    return standing == FC_HOST_PROVEN || load->unproven < places - quarter;
}
