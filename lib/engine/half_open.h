/* SPDX-License-Identifier: MIT */
/* Tunnels that may have to make place for others: those that peers have asked for and not
 * completed, and those that were established once and are only kept for copies of a StopCCN (RFC
 * 2661 5.7). */
#ifndef ENGINE_HALF_OPEN_H
#define ENGINE_HALF_OPEN_H

#include "engine/engine.h"

#include <stddef.h>

/* The tunnel goes, or comes, by its state. */
void half_open_note(struct l2tpha_tunnel *tunnel);
/* Room for one that a peer at this address asks for, in every limit: the oldest go for it, each in
 * a transaction of its own. L2TPHA_ERR_LIMIT: there is none. */
int half_open_make_place(struct engine *engine, const struct l2tpha_address *remote);
/* A request is dropped; the log says so now and then. */
void half_open_dropped(struct engine *engine, int error);
/* From here came a request of so many bytes: the address may be forged until it answers. */
void half_open_doubt(struct l2tpha_tunnel *tunnel, size_t len);
/* It was restored: what is queued may leave once more. */
void half_open_restored(struct l2tpha_tunnel *tunnel);
/* A copy of its request has come. */
void half_open_asked_again(struct l2tpha_tunnel *tunnel, size_t len);
/* The peer has acknowledged what only the address that we send to can have seen. */
void half_open_proved(struct l2tpha_tunnel *tunnel);

#endif
