/* SPDX-License-Identifier: MIT */
/* A node and its lease, question by question: the authority says what the test wants it to say. */
#ifndef AUTHORITY_SCRIPT_H
#define AUTHORITY_SCRIPT_H

#include "fixture.h"
#include "info.h"

#include <l2tpha/authority.h>
#include <l2tpha/consumer.h>
#include <l2tpha/l2tpha.h>
#include <string.h>

#define MS UINT64_C(1000)
#define UNTIL (4300 * MS) /* of five seconds */

enum ask { NOTHING, LOOK, TAKE, CHANGE, RENEW, LEAVE };

/* What it was asked last, and what it will say. */
struct script {
    enum ask asked, beside;
    struct l2tpha_claim claim; /* to be put in place */
    uint64_t revision;
    struct l2tpha_authority_event events[4];
    unsigned count;
};

extern struct script script;
extern struct l2tpha_node *node;   /* "b", of rank 2, made with epoch 257; a standby at first */
extern struct l2tpha_lease *lease; /* of it */
extern uint64_t now;
extern struct l2tpha_authority authority;

void script_setup(void);
void script_teardown(void);
void turn(uint64_t after);
/* The answer to what was asked last. */
void answer(enum ask what, int status, const struct l2tpha_claim *claim);
struct l2tpha_claim claim_by(const char *owner, uint64_t epoch, uint64_t revision,
                             const char *other);
/* What was asked for is there. */
struct l2tpha_claim asked_for(uint64_t revision, bool leased);
enum l2tpha_lease_state state(void);
/* The next event is this one. */
struct l2tpha_lease_event told(unsigned kind);
void nothing_told(void);
/* The node has all that an active of this epoch and rank 1 has. */
void fill(uint64_t epoch);
/* Its outputs, confirmed by whom they are for. */
void drain(void);
/* The claim is there to be taken, and this node may. */
void ask_to_take(void);
/* ... and it does, under epoch 258 and revision 8. */
void serve(void);

#endif
