/* SPDX-License-Identifier: Apache-2.0 */
#include "base/host.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"

#define MAX_NAME 253

static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};

/* One word for what is one kind of place. */
static const char *canonical_scheme(const char *scheme)
{
    return strcasecmp(scheme, "s3a") == 0 || strcasecmp(scheme, "s3n") == 0 ? "s3" : scheme;
}

bool fc_scheme_same(const char *a, const char *b)
{
    return strcasecmp(canonical_scheme(a), canonical_scheme(b)) == 0;
}

static void from_ip4(const void *octets, struct fc_ip *ret)
{
    memcpy(ret->octets, MAPPED, sizeof MAPPED);
    memcpy(ret->octets + sizeof MAPPED, octets, 4);
}

bool fc_ip_from_sockaddr(const struct sockaddr *address, struct fc_ip *ret)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        from_ip4(&in->sin_addr, ret);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)address;
        memcpy(ret->octets, &in6->sin6_addr, sizeof ret->octets);
        return true;
    }
    return false;
}

bool fc_ip_from_text(const char *text, struct fc_ip *ret)
{
    size_t length = strlen(text);
    char plain[FC_IP_TEXT_SIZE + 2];
    struct in_addr in;

    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    const char *zone = memchr(text, '%', length);
    if (zone)
        length = (size_t)(zone - text);
    if (length == 0 || length >= sizeof plain)
        return false;
    memcpy(plain, text, length);
    plain[length] = '\0';
    if (inet_pton(AF_INET6, plain, ret->octets) == 1)
        return true;
    /* inet_aton would take what follows a blank for a comment. */
    if (strpbrk(plain, " \t\r\n\v\f") || inet_aton(plain, &in) == 0)
        return false;
    from_ip4(&in, ret);
    return true;
}

void fc_ip_text(const struct fc_ip *ip, char text[FC_IP_TEXT_SIZE])
{
    bool is_ip4 = memcmp(ip->octets, MAPPED, sizeof MAPPED) == 0;

    text[0] = '\0';
    (void)inet_ntop(is_ip4 ? AF_INET : AF_INET6, ip->octets + (is_ip4 ? sizeof MAPPED : 0), text,
                    FC_IP_TEXT_SIZE);
}

/* A network of the tables below: the first `bits` of the octets. */
struct network {
    uint8_t octets[16];
    unsigned bits;
    enum fc_ip_kind kind;
};

static bool in_network(const struct fc_ip *ip, const uint8_t *octets, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(ip->octets, octets, whole) != 0)
        return false;
    return rest == 0 || ((ip->octets[whole] ^ octets[whole]) >> (8 - rest)) == 0;
}

bool fc_ip_embedded(const struct fc_ip *ip, struct fc_ip *ret)
{
    static const struct {
        uint8_t octets[16];
        unsigned bits, at;
    } forms[] = {
        {{0}, 96, 12},                            /* ::a.b.c.d */
        {{[1] = 0x64, [2] = 0xff, 0x9b}, 96, 12}, /* 64:ff9b::/96, NAT64 */
        {{0x20, 0x02}, 16, 2},                    /* 2002::/16, 6to4 */
    };

    for (size_t i = 0; i < FC_ARRAY_LEN(forms); i++) {
        if (in_network(ip, forms[i].octets, forms[i].bits)) {
            from_ip4(ip->octets + forms[i].at, ret);
            return true;
        }
    }
    return false;
}

#define IP4(a, b, c, d)                                                                            \
    {                                                                                              \
        [10] = 0xff, [11] = 0xff, a, b, c, d                                                       \
    }

/* First hit decides. */
static const struct network KINDS[] = {
    /* Metadata services that do not live in a link-local network: AWS, Google, Azure, Alibaba, Oracle. */
    {{0xfd, 0x00, 0x0e, 0xc2}, 32, FC_IP_LINK_LOCAL},
    {{0xfd, 0x20, 0x00, 0xce}, 32, FC_IP_LINK_LOCAL},
    {IP4(168, 63, 129, 16), 128, FC_IP_LINK_LOCAL},
    {IP4(100, 100, 100, 200), 128, FC_IP_LINK_LOCAL},
    {IP4(192, 0, 0, 192), 128, FC_IP_LINK_LOCAL},
    {IP4(169, 254, 0, 0), 112, FC_IP_LINK_LOCAL},
    {{0xfe, 0x80}, 10, FC_IP_LINK_LOCAL},
    {IP4(0, 0, 0, 0), 104, FC_IP_NO_TARGET},
    {IP4(224, 0, 0, 0), 99, FC_IP_NO_TARGET}, /* multicast, reserved, broadcast */
    {{0xff}, 8, FC_IP_NO_TARGET},
    {{0}, 128, FC_IP_NO_TARGET},
    {IP4(127, 0, 0, 0), 104, FC_IP_PRIVATE},
    {IP4(10, 0, 0, 0), 104, FC_IP_PRIVATE},
    {IP4(172, 16, 0, 0), 108, FC_IP_PRIVATE},
    {IP4(192, 168, 0, 0), 112, FC_IP_PRIVATE},
    {IP4(100, 64, 0, 0), 106, FC_IP_PRIVATE},
    {{[15] = 1}, 128, FC_IP_PRIVATE},
    {{0xfc}, 7, FC_IP_PRIVATE},
    {{0xfe, 0xc0}, 10, FC_IP_PRIVATE}, /* site-local, as it was before unique local */
};

