/* SPDX-License-Identifier: Apache-2.0 */
#include "server/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_unix(const char *address)
{
    return strncmp(address, "unix:", 5) == 0;
}

/* Copies the host without brackets; false when there is no port or the host does not fit. */
static bool split(const char *address, char *host, size_t size, const char **ret_port)
{
    const char *colon = strrchr(address, ':');
    if (!colon)
        return false;
    const char *start = address;
    size_t len = (size_t)(colon - address);
    if (len >= 2 && start[0] == '[' && start[len - 1] == ']') {
        start++;
        len -= 2;
    } else if (memchr(start, ':', len)) {
        return false; /* an IPv6 address must be in brackets, or its last group reads as the port */
    }
    if (len == 0 || len >= size)
        return false;
    memcpy(host, start, len);
    host[len] = '\0';
    *ret_port = colon + 1;
    return true;
}

bool fc_address_is_loopback(const char *address)
{
    char host[256];
    const char *port;
    struct in_addr v4;
    struct in6_addr v6;

    if (is_unix(address))
        return true;
    if (!split(address, host, sizeof host, &port))
        return false;
    if (strcmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

fc_rc fc_address_check(const char *address, struct fc_error *err)
{
    char host[256];
    const char *port;
    char *end = NULL;

    if (is_unix(address)) {
        return address[5] != '\0'
                   ? FC_OK
                   : fc_fail_field(err, FC_REASON_CONFIG_INVALID, "listen",
                                   "address '%s' names no path after unix:", address);
    }
    if (!split(address, host, sizeof host, &port)) {
        return fc_fail_field(
            err, FC_REASON_CONFIG_INVALID, "listen",
            "address '%s' is not HOST:PORT; write an IPv6 host in brackets, as in [::1]:6565",
            address);
    }
    long number = isdigit((unsigned char)port[0]) ? strtol(port, &end, 10) : -1;
    if (number < 0 || number > 65535 || *end != '\0') {
        return fc_fail_field(err, FC_REASON_CONFIG_INVALID, "listen",
                             "address '%s' has the port '%s', expected a number from 0 to 65535",
                             address, port);
    }
    return FC_OK;
}

void fc_address_with_port(const char *address, int port, char *buffer, size_t size)
{
    const char *colon = strrchr(address, ':');
    if (is_unix(address) || !colon) {
        (void)snprintf(buffer, size, "%s", address);
        return;
    }
    (void)snprintf(buffer, size, "%.*s:%d", (int)(colon - address), address, port);
}
