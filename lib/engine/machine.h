/* SPDX-License-Identifier: MIT */
/* The built-in machines as those below see them. */
#ifndef ENGINE_MACHINE_H
#define ENGINE_MACHINE_H

#include "control/tunnel.h"

#include <l2tpha/attach.h>

void tunnel_timer_due(struct l2tpha_tunnel *tunnel);
void tunnel_start_due(struct l2tpha_tunnel *tunnel);
/* user is the engine. Records name entries that the table holds already. */
void native_binding(struct engine *engine, struct l2tpha_binding *binding);
/* Two of its operations, for tunnels that are always the engine's own: recovery tunnels. */
int native_restore_tunnel(struct engine *engine, const struct l2tpha_tunnel_record *record,
                          bool suspended);
int native_clear_tunnel(struct engine *engine, uint32_t tunnel_id, int status, const char *why);

#endif
