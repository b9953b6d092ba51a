/* SPDX-License-Identifier: MIT */
/* Tunnels with one id of one peer, which has begun anew. */
#ifndef DISPATCH_TUNNEL_DUPLICATE_H
#define DISPATCH_TUNNEL_DUPLICATE_H

#include "control/tunnel.h"

/* What tells an SCCRQ from another one with the same Assigned Tunnel ID. */
uint64_t tunnel_request_digest(const struct l2tpha_message *sccrq);
/* This tunnel was asked for by that SCCRQ. */
void tunnel_note_request(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *sccrq);
/* The tunnel that began with this SCCRQ; NULL = it is no copy, but asks for a new one. */
struct l2tpha_tunnel *tunnel_find_copied(struct engine *engine, const struct l2tpha_path *path,
                                         const struct l2tpha_message *sccrq, uint32_t recovers);
/* The tunnel that a StopCCN without our id means; NULL = none. */
struct l2tpha_tunnel *tunnel_find_stopped(struct engine *engine, const struct l2tpha_path *path,
                                          const struct l2tpha_message *stopccn);
/* Of those half open one goes, if need be, for there are few at one time. */
void tunnel_make_duplicate_place(struct engine *engine, const struct l2tpha_path *path,
                                 uint32_t id);

#endif
