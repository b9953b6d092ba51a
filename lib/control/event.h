/* SPDX-License-Identifier: MIT */
/* Events on their way to the host. */
#ifndef CONTROL_EVENT_H
#define CONTROL_EVENT_H

#include "control/context.h"

/* Add an event; NULL when the limit is reached or memory is out (counted by events_lost). */
struct event_item *engine_event(struct engine *engine, uint8_t kind, struct l2tpha_tunnel *tunnel,
                                struct l2tpha_session *session);
/* Copy the message being processed, in clear, into an event. */
void event_attach_message(struct engine *engine, struct event_item *event);
/* Printable copy of bytes from the wire into an event's text. */
void event_set_text(struct event_item *event, const uint8_t *text, size_t len);
/* Why something has ended, as it may be shown: the peer's words if it has said any, else our reason
 * (NULL = none), which may be the host's. Returns dst. */
const char *reason_text(struct l2tpha_bytes words, const char *reason, char *dst, size_t size);
/* The host is done with an event, or never hears of it. */
void engine_event_done(struct engine *engine, struct event_item *event);
/* A session is out of the table. Its memory stays until the transaction is over, since it may be in
 * a step, and for as long as events may name it. */
void engine_bury(struct engine *engine, struct l2tpha_session *session);
/* Likewise of a part of a tunnel, a talloc chunk; no event names it. */
void engine_bury_part(struct engine *engine, void *part);
/* Free those for which nothing of this is so any more. */
void engine_reap_parts(struct engine *engine);
/* The host has set another user pointer, of the session or, when that is NULL, of the tunnel: the
 * events that it looks at have it. */
void engine_rename(struct engine *engine, const struct l2tpha_tunnel *tunnel,
                   const struct l2tpha_session *session, void *user);

#endif
