/* SPDX-License-Identifier: MIT */
/* Which id the next tunnel gets. */
#ifndef CONTROL_TUNNEL_ID_H
#define CONTROL_TUNNEL_ID_H

#include "control/context.h"

/* One that is not in use; 0 = there is none. The record's place moves on to behind it. */
uint32_t tunnel_id_free(struct engine *engine, struct l2tpha_node_record *record);
/* It is in use; and is no more. */
void tunnel_id_take(struct engine *engine, uint32_t id);
void tunnel_id_give(struct engine *engine, uint32_t id);

#endif
