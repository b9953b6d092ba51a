/* SPDX-License-Identifier: MIT */
/* Where a group is: HOST:PORT,HOST:PORT,.../GROUP. */
#ifndef ETCD_PLACE_H
#define ETCD_PLACE_H

#include <l2tpha/etcd.h>

#define HOST_TEXT_MAX 264 /* a name has 255 octets at most, an IPv6 address gets brackets */
#define PORT_TEXT_MAX 6
#define RESOLVED_MAX (HOST_TEXT_MAX + PORT_TEXT_MAX + 48)
#define GROUP_MAX 63

struct member {
    char host[HOST_TEXT_MAX];    /* as in a URL */
    char port[PORT_TEXT_MAX];    /* likewise */
    char resolved[RESOLVED_MAX]; /* HOST:PORT:ADDRESS of a name; "" of an address */
};

struct place {
    struct member members[L2TPHA_ETCD_MEMBERS_MAX];
    uint32_t count;
    char group[GROUP_MAX + 1];
};

/* Names are looked up, which may take its time. INVALID, NOT_FOUND. */
int place_read(const char *text, struct place *place);

#endif
