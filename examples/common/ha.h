/* SPDX-License-Identifier: MIT */
/* The replication stream of this node: one standby connects to the active, an l2tpha_link at each
 * end.
 *
 * Over unix: the first byte of the stream, from the active, carries two descriptors. One is its UDP
 * socket: the port stays owned when the active dies, datagrams wait in the socket, and the standby
 * reads it only once it has taken over. The other is the reading end of the farewell pipe. An
 * active that closes the stream while it lives writes a byte there first; so a stream that ends
 * without a farewell is the death of the active, as the kernel tells it, and no guess.
 *
 * Over tcp: nothing of this; the standby binds its own socket, and its operator decides. */
#ifndef EXAMPLES_HA_H
#define EXAMPLES_HA_H

#include "address.h"

#include <l2tpha/link.h>
#include <talloc.h>

struct app;
struct ha;

/* How the stream to the active ended. */
enum ha_farewell {
    HA_DEATH,     /* over unix: without a farewell */
    HA_ABANDONED, /* the active lives and goes on alone */
    HA_LEFT,      /* the active has closed its tunnels and left */
    HA_UNKNOWN    /* over tcp, or we closed it */
};

struct ha *ha_new(struct app *app);

/* Active: let a standby connect to --ha-listen. NULL, or what is wrong. */
const char *ha_listen(struct ha *ha);
void ha_stop_listening(struct ha *ha);

/* The same after a takeover, again and again: a dead predecessor may not be gone all at once. */
void ha_keep_listening(struct ha *ha);

/* Standby: connect to --ha-connect, again and again. */
void ha_connect(struct ha *ha);

/* End the stream and any further try. leaving: an active that has closed its tunnels. */
void ha_disconnect(struct ha *ha, bool leaving);

/* A checkpoint of the node, for the standby. */
void ha_send(struct ha *ha, uint64_t number, const uint8_t *data, size_t len);

/* Before output is let go: a standby that does not hold what the output depends on must not take
 * over, so it is told farewell; the next ha_flush() ends its stream. */
void ha_drop_if_solo(struct ha *ha);

/* Write what the link has to say. Not while outputs of the node are being looked at. */
void ha_flush(struct ha *ha);

/* Active: tell the standby to take over now. */
int ha_hand_over(struct ha *ha);

/* False without a stream. */
bool ha_info(const struct ha *ha, struct l2tpha_link_info *info);

uint64_t ha_deadline(const struct ha *ha);
void ha_expire(struct ha *ha, uint64_t now);

#endif
