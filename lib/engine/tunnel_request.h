/* SPDX-License-Identifier: MIT */
/* Datagrams with header tunnel id 0. */
#ifndef ENGINE_TUNNEL_REQUEST_H
#define ENGINE_TUNNEL_REQUEST_H

#include "control/tunnel.h"

/* A datagram with header tunnel id 0: SCCRQ, or a StopCCN of a half-open tunnel. */
int tunnel_process_unbound(struct engine *engine, const struct l2tpha_path *path,
                           const struct l2tpha_header *header, const uint8_t *data, size_t len);

#endif
