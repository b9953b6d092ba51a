/* SPDX-License-Identifier: MIT */
/* What both ends say before the first record: the prologue in clear and one message of Noise each,
 * without payload. */
#ifndef SEAL_HANDSHAKE_H
#define SEAL_HANDSHAKE_H

#include "seal_private.h"

/* Who connects: prologue and first message. */
int handshake_begin(struct l2tpha_seal *seal);
/* Bytes of the stream, as far as they belong to it. An error has been made the seal's. */
int handshake_take(struct l2tpha_seal *seal, const uint8_t *data, size_t len, size_t *used);

#endif
