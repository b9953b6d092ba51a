/* SPDX-License-Identifier: MIT */
/* The state machines of an LNS, RFC 2661 7: what messages mean. */
#ifndef ATTACHED_MACHINE_H
#define ATTACHED_MACHINE_H

#include "daemon.h"

struct tunnel *tunnel_find(const struct daemon *daemon, uint16_t id);
/* Whether a peer's messages are for it. */
bool tunnel_is_of(const struct tunnel *tunnel, const struct sockaddr_in *peer);
/* The one that a peer has asked for under its id. */
struct tunnel *tunnel_find_asked(const struct daemon *daemon, const struct sockaddr_in *peer,
                                 uint16_t peers_id);
/* One more in the list. NULL = there is no memory. */
struct tunnel *tunnel_add(struct daemon *daemon, const struct sockaddr_in *peer);
void tunnel_take_name(struct tunnel *tunnel, const uint8_t *name, size_t len);
void tunnel_free(struct tunnel *tunnel);
struct call *call_find(const struct tunnel *tunnel, uint16_t id);
struct call *call_add(struct tunnel *tunnel, uint16_t id, uint16_t peers_id, bool up);
void call_free(struct tunnel *tunnel, struct call *call);

/* An SCCRQ of a tunnel that is not there. */
void machine_request(struct daemon *daemon, const struct sockaddr_in *peer,
                     const struct message *message);
/* A message whose turn has come. The tunnel may be gone afterwards. */
void machine_message(struct tunnel *tunnel, const struct message *message);
/* End a tunnel with a StopCCN, or a call with a CDN. error 0 = none. */
void machine_stop(struct tunnel *tunnel, uint16_t result, uint16_t error);
void machine_hang_up(struct tunnel *tunnel, struct call *call, uint16_t result, uint16_t error);
/* What is due, and what waits to leave. */
void machine_turn(struct daemon *daemon);
uint64_t machine_deadline(const struct daemon *daemon);
/* Whether a peer is still to be told that its tunnel has ended. */
bool machine_is_leaving(const struct daemon *daemon);

#endif
