/* SPDX-License-Identifier: MIT */
/* The way to a server, as a store asks for it: the system's socket and clock, or a test's. */
#ifndef REDIS_NET_H
#define REDIS_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net {
    void *user;
    /* Begin a connection, in place of the one that was there. */
    int (*connect)(void *user);
    /* Octets that went, or have come; 0 = none now; negative = an error, and the connection is of
     * no more use. */
    int64_t (*send)(void *user, const uint8_t *data, size_t len);
    int64_t (*receive)(void *user, uint8_t *dst, size_t room);
    void (*close)(void *user);
    uint64_t (*now)(void *user);              /* microseconds */
    void (*wake_at)(void *user, uint64_t at); /* the descriptor is readable then, too */
    void (*wait)(void *user);                 /* ... until it is */
    int (*random)(void *user, uint8_t *dst, size_t len);
    int (*fd)(void *user);
    void (*free)(void *user);
};

#define NET_NEVER UINT64_MAX

#endif
