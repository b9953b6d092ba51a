/* SPDX-License-Identifier: MIT */
/* Whom this node talks to about redundancy: an l2tpha_link at each end of a stream. A standby
 * connects to the active. Over tcp an active without a standby looks for the other node as well:
 * should that serve too, the lower epoch steps down.
 *
 * Over unix: the first byte of the stream, from the active, carries two descriptors. One is its UDP
 * socket: the port stays owned when the active dies, datagrams wait in the socket, and the standby
 * reads it only once it has taken over. The other is the reading end of the farewell pipe. Into it
 * the active writes when it goes on alone, when the standby is in sync again, and when it closes
 * the stream; so a stream that ends says by the last byte whether the copy is what was served, and
 * one that ends without a farewell is the death of the active, as the kernel tells it, and no
 * guess.
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
    HA_DEATH,        /* over unix: without a farewell; the copy is all that was served */
    HA_DEATH_BEHIND, /* likewise, but it had gone on alone before */
    HA_ABANDONED,    /* the active lives and goes on alone */
    HA_LEFT,         /* the active has closed its tunnels and left */
    HA_UNKNOWN       /* over tcp, or we closed it */
};

struct ha *ha_new(struct app *app);

/* Let others connect to --ha-listen. NULL, or what is wrong. */
const char *ha_listen(struct ha *ha);
void ha_stop_listening(struct ha *ha);

/* The same after a takeover, again and again: a dead predecessor may not be gone all at once. */
void ha_keep_listening(struct ha *ha);

/* Connect to --ha-connect, again and again: a standby to its active; an active, over tcp and while
 * it has no standby, to whoever serves there. */
void ha_connect(struct ha *ha);

/* What the node was to others has ended: streams are closed, but for those of a standby that has
 * taken over: they stay until the old active has read of the new epoch. leaving: an active that has
 * closed its tunnels. */
void ha_disconnect(struct ha *ha, bool leaving);
void ha_promoted(struct ha *ha);
/* The same without a word, as when the process had died. */
void ha_let_go(struct ha *ha);

/* A checkpoint of the node, for the standby. */
void ha_send(struct ha *ha, uint64_t number, const uint8_t *data, size_t len);

/* Before output is let go: a standby that does not hold what the output depends on must not take
 * over, so it is told. */
void ha_tell_sync(struct ha *ha);

/* Write what the links have to say. Not while outputs of the node are being looked at. */
void ha_flush(struct ha *ha);

/* Read what has come, ahead of everything else: after an absence. */
void ha_catch_up(struct ha *ha);

/* Active: offer to hand over to the standby; take that back. */
int ha_hand_over(struct ha *ha);
int ha_take_back(struct ha *ha);
/* Standby: could not take it; is about to take it by itself. */
int ha_decline(struct ha *ha, int why);
int ha_announce(struct ha *ha, uint64_t epoch, bool force);

/* Of the standby, or of the active. False without a stream. */
bool ha_info(const struct ha *ha, struct l2tpha_link_info *info);

/* Standby, over unix: the copy is all that the active has let out, as far as it was able to tell.
 */
bool ha_is_exact(struct ha *ha);

/* Who else was met while nobody serves, and how that went. */
struct ha_other {
    bool refused; /* nobody listens there: nobody serves */
    bool holds;   /* a standby that holds something */
    bool looks;   /* a node that looks for the other as this one does */
    uint32_t rank;
    uint64_t epoch;
};
void ha_look(struct ha *ha, struct ha_other *other);
/* Nobody listened there when it was tried last. */
bool ha_was_refused(const struct ha *ha);

uint64_t ha_deadline(const struct ha *ha);
void ha_expire(struct ha *ha, uint64_t now);

#endif
