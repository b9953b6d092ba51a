/* SPDX-License-Identifier: MIT */
/* An authority with a clock of its own, and the ways of nodes to it, on which requests and answers
 * are lost, doubled and late, and may be carried out long after they were given up. */
#ifndef AUTHORITY_FAKE_AUTHORITY_H
#define AUTHORITY_FAKE_AUTHORITY_H

#include "sim/world.h"

#include <l2tpha/authority.h>

#define FAKE_NODES 4
#define FAKE_PARCELS 128

enum fake_kind { FAKE_LOOK, FAKE_TAKE, FAKE_CHANGE, FAKE_RENEW, FAKE_LEAVE };

/* A request on its way, or its answer. */
struct fake_parcel {
    uint64_t at; /* 0 = none */
    unsigned node;
    uint64_t id;
    enum fake_kind kind;
    bool answer;
    struct l2tpha_claim claim;
    uint64_t revision;
    uint64_t epoch; /* of the claim that the node had asked for */
    uint64_t takes; /* that it had asked for */
    uint32_t ttl_ms;
    int status;
};

/* What a node has asked and has no answer to. */
struct fake_ask {
    uint64_t id; /* 0 = nothing */
    enum fake_kind kind;
    uint64_t until; /* by the node's clock */
};

struct fake_node {
    struct fake_authority *server;
    unsigned place;
    const char *name;
    uint64_t epoch, takes; /* asked for */
    uint32_t ttl_ms;
    struct fake_ask asks[2]; /* the second is of renew and leave */
    bool cut;
    struct l2tpha_authority_event events[8];
    unsigned event_count;
    struct l2tpha_authority authority;
};

struct fake_authority {
    struct world *world;
    uint64_t rate; /* of its clock, in millionths */
    uint64_t delay;
    unsigned loss, duplicate, late; /* percent */
    struct l2tpha_claim claim;
    uint64_t leased_until; /* of its clock */
    uint64_t lease_takes;
    uint64_t leased_at; /* when it began anew last, by the world's */
    bool from_member;   /* who has taken the claim last was in it */
    bool from_void;     /* ... and nobody was, for nothing was held */
    uint64_t ids;
    uint64_t unknown; /* asked for and given up, and carried out all the same */
    uint64_t voids;   /* claims of nobody */
    uint64_t due;     /* the next one to arrive */
    struct fake_parcel parcels[FAKE_PARCELS];
    struct fake_node nodes[FAKE_NODES];
};

void fake_authority_init(struct fake_authority *server, struct world *world);
/* How that node's program reaches it. */
const struct l2tpha_authority *fake_authority_of(struct fake_authority *server, unsigned place,
                                                 const char *name);
/* The program has died: what is on its way is. */
void fake_authority_forget(struct fake_authority *server, unsigned place);
bool fake_authority_is_leased(const struct fake_authority *server);
uint64_t fake_authority_deadline(const struct fake_authority *server);
/* What has arrived. */
void fake_authority_run(struct fake_authority *server);

#endif
