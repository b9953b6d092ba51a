/* SPDX-License-Identifier: MIT */
/* The first two bytes hold the family, on some systems behind a length byte. */
#include "base/sockaddr.h"

#include <string.h>

/* The family is 2 for IPv4 everywhere, and for IPv6 one of four values. */
static bool has_family(const struct l2tpha_address *from, const uint8_t *families, size_t count)
{
    uint16_t family;

    memcpy(&family, from->bytes, sizeof(family));
    for (size_t i = 0; i < count; i++)
        if (family == families[i] || (from->bytes[0] == from->len && from->bytes[1] == families[i]))
            return true;
    return false;
}

bool sockaddr_is_ipv4(const struct l2tpha_address *from)
{
    static const uint8_t families[] = {2};
    return from->len == SOCKADDR_IN && has_family(from, families, sizeof(families));
}

bool sockaddr_is_ipv6(const struct l2tpha_address *from)
{
    static const uint8_t families[] = {10, 23, 28, 30}; /* Linux, Windows, FreeBSD, Darwin */
    return from->len == SOCKADDR_IN6 && has_family(from, families, sizeof(families));
}
