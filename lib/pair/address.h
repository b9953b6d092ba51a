/* SPDX-License-Identifier: MIT */
/* Addresses as people write them and as the library and the kernel want them: ADDR[:PORT] for UDP,
 * unix:PATH and tcp:ADDR:PORT for streams. Names are looked up when a program starts, and never
 * later: a name server must not be what a takeover waits for. */
#ifndef PAIR_ADDRESS_H
#define PAIR_ADDRESS_H

#include <l2tpha/types.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 80

/* Parse 192.0.2.1, 192.0.2.1:1701, 2001:db8::1, [2001:db8::1] or [2001:db8::1%eth0]:1701.
 * Returns NULL, or what is wrong. */
const char *address_parse(const char *text, uint16_t default_port, struct l2tpha_address *address);

/* The same, or a host's name in place of the numbers, which is looked up: the first address that
 * the system names, of this family unless that is AF_UNSPEC. */
const char *address_resolve(const char *text, uint16_t default_port, int family,
                            struct l2tpha_address *address);

/* "192.0.2.1:1701" or "[2001:db8::1]:1701"; "-" if unspecified. Returns dst. */
const char *address_text(const struct l2tpha_address *address, char dst[ADDRESS_TEXT_MAX]);

/* Only family, address, port and scope are kept: the library compares all bytes. */
void address_from_socket(const struct sockaddr_storage *from, struct l2tpha_address *address);
socklen_t address_to_socket(const struct l2tpha_address *address, struct sockaddr_storage *to);

/* Whether it names one host: not any, not several. */
bool address_is_one_host(const struct l2tpha_address *address);

/* Whether both are of one host: all but the port is the same. */
bool address_same_host(const struct l2tpha_address *a, const struct l2tpha_address *b);

/* AF_INET or AF_INET6, or AF_UNSPEC. */
int address_family(const struct l2tpha_address *address);

/* 0 = unspecified. */
uint16_t address_port(const struct l2tpha_address *address);

/* One end of a byte stream. */
struct endpoint {
    enum { ENDPOINT_NONE = 0, ENDPOINT_UNIX, ENDPOINT_TCP } kind;
    struct sockaddr_storage socket;
    socklen_t len;
};

/* Parse unix:PATH or tcp:ADDR:PORT. Returns NULL, or what is wrong. */
const char *endpoint_parse(const char *text, struct endpoint *endpoint);

/* The same as a person writes it; a path alone, without unix:, if it is one. Returns dst. */
#define ENDPOINT_TEXT_MAX 128
const char *endpoint_text(const struct endpoint *endpoint, char dst[ENDPOINT_TEXT_MAX]);

/* Of tcp: whether others than this machine reach it, or are reached there. */
bool endpoint_is_beyond_loopback(const struct endpoint *endpoint);

/* Whether the address is one of this machine's, as far as can be known. */
bool address_is_here(const struct l2tpha_address *address);

/* As endpoint_parse() takes it, NULL for none. Returns dst. */
#define ENDPOINT_OPTION_MAX (ENDPOINT_TEXT_MAX + 8)
const char *endpoint_option(const struct endpoint *endpoint, char dst[ENDPOINT_OPTION_MAX]);

/* A unix socket of this path. Returns NULL, or what is wrong. */
const char *endpoint_unix(const char *path, struct endpoint *endpoint);

#endif
