/* SPDX-License-Identifier: MIT */
/* What a checkpoint names: a set of ids, emptied by raising its stamp, so that it costs what the
 * checkpoint has in it. For verify.c. */
#ifndef STATE_VERIFY_NAMES_H
#define STATE_VERIFY_NAMES_H

#include <l2tpha/types.h>
#include <talloc.h>

enum member {
    GONE_TUNNEL,
    GONE_SESSION,
    NEW_TUNNEL,
    NEW_SESSION,
    NEW_REMOTE,
    RECOVERED,
    RESET_TUNNEL
};

/* What is known of a tunnel by its newest record. */
struct standing {
    uint8_t state;   /* enum l2tpha_tunnel_state; IDLE = there is none */
    uint8_t version; /* of its wire format */
    uint32_t recovers;
};

/* One name; what is known of it besides. */
struct slot {
    uint64_t ids;
    uint32_t stamp;
    uint32_t member; /* enum member */
    union {
        struct standing tunnel; /* NEW_TUNNEL */
        uint32_t by;            /* RECOVERED: the recovery tunnel */
    };
};

/* Zero-filled but for the owner = empty. */
struct names {
    const void *owner; /* talloc parent of the slots */
    struct slot *slots;
    uint32_t size; /* a power of two */
    uint32_t used;
    uint32_t stamp;
};

void names_empty(struct names *names);
bool names_have(const struct names *names, enum member member, uint32_t tunnel_id, uint32_t id);
/* What has been put in under this name; it must be there. */
struct slot *names_find(const struct names *names, enum member member, uint32_t tunnel_id);
/* L2TPHA_ERR_EXISTS when it is there already; L2TPHA_ERR_NOMEM. */
int names_add(struct names *names, enum member member, uint32_t tunnel_id, uint32_t id);

#endif
