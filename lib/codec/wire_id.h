/* SPDX-License-Identifier: MIT */
/* Ids in AVPs, whichever AVP has them and however wide they are. */
#ifndef CODEC_WIRE_ID_H
#define CODEC_WIRE_ID_H

#include <l2tpha/builder.h>
#include <l2tpha/message.h>

/* The id that the message's sender assigns; 0 = none that can be read. */
uint32_t wire_tunnel_id(const struct l2tpha_message *message);
uint32_t wire_session_id(const struct l2tpha_message *message);

/* One that this end assigns. */
void wire_put_tunnel_id(struct l2tpha_builder *builder, uint32_t id);
void wire_put_session_id(struct l2tpha_builder *builder, uint32_t id);

#endif
