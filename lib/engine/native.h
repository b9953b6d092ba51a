/* SPDX-License-Identifier: MIT */
/* The built-in engine as failover sees it: struct l2tpha_binding over struct engine. */
#ifndef ENGINE_NATIVE_H
#define ENGINE_NATIVE_H

#include "engine/engine.h"

#include <l2tpha/attach.h>

/* user is the engine. Records name entries that the table holds already. */
void native_binding(struct engine *engine, struct l2tpha_binding *binding);
/* Two of its operations, for tunnels that are always the engine's own: recovery tunnels. */
int native_restore_tunnel(struct engine *engine, const struct l2tpha_tunnel_record *record,
                          bool suspended);
int native_clear_tunnel(struct engine *engine, uint32_t tunnel_id, int status, const char *why);

#endif
