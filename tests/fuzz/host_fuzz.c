/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: an entry of a list of hosts, a newline, a host. What passes by one spelling of an address passes by all, and
 * what a policy refuses by its text it refuses by its address too.
 */
#include "tests/fuzz/fuzz.h"

#include <netinet/in.h>
#include <string.h>

#include "base/host.h"
#include "worker/net/access.h"

static struct sockaddr_in6 socket_of(const struct fc_ip *ip)
{
    struct sockaddr_in6 made = {.sin6_family = AF_INET6};

    memcpy(&made.sin6_addr, ip->octets, sizeof ip->octets);
    return made;
}

static void spellings(const struct fc_ip *ip)
{
    char text[FC_IP_TEXT_SIZE];
    struct fc_ip again;

    fc_ip_text(ip, text);
    FUZZ_CHECK(fc_ip_from_text(text, &again), "\"%s\" is no address", text);
    FUZZ_CHECK(memcmp(&again, ip, sizeof again) == 0, "\"%s\" is another address", text);
}

static void policy(const char *entry, const char *host)
{
    const char *const list[] = {entry};
    Feast__Worker__V1__Access order = FEAST__WORKER__V1__ACCESS__INIT;
    const struct fc_access access = {.order = &order};
    struct fc_error err = FC_ERROR_INIT;
    struct fc_ip ip;

    order.denied = (char **)list;
    order.n_denied = 1;
    bool passes = fc_access_host(&access, host, &err) == FC_OK;
    if (!fc_ip_from_text(host, &ip))
        return;
    const struct sockaddr_in6 address = socket_of(&ip);
    bool reached =
        fc_access_address(&access, "name", (const struct sockaddr *)&address, &err) == FC_OK;
    FUZZ_CHECK(passes == reached, "\"%s\" passes by its %s alone", host,
               passes ? "text" : "address");
    FUZZ_CHECK(!passes || fc_ip_kind(&ip) < FC_IP_LINK_LOCAL, "\"%s\" passes", host);
    FUZZ_CHECK(!passes || !fc_host_entry_has_ip(entry, &ip), "\"%s\" passes \"%s\"", host, entry);
    spellings(&ip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[512];
    const char *newline = memchr(data, '\n', size);

    if (!newline || size >= sizeof text || memchr(data, '\0', size))
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    char *host = strchr(text, '\n');
    *host++ = '\0';
    if (fc_host_entry_valid(text) && !fc_host_entry_is_network(text))
        FUZZ_CHECK(strncmp(text, "*.", 2) == 0 || fc_host_entry_has_name(text, text),
                   "\"%s\" is not itself", text);
    policy(text, host);
    return 0;
}
