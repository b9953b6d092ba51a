/* SPDX-License-Identifier: MIT */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(sizeof(struct sockaddr_in6) <= L2TPHA_ADDRESS_MAX, "addresses fit");

#define PLACE_TEXT_MAX 272 /* a host's name has 255 bytes at most */

static const char *parse_port(const char *text, uint16_t *port)
{
    unsigned value = 0;
    if (*text == '\0')
        return "the port is missing";
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return "the port is not a number";
        value = value * 10 + (unsigned)(*text - '0');
        if (value > 65535)
            return "the port is above 65535";
    }
    *port = (uint16_t)value;
    return NULL;
}

static const char *parse_ipv4(const char *host, uint16_t port, struct sockaddr_storage *to)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return "not an IPv4 or IPv6 address in numbers";
    memcpy(to, &address, sizeof(address));
    return NULL;
}

static const char *parse_ipv6(char *host, uint16_t port, struct sockaddr_storage *to)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    char *scope = strchr(host, '%');
    if (scope != NULL) {
        *scope++ = '\0';
        address.sin6_scope_id = if_nametoindex(scope);
        if (address.sin6_scope_id == 0)
            return "the scope is not a network interface";
    }
    if (inet_pton(AF_INET6, host, &address.sin6_addr) != 1)
        return "not an IPv4 or IPv6 address in numbers";
    memcpy(to, &address, sizeof(address));
    return NULL;
}

/* Cut "HOST", "HOST:PORT", "[HOST]" or "[HOST]:PORT" in two. *port stays NULL without one. */
static const char *split(char *text, char **host, char **port)
{
    char *colon = strchr(text, ':');
    *host = text;
    *port = NULL;
    if (text[0] == '[') {
        char *end = strchr(text, ']');
        if (end == NULL)
            return "the closing ] is missing";
        if (end[1] != '\0' && end[1] != ':')
            return "something follows the ] that is no port";
        *host = text + 1;
        *port = end[1] == ':' ? end + 2 : NULL;
        *end = '\0';
    } else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        *colon = '\0';
        *port = colon + 1;
    }
    return **host == '\0' ? "the address is missing" : NULL;
}

/* A text cut in two. */
struct place {
    char copy[PLACE_TEXT_MAX];
    char *host;
    uint16_t port;
    bool is_ipv6; /* in numbers, if it is no name */
};

static const char *cut(const char *text, uint16_t default_port, struct place *place)
{
    char *port_text;
    place->port = default_port;
    if (strlen(text) >= sizeof(place->copy))
        return "too long for an address";
    strcpy(place->copy, text);
    const char *why = split(place->copy, &place->host, &port_text);
    if (why == NULL && port_text != NULL)
        why = parse_port(port_text, &place->port);
    place->is_ipv6 = why == NULL && (strchr(place->host, ':') != NULL || text[0] == '[');
    return why;
}

static const char *parse_numbers(struct place *place, struct l2tpha_address *address)
{
    struct sockaddr_storage socket = {0};
    const char *why = place->is_ipv6 ? parse_ipv6(place->host, place->port, &socket)
                                     : parse_ipv4(place->host, place->port, &socket);
    if (why == NULL)
        address_from_socket(&socket, address);
    return why;
}

const char *address_parse(const char *text, uint16_t default_port, struct l2tpha_address *address)
{
    struct place place;
    const char *why = cut(text, default_port, &place);
    return why != NULL ? why : parse_numbers(&place, address);
}

static const char *look_up(const struct place *place, int family, struct l2tpha_address *address)
{
    struct sockaddr_storage socket = {0};
    struct addrinfo *found, hints = {.ai_family = family, .ai_socktype = SOCK_DGRAM};
    int error = getaddrinfo(place->host, NULL, &hints, &found);
    if (error != 0)
        return error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error);
    memcpy(&socket, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    if (socket.ss_family != AF_INET && socket.ss_family != AF_INET6)
        return "that host has no IPv4 or IPv6 address";
    /* sin_port and sin6_port share their place */
    ((struct sockaddr_in *)&socket)->sin_port = htons(place->port);
    address_from_socket(&socket, address);
    return NULL;
}

const char *address_resolve(const char *text, uint16_t default_port, int family,
                            struct l2tpha_address *address)
{
    struct place place;
    const char *why = cut(text, default_port, &place);
    if (why != NULL)
        return why;
    bool is_name = !place.is_ipv6 && strspn(place.host, "0123456789.") < strlen(place.host);
    return is_name ? look_up(&place, family, address) : parse_numbers(&place, address);
}

bool address_same_host(const struct l2tpha_address *a, const struct l2tpha_address *b)
{
    struct sockaddr_storage first, second;
    if (a->len != b->len || a->len != address_to_socket(a, &first))
        return false;
    address_to_socket(b, &second);
    /* sin_port and sin6_port share their place */
    ((struct sockaddr_in *)&first)->sin_port = ((struct sockaddr_in *)&second)->sin_port;
    return memcmp(&first, &second, a->len) == 0;
}

bool address_is_one_host(const struct l2tpha_address *address)
{
    struct sockaddr_storage socket;
    const struct sockaddr_in *in = (const struct sockaddr_in *)&socket;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&socket;
    address_to_socket(address, &socket);
    if (socket.ss_family == AF_INET) {
        uint32_t host = ntohl(in->sin_addr.s_addr);
        return host != INADDR_ANY && host != INADDR_BROADCAST && !IN_MULTICAST(host);
    }
    return !IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr) && !IN6_IS_ADDR_MULTICAST(&in6->sin6_addr);
}