static enum fc_ip_kind plain_kind(const struct fc_ip *ip)
{
    for (size_t i = 0; i < FC_ARRAY_LEN(KINDS); i++)
        if (in_network(ip, KINDS[i].octets, KINDS[i].bits))
            return KINDS[i].kind;
    return FC_IP_PUBLIC;
}

enum fc_ip_kind fc_ip_kind(const struct fc_ip *ip)
{
    enum fc_ip_kind kind = plain_kind(ip), inner_kind;
    struct fc_ip inner;

    /* ::1 and :: have the shape of an embedded 0.0.0.1 and 0.0.0.0. */
    if (kind != FC_IP_PUBLIC || !fc_ip_embedded(ip, &inner))
        return kind;
    inner_kind = plain_kind(&inner);
    return inner_kind > kind ? inner_kind : kind;
}

/* "10.0.0.0/8", "fd00::/8", or an address alone. Bits beyond the length must be zero: a typing error shows. */
static bool parse_network(const char *entry, struct fc_ip *ret_ip, unsigned *ret_bits)
{
    const char *slash = strchr(entry, '/');
    char text[FC_IP_TEXT_SIZE];
    size_t length = slash ? (size_t)(slash - entry) : strlen(entry);
    unsigned most, bits;

    if (length >= sizeof text || memchr(entry, '%', length))
        return false;
    memcpy(text, entry, length);
    text[length] = '\0';
    if (!fc_ip_from_text(text, ret_ip))
        return false;
    bool is_ip4 = !strchr(text, ':');
    most = is_ip4 ? 32 : 128;
    bits = most;
    if (slash) {
        char *end = NULL;
        unsigned long value = strtoul(slash + 1, &end, 10);
        if (!isdigit((unsigned char)slash[1]) || *end != '\0' || value > most)
            return false;
        bits = (unsigned)value;
    }
    *ret_bits = bits + (is_ip4 ? 96 : 0);
    for (unsigned bit = *ret_bits; bit < 128; bit++)
        if ((ret_ip->octets[bit / 8] >> (7 - bit % 8) & 1) != 0)
            return false;
    return true;
}

bool fc_host_entry_is_network(const char *entry)
{
    struct fc_ip ip;
    unsigned bits;

    return parse_network(entry, &ip, &bits);
}

static bool is_name(const char *text)
{
    size_t length = strlen(text), label = 0;

    if (length == 0 || length > MAX_NAME)
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if (isalnum(c) || c == '-' || c == '_') {
            label++;
        } else {
            return false;
        }
    }
    return true;
}

bool fc_host_entry_valid(const char *entry)
{
    struct fc_ip ip;

    if (fc_host_entry_is_network(entry))
        return true;
    /* Digits and dots alone are an address that went wrong, such as 10.0.0.256. */
    return is_name(strncmp(entry, "*.", 2) == 0 ? entry + 2 : entry) &&
           strspn(entry, "0123456789.") != strlen(entry) && !fc_ip_from_text(entry, &ip);
}

static size_t length_without_root(const char *name)
{
    size_t length = strlen(name);

    return length > 1 && name[length - 1] == '.' ? length - 1 : length;
}

bool fc_host_entry_has_name(const char *entry, const char *name)
{
    size_t length = length_without_root(name), wanted = length_without_root(entry);

    if (strncmp(entry, "*.", 2) != 0)
        return length == wanted && strncasecmp(entry, name, length) == 0;
    wanted--; /* the suffix with its dot */
    return length > wanted && strncasecmp(entry + 1, name + length - wanted, wanted) == 0;
}

bool fc_host_entry_has_ip(const char *entry, const struct fc_ip *ip)
{
    struct fc_ip network, inner;
    unsigned bits;

    if (!parse_network(entry, &network, &bits))
        return false;
    return in_network(ip, network.octets, bits) ||
           (fc_ip_embedded(ip, &inner) && in_network(&inner, network.octets, bits));
}
