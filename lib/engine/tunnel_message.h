/* SPDX-License-Identifier: MIT */
/* Messages of an existing tunnel. */
#ifndef ENGINE_TUNNEL_MESSAGE_H
#define ENGINE_TUNNEL_MESSAGE_H

#include "control/machine.h"

/* A message in order on this tunnel: decode, classify, dispatch. Faults included. */
int tunnel_process(struct l2tpha_tunnel *tunnel, const struct l2tpha_path *path,
                   const uint8_t *data, size_t len);
/* Whether an SCCRQ or SCCRP is one that we can go on with; otherwise input says what to answer. */
bool tunnel_check_peer(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                       const struct l2tpha_decode_fault *fault, struct machine_input *input);

#endif