int address_family(const struct l2tpha_address *address)
{
    switch (address->len) {
    case sizeof(struct sockaddr_in):
        return AF_INET;
    case sizeof(struct sockaddr_in6):
        return AF_INET6;
    default:
        return AF_UNSPEC;
    }
}

uint16_t address_port(const struct l2tpha_address *address)
{
    struct sockaddr_storage socket;
    address_to_socket(address, &socket);
    return ntohs(((const struct sockaddr_in *)&socket)->sin_port); /* as sin6_port */
}

const char *address_text(const struct l2tpha_address *address, char dst[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN], scope[IF_NAMESIZE + 1] = "", name[IF_NAMESIZE];
    struct sockaddr_storage socket;
    address_to_socket(address, &socket);
    if (socket.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&socket;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        snprintf(dst, ADDRESS_TEXT_MAX, "%s:%u", host, ntohs(in->sin_port));
    } else if (socket.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&socket;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        if (in6->sin6_scope_id != 0 && if_indextoname(in6->sin6_scope_id, name) != NULL)
            snprintf(scope, sizeof(scope), "%%%s", name);
        snprintf(dst, ADDRESS_TEXT_MAX, "[%s%s]:%u", host, scope, ntohs(in6->sin6_port));
    } else {
        strcpy(dst, "-");
    }
    return dst;
}

void address_from_socket(const struct sockaddr_storage *from, struct l2tpha_address *address)
{
    memset(address, 0, sizeof(*address));
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        struct sockaddr_in clean;
        memset(&clean, 0, sizeof(clean));
        clean.sin_family = AF_INET;
        clean.sin_port = in->sin_port;
        clean.sin_addr = in->sin_addr;
        address->len = sizeof(clean);
        memcpy(address->bytes, &clean, sizeof(clean));
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
        struct sockaddr_in6 clean;
        memset(&clean, 0, sizeof(clean));
        clean.sin6_family = AF_INET6;
        clean.sin6_port = in6->sin6_port;
        clean.sin6_addr = in6->sin6_addr;
        clean.sin6_scope_id = in6->sin6_scope_id;
        address->len = sizeof(clean);
        memcpy(address->bytes, &clean, sizeof(clean));
    }
}

socklen_t address_to_socket(const struct l2tpha_address *address, struct sockaddr_storage *to)
{
    memset(to, 0, sizeof(*to));
    if (address_family(address) == AF_UNSPEC)
        return 0;
    memcpy(to, address->bytes, address->len);
    return address->len;
}

const char *endpoint_unix(const char *path, struct endpoint *endpoint)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&endpoint->socket;
    memset(endpoint, 0, sizeof(*endpoint));
    if (*path == '\0')
        return "the path is missing";
    if (strlen(path) >= sizeof(un->sun_path))
        return "the path is too long for a unix socket (107 bytes at most)";
    un->sun_family = AF_UNIX;
    strcpy(un->sun_path, path);
    endpoint->kind = ENDPOINT_UNIX;
    endpoint->len = sizeof(*un);
    return NULL;
}

const char *endpoint_parse(const char *text, struct endpoint *endpoint)
{
    struct l2tpha_address address;
    if (strncmp(text, "unix:", 5) == 0)
        return endpoint_unix(text + 5, endpoint);
    if (strncmp(text, "tcp:", 4) != 0)
        return "must be unix:PATH or tcp:ADDR:PORT";
    memset(endpoint, 0, sizeof(*endpoint));
    const char *why = address_parse(text + 4, 0, &address);
    if (why != NULL)
        return why;
    endpoint->len = address_to_socket(&address, &endpoint->socket);
    if (((const struct sockaddr_in *)&endpoint->socket)->sin_port == 0)
        return "the port is missing"; /* sin_port and sin6_port share their place */
    endpoint->kind = ENDPOINT_TCP;
    return NULL;
}

const char *endpoint_text(const struct endpoint *endpoint, char dst[ENDPOINT_TEXT_MAX])
{
    struct l2tpha_address address;
    if (endpoint->kind == ENDPOINT_UNIX) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)&endpoint->socket;
        snprintf(dst, ENDPOINT_TEXT_MAX, "%s", un->sun_path);
        return dst;
    }
    address_from_socket(&endpoint->socket, &address);
    return address_text(&address, dst);
}

bool endpoint_is_beyond_loopback(const struct endpoint *endpoint)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)&endpoint->socket;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&endpoint->socket;
    if (endpoint->kind != ENDPOINT_TCP)
        return false;
    if (endpoint->socket.ss_family == AF_INET)
        return (ntohl(in->sin_addr.s_addr) >> 24) != 127;
    return !IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

bool address_is_here(const struct l2tpha_address *address)
{
    struct sockaddr_storage any_port;
    socklen_t len = address_to_socket(address, &any_port);
    ((struct sockaddr_in *)&any_port)->sin_port = 0; /* an IPv6 one's is at the same place */
    int fd = socket(any_port.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    bool gone = bind(fd, (const struct sockaddr *)&any_port, len) != 0 && errno == EADDRNOTAVAIL;
    close(fd);
    return !gone;
}

const char *endpoint_option(const struct endpoint *endpoint, char dst[ENDPOINT_OPTION_MAX])
{
    char text[ENDPOINT_TEXT_MAX];
    if (endpoint->kind == ENDPOINT_NONE)
        return NULL;
    snprintf(dst, ENDPOINT_OPTION_MAX, "%s:%s", endpoint->kind == ENDPOINT_UNIX ? "unix" : "tcp",
             endpoint_text(endpoint, text));
    return dst;
}
