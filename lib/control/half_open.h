/* SPDX-License-Identifier: MIT */
/* Tunnels that peers have asked for and not completed, and those that were established once and
 * are only kept for copies of a StopCCN (RFC 2661 5.7). */
#ifndef CONTROL_HALF_OPEN_H
#define CONTROL_HALF_OPEN_H

#include "control/tunnel.h"

#include <stddef.h>

/* A peer has asked for it, and it is not established. */
void tunnel_set_half_open(struct l2tpha_tunnel *tunnel, bool half_open);
/* The tunnel goes, or comes, by its state. */
void half_open_note(struct l2tpha_tunnel *tunnel);
/* From here came a request of so many bytes: the address may be forged until it answers. */
void half_open_mark_unproven(struct l2tpha_tunnel *tunnel, size_t len);
/* It was restored: what is queued may leave once more. */
void half_open_restored(struct l2tpha_tunnel *tunnel);
/* A copy of its request has come. */
void half_open_asked_again(struct l2tpha_tunnel *tunnel, size_t len);
/* The peer has acknowledged what only the address that we send to can have seen. */
void half_open_proved(struct l2tpha_tunnel *tunnel);
uint8_t half_open_source(const struct engine *engine, const struct l2tpha_address *remote);

#endif
