/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/net/access.h"

#include <strings.h>

#include "base/host.h"

/* Names under which clouds' metadata services are known within their networks. */
static const char *const METADATA_NAMES[] = {
    "metadata",      "metadata.google.internal",   "metadata.goog",
    "instance-data", "instance-data.ec2.internal", "metadata.tencentyun.com",
};

static const Feast__Worker__V1__Access *order_of(const struct fc_access *access)
{
    return access ? access->order : NULL;
}

fc_rc fc_access_scheme(const struct fc_access *access, const char *scheme, struct fc_error *err)
{
    const Feast__Worker__V1__Access *order = order_of(access);

    if (!order || order->n_schemes == 0)
        return FC_OK;
    for (size_t i = 0; i < order->n_schemes; i++)
        if (fc_scheme_same(order->schemes[i], scheme))
            return FC_OK;
    return fc_fail(err, FC_REASON_SOURCE_DENIED,
                   "\"%.20s\" locations are not read by this server (sources.schemes)", scheme);
}

static bool has_name(char *const *list, size_t count, const char *host)
{
    for (size_t i = 0; i < count; i++)
        if (fc_host_entry_has_name(list[i], host))
            return true;
    return false;
}

static bool has_ip(char *const *list, size_t count, const struct fc_ip *ip)
{
    for (size_t i = 0; i < count; i++)
        if (fc_host_entry_has_ip(list[i], ip))
            return true;
    return false;
}

static bool has_network(char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fc_host_entry_is_network(list[i]))
            return true;
    return false;
}

static bool is_metadata_name(const char *host)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(METADATA_NAMES); i++)
        if (fc_host_entry_has_name(METADATA_NAMES[i], host))
            return true;
    return false;
}

static bool is_local_name(const char *host)
{
    return fc_host_entry_has_name("localhost", host) || fc_host_entry_has_name("*.localhost", host);
}

/* What is being checked: a host, and the address it stands for once that is known. */
struct place {
    const char *host, *address; /* address NULL while it is not known */
};

static fc_rc denied(const struct place *place, const char *why, struct fc_error *err)
{
    if (!place->address || strcasecmp(place->host, place->address) == 0)
        return fc_fail(err, FC_REASON_SOURCE_DENIED, "host \"%.300s\" %s", place->host, why);
    return fc_fail(err, FC_REASON_SOURCE_DENIED, "host \"%.300s\" (%s) %s", place->host,
                   place->address, why);
}

static const char NOT_LISTED[] = "is not among those that this server may reach (sources.hosts)";
static const char DENIED[] = "is one that this server may not reach (sources.denied_hosts)";
static const char LINK_LOCAL[] = "is link-local or a metadata service, which this server does not "
                                 "reach (sources.allow_link_local)";
static const char PRIVATE[] =
    "is in a private network, which this server does not reach (sources.deny_private)";

static fc_rc check_kind(const Feast__Worker__V1__Access *order, const struct place *place,
                        enum fc_ip_kind kind, struct fc_error *err)
{
    switch (kind) {
    case FC_IP_NO_TARGET:
        return denied(place, "is no address of one host", err);
    case FC_IP_LINK_LOCAL:
        return order->allow_link_local ? FC_OK : denied(place, LINK_LOCAL, err);
    case FC_IP_PRIVATE:
        return order->deny_private ? denied(place, PRIVATE, err) : FC_OK;
    case FC_IP_PUBLIC:
        break;
    }
    return FC_OK;
}

static fc_rc check_ip(const Feast__Worker__V1__Access *order, const struct place *place,
                      const struct fc_ip *ip, struct fc_error *err)
{
    if (has_ip(order->denied, order->n_denied, ip))
        return denied(place, DENIED, err);
    if (order->n_hosts > 0 && !has_name(order->hosts, order->n_hosts, place->host) &&
        !has_ip(order->hosts, order->n_hosts, ip))
        return denied(place, NOT_LISTED, err);
    return check_kind(order, place, fc_ip_kind(ip), err);
}

fc_rc fc_access_host(const struct fc_access *access, const char *host, struct fc_error *err)
{
    const Feast__Worker__V1__Access *order = order_of(access);
    const struct place place = {.host = host};
    struct fc_ip ip;

    if (!order)
        return FC_OK;
    if (fc_ip_from_text(host, &ip))
        return check_ip(order, &place, &ip, err);
    if (has_name(order->denied, order->n_denied, host))
        return denied(&place, DENIED, err);
    if (is_metadata_name(host)) {
        fc_rc rc = check_kind(order, &place, FC_IP_LINK_LOCAL, err);
        if (rc != FC_OK)
            return rc;
    }
    if (order->n_hosts > 0 && !has_name(order->hosts, order->n_hosts, host) &&
        !has_network(order->hosts, order->n_hosts))
        return denied(&place, NOT_LISTED, err);
    return is_local_name(host) ? check_kind(order, &place, FC_IP_PRIVATE, err) : FC_OK;
}

fc_rc fc_access_address(const struct fc_access *access, const char *host,
                        const struct sockaddr *address, struct fc_error *err)
{
    const Feast__Worker__V1__Access *order = order_of(access);
    struct place place = {.host = host};
    char text[FC_IP_TEXT_SIZE];
    struct fc_ip ip;

    if (!order)
        return FC_OK;
    if (!fc_ip_from_sockaddr(address, &ip))
        return denied(&place, "is not reached over the internet protocol", err);
    fc_ip_text(&ip, text);
    place.address = text;
    return check_ip(order, &place, &ip, err);
}
