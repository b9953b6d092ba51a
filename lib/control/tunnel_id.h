/* SPDX-License-Identifier: MIT */
/* Which id the next tunnel gets: no search takes longer than a fixed time. */
#ifndef CONTROL_TUNNEL_ID_H
#define CONTROL_TUNNEL_ID_H

#include "control/tunnel.h"

uint16_t tunnel_id_free(struct engine *engine, struct l2tpha_node_record *record);

#endif
