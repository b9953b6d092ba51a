/* SPDX-License-Identifier: MIT */
#include "codec/wire.h"

#include <l2tpha/node.h>

/* RFC 2661: the header 3.1, retransmissions and window 5.8, ids and speeds 4.4.3 and 4.4.4. */
const struct wire_format wire_l2tpv2 = {
    .version = 2,
    .header_len = L2TPHA_CONTROL_HEADER,
    .ns_at = 8,
    .nr_at = 10,
    .session_at = 6,
    .type_at = L2TPHA_CONTROL_HEADER + L2TPHA_AVP_HEADER,
    .ack_len = L2TPHA_CONTROL_HEADER, /* a ZLB */
    .data_header_len = 8,             /* flags, length, ids */
    .data_sequence_len = 4,           /* Ns and Nr */
    .session_state_len = WIRE_SESSION_STATE_MIN,
    .retries = WIRE_L2TPV2_RETRIES,
    .window = 4,
    .tunnel_id_avp = L2TPHA_AVP_ASSIGNED_TUNNEL_ID,
    .session_id_avp = L2TPHA_AVP_ASSIGNED_SESSION_ID,
    .tunnel_id_max = UINT16_MAX,
    .session_id_max = UINT16_MAX,
    .speed_max = UINT32_MAX,
    .messages = message_registry_l2tpv2,
    .avps = avp_registry_l2tpv2,
    .decode = l2tpha_header_decode,
    .encode = l2tpha_header_encode,
    .stamp = l2tpha_header_stamp,
};

_Static_assert(L2TPHA_CONTROL_HEADER >= WIRE_HEADER_MIN && L2TPHA_CONTROL_HEADER <= L2TPHA_ACK_MAX,
               "an acknowledgement has room in an output");

int wire_header_decode(const uint8_t *data, size_t len, struct l2tpha_header *header)
{
    return wire_l2tpv2.decode(data, len, header);
}

int wire_acknowledge(const struct wire_format *wire, const struct l2tpha_header *numbers,
                     uint8_t *dst, size_t cap)
{
    struct l2tpha_header header = *numbers;
    size_t len;

    header.control = header.has_length = header.has_sequence = true;
    header.version = wire->version;
    header.length = wire->ack_len;
    return wire->encode(&header, dst, cap, &len);
}
