/* SPDX-License-Identifier: MIT */
/* What the suites about calls, incoming and outgoing, share: a message that finds a call in a
 * state, and a call that is asked for before its tunnel is there. */
#ifndef SCENARIO_RIG_CALL_H
#define SCENARIO_RIG_CALL_H

#include "scenario/rig.h"

#define RESULT_GENERAL 2
#define ERROR_SESSION 5

/* The node's end of the call. */
enum role { LAC, LNS };

/* What answers: nothing but an acknowledgement, or a CDN. */
struct row {
    enum role role;
    uint8_t state;
    uint16_t type;
    bool cdn;
};

/* The peer says the row's message, which ends this call of the node. Returns the CDN that answers;
 * NULL when it is acknowledged only. */
const struct heard *message_ends_call(struct peer *peer, const struct row *row, uint16_t session);
/* The node asks for a tunnel and for a call on it, which waits for the tunnel. Returns its id. */
uint16_t node_asks_with_tunnel(struct peer *peer, enum l2tpha_call call);
/* ... and the peer accepts the tunnel and could place calls. */
void peer_accepts_tunnel(struct peer *peer);

#endif
