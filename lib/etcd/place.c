/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DEFAULT_PORT "2379"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"

/* Without leading zeros, as a URL has it. */
static bool read_port(const char *text, char port[PORT_TEXT_MAX])
{
    unsigned long value = strtoul(text, NULL, 10);

    if (strlen(text) > 5 || strspn(text, "0123456789") != strlen(text) || value < 1 ||
        value > 65535)
        return false;
    snprintf(port, PORT_TEXT_MAX, "%lu", value);
    return true;
}

static bool is_ipv6(const char *host)
{
    struct in6_addr address;
    char bare[INET6_ADDRSTRLEN + 1];
    size_t len = strlen(host);

    if (len < 3 || len - 2 > INET6_ADDRSTRLEN || host[0] != '[' || host[len - 1] != ']')
        return false;
    memcpy(bare, host + 1, len - 2);
    bare[len - 2] = '\0';
    return inet_pton(AF_INET6, bare, &address) == 1;
}

/* The first address that the system names. */
static int look_up(const char *host, const char *port, char resolved[RESOLVED_MAX])
{
    struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM};
    char text[INET6_ADDRSTRLEN];

    if (host[0] == '\0' || strspn(host, LETTERS) != strlen(host))
        return L2TPHA_ERR_INVALID;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return L2TPHA_ERR_NOT_FOUND;
    int error =
        getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST);
    freeaddrinfo(found);
    if (error != 0)
        return L2TPHA_ERR_NOT_FOUND;
    snprintf(resolved, RESOLVED_MAX, "%s:%s:%s", host, port, text);
    return L2TPHA_OK;
}

static int read_member(const char *text, size_t len, struct member *member)
{
    struct in_addr address;
    char host[HOST_TEXT_MAX], port[PORT_TEXT_MAX] = DEFAULT_PORT;

    if (len >= sizeof(host))
        return L2TPHA_ERR_INVALID;
    memcpy(host, text, len);
    host[len] = '\0';
    char *end = strrchr(host, ']'), *colon = strchr(end ? end : host, ':');
    if (colon && !read_port(colon + 1, port))
        return L2TPHA_ERR_INVALID;
    if (colon)
        *colon = '\0';
    strcpy(member->host, host);
    strcpy(member->port, port);
    if (is_ipv6(host) || inet_pton(AF_INET, host, &address) == 1)
        return L2TPHA_OK;
    return look_up(host, port, member->resolved);
}

static bool read_group(const char *text, char group[GROUP_MAX + 1])
{
    size_t len = strlen(text);

    if (len < 1 || len > GROUP_MAX || strspn(text, LETTERS "_") != len)
        return false;
    memcpy(group, text, len + 1);
    return true;
}

int place_read(const char *text, struct place *place)
{
    const char *slash = strchr(text, '/');

    *place = (struct place){0};
    if (!slash || !read_group(slash + 1, place->group))
        return L2TPHA_ERR_INVALID;
    for (const char *at = text, *end; at <= slash; at = end + 1) {
        end = memchr(at, ',', (size_t)(slash - at));
        end = end ? end : slash;
        if (place->count == L2TPHA_ETCD_MEMBERS_MAX)
            return L2TPHA_ERR_INVALID;
        int error = read_member(at, (size_t)(end - at), &place->members[place->count++]);
        if (error)
            return error;
    }
    return L2TPHA_OK;
}
