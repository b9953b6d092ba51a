/* SPDX-License-Identifier: MIT */
#include "codec/wire_id.h"

#include "codec/wire.h"

static uint32_t read_id(const struct l2tpha_message *message, uint16_t type)
{
    uint32_t id = 0;
    uint16_t narrow = 0;

    if (wire_of_message(message)->avps[type].kind == L2TPHA_AVP_U32)
        l2tpha_message_u32(message, type, &id);
    else if (l2tpha_message_u16(message, type, &narrow))
        id = narrow;
    return id;
}

uint32_t wire_tunnel_id(const struct l2tpha_message *message)
{
    return read_id(message, wire_of_message(message)->tunnel_id_avp);
}

uint32_t wire_session_id(const struct l2tpha_message *message)
{
    return read_id(message, wire_of_message(message)->session_id_avp);
}

static void write_id(struct l2tpha_builder *builder, uint16_t type, uint32_t id)
{
    if (wire_of_version(builder->version)->avps[type].kind == L2TPHA_AVP_U32)
        l2tpha_builder_put_u32(builder, type, id);
    else
        l2tpha_builder_put_u16(builder, type, id);
}

void wire_put_tunnel_id(struct l2tpha_builder *builder, uint32_t id)
{
    write_id(builder, wire_of_version(builder->version)->tunnel_id_avp, id);
}

void wire_put_session_id(struct l2tpha_builder *builder, uint32_t id)
{
    write_id(builder, wire_of_version(builder->version)->session_id_avp, id);
}
