/* SPDX-License-Identifier: MIT */
/* Tunnels whose SCCRQ is outstanding, for tie breaking (RFC 2661 4.4.3). */
#ifndef CONTROL_OPENING_H
#define CONTROL_OPENING_H

#include "control/tunnel.h"

/* The first tunnel with an outstanding SCCRQ to this peer after `previous` (NULL = first). */
struct l2tpha_tunnel *tunnel_next_opening(struct engine *engine,
                                          const struct l2tpha_address *remote,
                                          const struct l2tpha_tunnel *previous);
void tunnel_join_opening(struct l2tpha_tunnel *tunnel);
void tunnel_leave_opening(struct l2tpha_tunnel *tunnel);
/* RFC 2661 4.4.3: which of two SCCRQs that cross has the lower tie breaker. */
enum tie { TIE_NONE, TIE_OURS, TIE_PEERS, TIE_EQUAL };

enum tie tunnel_compare_ties(const struct l2tpha_tunnel *ours, const struct l2tpha_message *theirs);
/* A new tie breaker into our SCCRQ, where it has one. */
int tunnel_put_tie_breaker(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder);
/* This recovery SCCRQ for the old tunnel has lost a tie: lost_tie_request. */
void tunnel_remember_lost_tie(struct l2tpha_tunnel *old, const struct l2tpha_message *sccrq);

#endif
