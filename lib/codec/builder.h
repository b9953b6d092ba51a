/* SPDX-License-Identifier: MIT */
/* Building messages of whatever wire format. */
#ifndef CODEC_BUILDER_H
#define CODEC_BUILDER_H

#include "codec/wire.h"

/* As l2tpha_builder_begin(), which begins one of L2TPv2. */
void builder_begin(const struct wire_format *wire, struct l2tpha_builder *builder, uint8_t *buf,
                   size_t cap, uint16_t type, uint32_t tunnel_id, uint32_t session_id);
/* Go on with a message of somebody else's, which is whole: len bytes of buf. It is at its end where
 * `pos` is then, and whoever has begun it says so in its header. */
void builder_go_on(const struct wire_format *wire, struct l2tpha_builder *builder, uint8_t *buf,
                   size_t cap, uint16_t type, size_t len);

#endif
