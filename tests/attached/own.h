/* SPDX-License-Identifier: MIT */
/* What the daemon's own files share. */
#ifndef ATTACHED_OWN_H
#define ATTACHED_OWN_H

#include "attached/daemon.h"

/* --- daemon.c: the lists --- */
struct own_tunnel *own_tunnel_add(struct daemon *daemon, struct l2tpha_tunnel *handle,
                                  const struct l2tpha_path *path, uint64_t now);
void own_tunnel_drop(struct own_tunnel *own);
struct own_call *own_call_add(struct own_tunnel *own, uint16_t id, uint16_t peers_id, uint64_t now);
void own_call_drop(struct own_tunnel *own, struct own_call *call);

/* --- say.c: what it tells peer and library; nothing of it once the daemon is dead --- */
/* Between two pieces of what it does. */
void own_step(struct daemon *daemon, const char *where, uint64_t now);
/* Around a call to the library. */
void own_calls(const struct daemon *daemon);
int own_called(const struct daemon *daemon, int error);
bool own_chance(const struct daemon *daemon, uint8_t percent);
int own_say_set_up(struct own_tunnel *own, uint16_t type, const struct l2tpha_bytes *challenge,
                   uint64_t now);
int own_say_of_call(struct own_tunnel *own, const struct own_call *call, uint16_t type,
                    uint64_t now);
int own_say_number(struct own_tunnel *own, const struct own_call *call, bool errors,
                   uint32_t number, uint64_t now);
int own_say_hello(struct own_tunnel *own, uint64_t now);
int own_say_stop(struct own_tunnel *own, uint16_t result, uint64_t now);
void own_up(struct own_tunnel *own, struct own_call *call, uint64_t now);
/* The object goes with it; call NULL = the tunnel. */
int own_gone(struct own_tunnel *own, struct own_call *call, uint64_t now);
/* RFC 2661 5.1.1: whether the peer knows the secret. */
bool own_is_response(const struct own_tunnel *own, const struct l2tpha_message *message);

/* --- kept.c: what is attached to records --- */
void own_keep(struct own_tunnel *own, uint64_t now);
int own_keep_call(struct own_tunnel *own, const struct own_call *call, uint64_t now);
void own_recall(struct own_tunnel *own, const struct l2tpha_bytes *state);
void own_recall_call(struct own_call *call, const struct l2tpha_bytes *state);

/* Where events were lost, for want of memory: what the node has not any more goes. */
void own_see_to_lost_events(struct daemon *daemon);

/* --- machine.c --- */
void own_message(struct daemon *daemon, struct own_tunnel *own,
                 const struct l2tpha_message *message, uint64_t now);
void own_asked(struct daemon *daemon, const struct l2tpha_message *message,
               const struct l2tpha_path *path, uint64_t now);
uint16_t own_next_id(struct own_tunnel *own);

#endif
