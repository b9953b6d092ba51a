/* SPDX-License-Identifier: MIT */
/* Session state synchronisation by FSQ and FSR, RFC 4951 3.3: asking in sync.c, answering in
 * answer.c, taking the answers in response.c. */
#ifndef FAILOVER_SYNC_H
#define FAILOVER_SYNC_H

#include "failover/failover.h"

/* What is known of an established session while it is being asked about; l2tpha_session.query. It
 * goes with the session, so that no answer can be about another one that has its id now. */
enum sync_query {
    QUERY_NONE = 0,
    QUERY_ASKED,   /* an FSQ is out */
    QUERY_STALE,   /* found paired otherwise: to be asked about in a while */
    QUERY_NAMED,   /* the peer has asked about it and has it as this end has */
    QUERY_ANSWERED /* the peer has answered, to the previous active maybe */
};

/* An end of the tunnel has failed at this time, as far as this end knows: its suspects are those
 * that changed shortly before. Attempts to recover it one after the other are of one failure; and
 * while one is not dealt with, which may have been another node's, that counts. */
void sync_note_failure(struct l2tpha_tunnel *tunnel, uint64_t at);
/* The tunnel is recovered: the peer is to be asked about its sessions, whoever serves by then. */
void sync_owe(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* Ask the peer about the tunnel's sessions after a recovery, by the node's setting, as soon as the
 * tunnel carries. A query under way begins anew; when there is no memory for one, it is owed.
 * Shared: the peer asks as well, and what it asks about it has; after a takeover from a lagging
 * record its FSQ may be older than the end of a call that the record still has. */
void sync_start(struct failover *failover, struct l2tpha_tunnel *tunnel, bool shared);
/* After a takeover that is no recovery: go on with what the previous active was asking. */
void sync_resume(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* Ask about all of them. L2TPHA_ERR_STATE: the tunnel cannot carry it now;
 * L2TPHA_ERR_AVP_MISSING: one of the ends has not announced RFC 4951, and might end the tunnel upon
 * an FSQ. */
int sync_query(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* Forget what is being asked. */
void sync_stop(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* A session is found paired otherwise: have it asked about in a while, if the peer may be asked. */
void sync_recheck(struct failover *failover, struct l2tpha_session *session);
/* The peer asks about a session, which is paired as it says. */
void sync_named(struct l2tpha_session *session);
/* The tunnel has room again. What is owed and could not be begun, for want of memory, begins. */
void sync_acknowledged(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* A session goes. */
void sync_session_removed(struct failover *failover, struct l2tpha_session *session);
void sync_timer(struct failover *failover, struct timer *timer);
/* The session joins the line for QUERY_ASKED or QUERY_STALE, leaves the one that it is in, and does
 * so with nothing left to ask. */
void sync_join(struct sync *sync, struct l2tpha_session *session, uint8_t query);
void sync_leave(struct sync *sync, struct l2tpha_session *session);
void sync_close_query(struct sync *sync, struct l2tpha_session *session);

#endif
