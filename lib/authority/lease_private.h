/* SPDX-License-Identifier: MIT */
/* The state of a lease, shared by its files. */
#ifndef AUTHORITY_LEASE_PRIVATE_H
#define AUTHORITY_LEASE_PRIVATE_H

#include "authority/claim.h"

#include <l2tpha/redundancy.h>

#define MEMBERS (L2TPHA_CLAIM_NODES_MAX - 1) /* the owner is the last one */

/* A standby of the node, by its consumer. */
struct member {
    char name[L2TPHA_CLAIM_NAME_MAX + 1]; /* "" = none */
    uint32_t consumer;
    bool holds; /* outputs wait for it, whatever becomes of it */
    bool goes;  /* to be removed from the node, once it is not in the claim */
};

/* What is under way at the authority: one of these, */
enum asked { ASKED_NOTHING, ASKED_LOOK, ASKED_TAKE, ASKED_CHANGE };
/* ... and one of these beside it. */
enum beside { BESIDE_NOTHING, BESIDE_RENEW, BESIDE_LEAVE };

struct l2tpha_lease {
    struct l2tpha_lease_options options; /* its name hangs off the lease */
    struct l2tpha_node *node;            /* NULL = none */
    enum l2tpha_lease_state state;
    enum l2tpha_lease_want want;
    uint64_t order_until; /* an operator's is over then */
    const char *reason;

    struct l2tpha_claim claim; /* as it was known last */
    bool looked;               /* it was, since the node is there */
    bool outdated;             /* what is under way was asked before that */
    uint64_t floor;            /* oldest epoch that the node's copy can be of */
    uint64_t epoch;            /* asked for last */
    enum l2tpha_trust trust;   /* of the copy, when it was */

    enum asked asked;
    uint64_t asked_at;
    struct l2tpha_claim asking;
    bool unknown;   /* what was asked of this revision of the claim may still be carried out */
    bool look_next; /* before anything else is asked */
    uint64_t try_at;
    bool confirm;     /* the claim is ours, of whichever take: by a renewal, which is timed */
    bool retake_only; /* its lease was given back, and that may still be carried out */
    bool give;        /* the lease is to be given back */
    bool empties;     /* ... when the claim says that nothing is held, or it is known not to */
    enum beside beside;
    uint64_t beside_at;
    uint64_t renew_at;
    uint64_t until;

    bool holds;      /* the node */
    bool called;     /* the node was, in this turn */
    unsigned events; /* a bit for each kind to be told */
    uint64_t other;  /* OVER: the other's epoch */
    uint64_t renewed, ended, changes, failures, looks;
    int status;
    struct member members[MEMBERS];
};

#endif
