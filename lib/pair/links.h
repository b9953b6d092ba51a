/* SPDX-License-Identifier: MIT */
/* Whom this node talks to about redundancy: an l2tpha_link at each end of a stream. A standby
 * connects to the active. Over tcp an active without a standby looks for the other node as well:
 * should that serve too, the lower epoch steps down.
 *
 * Over unix: the first byte of the stream, from the active, carries two descriptors. One is its
 * UDP socket: the port stays owned when the active dies, datagrams wait in the socket, and the
 * standby reads it only once it has taken over. The other is the reading end for farewells.
 * Into it the active writes when it goes on alone, when the standby is in sync again, and when it
 * closes the stream; so a stream that ends says by the last byte whether the copy is what was
 * served, and one that ends without a farewell is the death of the active, as the kernel tells it,
 * and no guess.
 *
 * Over tcp: nothing of this; the standby binds its own socket, and its operator decides. */
#ifndef PAIR_LINKS_H
#define PAIR_LINKS_H

#include "address.h"

#include <l2tpha/link.h>
#include <l2tpha/node.h>

struct l2tpha_pair;
struct links;

/* How the stream to the active ended. */
enum farewell {
    FAREWELL_DEATH,        /* over unix: without a farewell; the copy is all that was served */
    FAREWELL_DEATH_BEHIND, /* likewise, but it had gone on alone before */
    FAREWELL_ABANDONED,    /* the active lives and goes on alone */
    FAREWELL_LEFT,         /* the active has closed its tunnels and left */
    FAREWELL_UNKNOWN       /* over tcp, or we closed it */
};

/* What the links tell. */
struct links_events {
    void (*active_lost)(struct l2tpha_pair *pair, enum farewell farewell);
    void (*link_failed)(struct l2tpha_pair *pair); /* at a standby, which connects again */
    /* heir: it was handed over to, or asked; is_over: its process has ended */
    void (*standby_lost)(struct l2tpha_pair *pair, bool heir, bool is_over);
    void (*asked_to_serve)(struct l2tpha_pair *pair); /* planned switchover */
    void (*handed)(struct l2tpha_pair *pair); /* the standby accepts: from here on it may serve */
    void (*superseded)(struct l2tpha_pair *pair);     /* a newer epoch serves */
    void (*active_stopped)(struct l2tpha_pair *pair); /* for this node */
    void (*declined)(struct l2tpha_pair *pair, int why);
};

struct links *links_new(struct l2tpha_pair *pair); /* NULL: no memory */
void links_free(struct links *links);              /* without a word; NULL is allowed */

/* Let others connect to --ha-listen. NULL, or what is wrong. */
const char *links_listen(struct links *links);
void links_stop_listening(struct links *links);

/* The same after a takeover, again and again: a dead predecessor may not be gone all at once. */
void links_keep_listening(struct links *links);

/* Connect to --ha-connect, again and again: a standby to its active; an active, over tcp and while
 * it has no standby, to whoever serves there. */
void links_connect(struct links *links);

/* What the node was to others has ended: streams are closed, but for those of a standby that has
 * taken over: they stay until the old active has read of the new epoch. leaving: an active that has
 * closed its tunnels. */
void links_disconnect(struct links *links, bool leaving);
void links_promoted(struct links *links);
/* The same without a word, as when the process had died. */
void links_let_go(struct links *links);

/* A checkpoint of the node, for the standby. */
void links_send(struct links *links, const struct l2tpha_output *output);

/* What is given under this tag has changed: standbys have it before what is sent from now on. */
void links_pass(struct links *links, uint32_t tag);

/* Before output is let go: a standby that does not hold what the output depends on must not take
 * over, so it is told. */
void links_tell_sync(struct links *links);

/* Active, with an authority: it knows each standby that outputs wait for by its rank. */
void links_name_standbys(struct links *links);
/* Nothing is read, and silence does not count, until it is taken back. */
void links_pause(struct links *links, bool pause);
/* Active: the streams of standbys that get nothing any more are closed, so that these begin anew.
 */
void links_begin_anew(struct links *links);

/* Active: there is one who could be handed over to. */
bool links_standby_is_in_sync(const struct links *links);
/* ... and the authority, if there is one, knows that. */
bool links_standby_is_known(const struct links *links);

/* Write what the links have to say. Not while outputs of the node are being looked at. */
void links_flush(struct links *links);

/* Read what has come, ahead of everything else: after an absence. */
void links_catch_up(struct links *links);

/* Active: offer to hand over to the standby; take that back; and nobody is handed over to, nor
 * heard any more. */
int links_hand_over(struct links *links);
int links_withdraw(struct links *links);
void links_hand_to_none(struct links *links);
void links_end_heir(struct links *links);
/* Over unix: end its process; which that is, 0 = not known. */
void links_end_heir_process(struct links *links);
pid_t links_heir_process(const struct links *links);
/* Standby, over unix: a pidfd of the active, the caller's; -1 = none. */
int links_active_process(const struct links *links);
/* Standby: could not take it; is about to take it by itself. */
int links_decline(struct links *links, int why);
int links_announce(struct links *links, uint64_t epoch, bool force);

/* Of the standby, or of the active. False without a stream. */
bool links_info(const struct links *links, struct l2tpha_link_info *info);
/* Of the key that its stream is sealed with; 0 = none. */
uint32_t links_key_id(const struct links *links);
/* There is a stream to the other node, and it has said hello. */
bool links_are_up(const struct links *links);

/* Standby: no output of the active that it follows has waited for it. */
/* What the other end has said may be unread: it is no silence. */
bool links_are_unread(const struct links *links);
bool links_is_ungated(const struct links *links);

/* Standby, over unix: the copy is all that the active has let out, as far as it was able to tell.
 */
bool links_is_exact(struct links *links);

/* Who else was met while nobody serves, and how that went. */
struct other_node {
    bool refused; /* nobody listens there: nobody serves */
    bool holds;   /* a standby that holds something */
    bool looks;   /* a node that looks for the others as this one does */
    uint32_t rank;
    uint64_t epoch;
};
/* Since it was asked last, of all of them. refused: each was; looks: each of the rest does, and the
 * lowest rank; holds: one does. */
void links_look(struct links *links, struct other_node *all);
/* How many streams ended before a hello, and why there is none: NULL while there is one, or when
 * nothing has failed since. */
uint64_t links_refusals(const struct links *links, const char **why);
/* Nobody listened at any of them when it was tried last. */
bool links_was_refused(const struct links *links);

/* Active: standbys with a stream. */
unsigned links_count(const struct links *links);

uint64_t links_deadline(const struct links *links);
void links_expire(struct links *links, uint64_t now);

#endif
