/* SPDX-License-Identifier: MIT */
/* Checked builds: what holds of channels, tunnels and sessions that are served, between entry
 * calls. */
#ifndef CONTROL_AUDIT_H
#define CONTROL_AUDIT_H

#include "control/session.h"
#include "state/audit.h"

/* Numbers, queue, cursor and timers of one channel. */
void channel_audit(const struct engine *engine, const struct channel *channel);
/* A tunnel without its sessions: channel, lines, timers. */
void tunnel_audit(const struct l2tpha_tunnel *tunnel, struct tally *tally);
void session_audit(const struct l2tpha_session *session, struct tally *tally);
/* The entry call has been left. */
void engine_audit(const struct engine *engine);
/* Events that name a tunnel are counted by it; takes as long as there are events. */
void tunnel_audit_events(const struct l2tpha_tunnel *tunnel);
/* Lines and counters, after a walk over all tunnels and sessions. */
void engine_audit_counts(const struct engine *engine, const struct tally *tally);

#endif
