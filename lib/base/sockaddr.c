/* SPDX-License-Identifier: MIT */
/* The first two bytes hold the family, on some systems behind a length byte. */
#include "base/sockaddr.h"

#include <string.h>

/* The family is 2 for IPv4 everywhere, and for IPv6 one of four values. Behind a socket address of
 * so many bytes there may be a mark. */
static bool is_socket(const struct l2tpha_address *from, uint8_t len, const uint8_t *families,
                      size_t count)
{
    uint16_t family;

    if (from->len < len)
        return false;
    memcpy(&family, from->bytes, sizeof(family));
    for (size_t i = 0; i < count; i++)
        if (family == families[i] || (from->bytes[0] == len && from->bytes[1] == families[i]))
            return true;
    return false;
}

bool sockaddr_is_ipv4(const struct l2tpha_address *from)
{
    static const uint8_t families[] = {2};
    return is_socket(from, SOCKADDR_IN, families, sizeof(families));
}

bool sockaddr_is_ipv6(const struct l2tpha_address *from)
{
    static const uint8_t families[] = {10, 23, 28, 30}; /* Linux, Windows, FreeBSD, Darwin */
    return is_socket(from, SOCKADDR_IN6, families, sizeof(families));
}
