/* SPDX-License-Identifier: MIT */
/* The messages that a peer sends. */
#ifndef SIM_PEER_SEND_H
#define SIM_PEER_SEND_H

#include "sim/peer.h"

/* Prove that the peer knows the secret: type is that of the message that carries the answer. */
void peer_response(const struct peer *peer, uint8_t type, const uint8_t *challenge, size_t len,
                   uint8_t response[16]);
/* SCCRQ (challenge NULL) or SCCRP; answers the node's challenge if it sent one. */
void peer_send_request(struct peer *peer, struct peer_tunnel *tunnel, uint16_t type,
                       const struct l2tpha_bytes *challenge);
void peer_send_scccn(struct peer *peer, struct peer_tunnel *tunnel,
                     const struct l2tpha_bytes *challenge);
/* ICRP or OCRP. */
void peer_send_reply(struct peer *peer, struct peer_tunnel *tunnel, struct peer_session *session);
/* ICCN or OCCN. */
void peer_send_connected(struct peer *peer, struct peer_tunnel *tunnel,
                         struct peer_session *session);

#endif
