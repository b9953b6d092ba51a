/* SPDX-License-Identifier: MIT */
/* Tunnels with one id of one peer, which has begun anew: one speaks at a time. */
#ifndef CONTROL_DUPLICATE_H
#define CONTROL_DUPLICATE_H

#include "control/tunnel.h"

/* The tunnel is new, or new to this node. */
void tunnel_note_duplicates(struct l2tpha_tunnel *tunnel);
/* It says nothing just now, for the sake of a duplicate. */
bool tunnel_is_hushed(struct l2tpha_tunnel *tunnel);
/* Its duplicates may be hushed no more. */
void tunnel_wake_duplicates(struct l2tpha_tunnel *tunnel);
struct l2tpha_tunnel *duplicate_next_living(const struct engine *engine,
                                            struct tunnel_entry *entry);
struct l2tpha_tunnel *duplicate_next(const struct l2tpha_tunnel *tunnel);

#endif
