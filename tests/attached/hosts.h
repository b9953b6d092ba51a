/* SPDX-License-Identifier: MIT */
/* Which nodes of a test have a daemon, and what is asked of these by tunnel or call of the node's:
 * the same calls as l2tpha/tunnel.h and l2tpha/session.h have for built-in machines. */
#ifndef ATTACHED_HOSTS_H
#define ATTACHED_HOSTS_H

#include "attached/daemon.h"

/* A daemon like this one, which has nothing yet, for a node that was just made. */
void hosts_add(struct l2tpha_node *node, const struct daemon *model);
/* The daemon ends with its process; nothing when it has none. */
void hosts_remove(const struct l2tpha_node *node);
struct daemon *hosts_of(const struct l2tpha_node *node);            /* NULL = none */
struct daemon *hosts_of_tunnel(const struct l2tpha_tunnel *tunnel); /* likewise; NULL is none's */

int hosts_session_open(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                       uint64_t now, struct l2tpha_session **session);
int hosts_session_answered(struct l2tpha_session *session, uint64_t now);
int hosts_session_close(struct l2tpha_session *session, uint64_t now);
int hosts_session_number(struct l2tpha_session *session, bool errors, uint32_t number,
                         uint64_t now);
int hosts_session_note(struct l2tpha_session *session, const uint8_t *data, size_t len,
                       uint64_t now);
int hosts_tunnel_open(struct daemon *daemon, const struct l2tpha_path *path, uint64_t now,
                      struct l2tpha_tunnel **tunnel);
int hosts_tunnel_close(struct l2tpha_tunnel *tunnel, uint64_t now);

#endif
