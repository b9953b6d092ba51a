/* SPDX-License-Identifier: MIT */
/* Which id the next call of a tunnel gets. */
#ifndef CONTROL_SESSION_ID_H
#define CONTROL_SESSION_ID_H

#include "control/session.h"

/* Names the order in which the calls of a tunnel get their ids. */
uint64_t session_id_key(const struct l2tpha_node_record *node, uint32_t tunnel_id);
/* RFC 4951 3.3 wants new calls to have ids not used lately. The tunnel is restored: */
void session_ids_restore(struct l2tpha_tunnel *tunnel);
/* ... or its channel is about to be reset to this Ns. */
void session_ids_reset(struct l2tpha_tunnel *tunnel, uint16_t ns);
/* A session id of this tunnel that is not in use; 0 = there is none. */
uint32_t session_id_free(struct l2tpha_tunnel *tunnel);
/* It has been used, and what is said of it at once is queued: it comes back late. */
void session_id_taken(struct l2tpha_tunnel *tunnel);

#endif
