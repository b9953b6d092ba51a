/* SPDX-License-Identifier: MIT */
/* Three pairs of one endpoint in one process, over tcp and in virtual time, with an authority that
 * answers at once, late or never. With each datagram it is checked that whoever says it has the
 * lease. */
#ifndef PAIR_LEASED_H
#define PAIR_LEASED_H

#include "fixture.h"

#include <l2tpha/l2tpha.h>
#include <l2tpha/pair.h>

#define LEASED_NODES 3
#define MS UINT64_C(1000)
#define SECOND (1000 * MS)
#define LEASE_MS 5000

/* What the authority keeps. */
struct office {
    struct l2tpha_claim claim;
    uint64_t leased_until;
    bool closed; /* nobody is answered */
};

struct side {
    unsigned place;
    char name[16];
    struct l2tpha_pair *pair; /* NULL = its process is dead */
    bool stopped;             /* ... or has no turn */
    bool cut;                 /* from the authority */
    bool takes_nothing;       /* its takes are lost on their way */
    bool no_socket, no_gift;  /* none can be had; none beside another */
    uint32_t rank;
    int socket;
    unsigned events[L2TPHA_PAIR_LEASE_LOST + 1];
    unsigned outcomes;
    char why[160]; /* of the last; "" = it came to pass */
    uint64_t sent; /* datagrams, */
    uint64_t sent_at, speaks_at;
    uint64_t epoch; /* that it has asked for */
    struct {
        struct l2tpha_authority_event event;
        uint64_t at; /* 0 = none */
    } answers[2];    /* of look, take and change; of renew and leave */
    struct l2tpha_authority authority;
};

extern struct office office;
extern struct side sides[LEASED_NODES];
extern uint64_t leased_now; /* 0: time is real */

/* A suite in this world. */
Suite *leased_suite(const char *name, TCase **tcase);
/* Options that a test may change until the next begin. */
extern struct l2tpha_pair_options leased_options;
struct side *leased_begin(unsigned place, enum l2tpha_pair_role role);
/* What its program does for it. */
const struct l2tpha_pair_host *leased_host(struct side *side);
/* As its process would die. */
void leased_die(struct side *side);
/* All have their turns for so long. */
void leased_run(uint64_t us);
enum l2tpha_role leased_role(const struct side *side);
bool leased_is_held(const struct side *side);
struct l2tpha_lease_info leased_lease(const struct side *side);
struct l2tpha_pair_info leased_info(const struct side *side);
/* ... until it has this role, and for how long. */
uint64_t leased_until(struct side *side, enum l2tpha_role role, uint64_t us);
/* ... until it has told its heir to serve. */
void leased_until_handed(const struct side *side);
/* ... until an outcome was told. */
void leased_until_told(struct side *side, uint64_t us);
/* The first serves, and the second one follows, in the claim. */
void leased_begin_two(void);
/* It is in the claim. */
bool leased_is_in_claim(const struct side *side);

bool leased_is_silent(const struct side *side, uint64_t us);
/* Whatever else there is to be said by it leaves. */
void leased_check_serves(const struct side *side);
/* It comes to be in sync and in the claim. */
void leased_check_follows(struct side *side, uint64_t us);

#endif
