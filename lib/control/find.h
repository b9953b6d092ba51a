/* SPDX-License-Identifier: MIT */
/* Tunnels and sessions by their ids, and one after the other. */
#ifndef CONTROL_FIND_H
#define CONTROL_FIND_H

#include "control/session.h"

struct l2tpha_tunnel *engine_tunnel_find(const struct engine *engine, uint32_t local_id);
struct l2tpha_tunnel *engine_tunnel_next(const struct engine *engine,
                                         const struct l2tpha_tunnel *previous);
struct l2tpha_tunnel *engine_tunnel_walk(const struct engine *engine, uint32_t *place);
struct l2tpha_session *engine_session_walk(const struct engine *engine, uint32_t *place);
struct l2tpha_session *engine_session_find(const struct engine *engine, uint32_t tunnel_id,
                                           uint32_t session_id);
/* Begin the loads for a batch of datagrams before they are waited for: the first for each, then the
 * second for each, then the third, since each looks at what the one before has asked for. Ids that
 * lead nowhere do no harm. */
void engine_prefetch_tunnel(const struct engine *engine, uint32_t tunnel_id);
void engine_prefetch_slot(const struct engine *engine, uint32_t tunnel_id, uint32_t session_id);
void engine_prefetch_session(const struct engine *engine, uint32_t tunnel_id, uint32_t session_id);

#endif
