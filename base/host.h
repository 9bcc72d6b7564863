/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Hosts and lists of hosts. An entry of a list is a name ("broker.example.org"), all names below a suffix
 * ("*.example.org"), an address, or a network ("10.0.0.0/8", "fd00::/8"). Pure; case does not matter.
 *
 * Addresses are 16 octets: IPv4 stands in them as ::ffff:a.b.c.d, so that no spelling of an address escapes a list.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct fc_ip {
    uint8_t octets[16];
};

#define FC_IP_TEXT_SIZE 48

/** False for families other than IPv4 and IPv6. */
bool fc_ip_from_sockaddr(const struct sockaddr *address, struct fc_ip *ret);

/**
 * Reads an address literal as resolvers do: brackets and a zone are allowed, and so are the old forms of IPv4 ("127.1",
 * "0x7f000001"). False for anything else, a name above all.
 */
bool fc_ip_from_text(const char *text, struct fc_ip *ret);

/** The usual spelling, IPv4 as a.b.c.d. */
void fc_ip_text(const struct fc_ip *ip, char text[FC_IP_TEXT_SIZE]);

/**
 * The IPv4 address that a transition form carries (::a.b.c.d, 64:ff9b::/96, 2002::/16): a packet to one may come out
 * at the other. False when there is none.
 */
bool fc_ip_embedded(const struct fc_ip *ip, struct fc_ip *ret);

/** Whether both words mean the same kind of place: s3a and s3n are s3. */
bool fc_scheme_same(const char *a, const char *b);

/** What an address is for, besides reaching a host of the internet. */
enum fc_ip_kind {
    FC_IP_PUBLIC,
    FC_IP_PRIVATE,    /**< loopback, RFC 1918, RFC 6598, unique local */
    FC_IP_LINK_LOCAL, /**< 169.254.0.0/16, fe80::/10, and addresses of clouds' metadata services */
    FC_IP_NO_TARGET   /**< unspecified, multicast, broadcast, reserved */
};

/** The strictest kind of the address and of the one it embeds. */
enum fc_ip_kind fc_ip_kind(const struct fc_ip *ip);

/** Whether the text is a well-formed entry of a list. */
bool fc_host_entry_valid(const char *entry);

/** Whether the entry is an address or a network. */
bool fc_host_entry_is_network(const char *entry);

/** Whether an entry that is a name or a suffix covers the name; "*.a.b" does not cover "a.b". */
bool fc_host_entry_has_name(const char *entry, const char *name);

/** Whether an entry that is an address or a network covers the address, or the one it embeds. */
bool fc_host_entry_has_ip(const char *entry, const struct fc_ip *ip);
