/* SPDX-License-Identifier: MIT */
/* Tunnel authentication, RFC 2661 4.4.3 (Challenge, Challenge Response) and 5.1.1. */
#ifndef CONTROL_AUTH_H
#define CONTROL_AUTH_H

#include "control/tunnel.h"

#define AUTH_CHALLENGE_SIZE 16
/* Ask the host for the secret shared with whoever is at this path and has this name (NULL = not yet
 * known); *len = 0 when there is none. L2TPHA_ERR_HOST: the callback failed. */
int auth_ask_secret(struct engine *engine, const struct l2tpha_path *path,
                    const struct l2tpha_bytes *peer_name, uint8_t secret[L2TPHA_SECRET_MAX],
                    size_t *len);
/* Fetch the peer's secret from the host into the tunnel's record; none is no error. */
int auth_fetch_secret(struct l2tpha_tunnel *tunnel, const struct l2tpha_bytes *peer_name);
/* Put a Challenge into a message and remember it, if there is a secret. */
int auth_put_challenge(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder);
/* Answer the peer's Challenge, if it sent one; type = message type that carries the answer.
 * L2TPHA_ERR_AUTH when it did and there is no secret. */
int auth_put_response(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder, uint16_t type,
                      const struct l2tpha_bytes *challenge);
/* Whether the peer's Challenge, if it has sent one, can be answered. L2TPHA_ERR_AUTH, counted:
 * there is no secret. */
int auth_check_challenge(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message);
/* Check the response in a received message against our challenge, which is then forgotten.
 * L2TPHA_ERR_AUTH, counted: missing or wrong. */
int auth_check_response(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message);

#endif
