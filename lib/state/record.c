/* SPDX-License-Identifier: MIT */
#include "state/record.h"

#include <l2tpha/failover.h>
#include <l2tpha/host.h>

#define DATAGRAM_MIN 12 /* a control header: Ns is at 8, Nr at 10 (RFC 2661 3.1) */
#define DATAGRAM_MAX 65535
#define AVP_VALUE_MAX 1017 /* RFC 2661 4.1: ten bits of length, six bytes of header */
#define STRING_MAX L2TPHA_CHECKPOINT_MAX

#define WIRE_OF_U8 WIRE_VARINT
#define WIRE_OF_U16 WIRE_VARINT
#define WIRE_OF_U32 WIRE_VARINT
#define WIRE_OF_RAW8 WIRE_BYTES
#define WIRE_OF_ADDRESS WIRE_BYTES
#define WIRE_OF_BYTES WIRE_BYTES

/* X(number, type, member, min, max, also) */
#define TUNNEL_FIELDS(X)                                                                           \
    X(1, U32, local_id, 1, UINT32_MAX, 0)                                                          \
    X(2, U32, remote_id, 0, UINT32_MAX, 0)                                                         \
    X(3, U8, state, 0, L2TPHA_TUNNEL_STOPPED, 0)                                                   \
    X(4, U8, configured_method, 0, L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_NOT_CONFIGURED)       \
    X(5, U8, effective_method, 0, L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_NOT_CONFIGURED)        \
    X(6, U32, flags, 0, UINT32_MAX, 0)                                                             \
    X(7, U16, local_window, 0, UINT16_MAX, 0)                                                      \
    X(8, U16, remote_window, 0, UINT16_MAX, 0)                                                     \
    X(9, U32, framing_caps, 0, UINT32_MAX, 0)                                                      \
    X(10, U32, bearer_caps, 0, UINT32_MAX, 0)                                                      \
    X(11, U32, remote_failover, 0, UINT32_MAX, 0)                                                  \
    X(12, U32, remote_recovery_ms, 0, UINT32_MAX, 0)                                               \
    X(13, U16, ns, 0, UINT16_MAX, 0)                                                               \
    X(14, U16, nr, 0, UINT16_MAX, 0)                                                               \
    X(15, U16, acked, 0, UINT16_MAX, 0)                                                            \
    X(16, U16, result, 0, UINT16_MAX, 0)                                                           \
    X(17, U16, error, 0, UINT16_MAX, 0)                                                            \
    X(18, ADDRESS, path.local, 0, L2TPHA_ADDRESS_MAX, 0)                                           \
    X(19, ADDRESS, path.remote, 0, L2TPHA_ADDRESS_MAX, 0)                                          \
    X(20, RAW8, tie_breaker, 0, 8, 0)                                                              \
    X(21, BYTES, peer_name, 0, AVP_VALUE_MAX, 0)                                                   \
    X(22, BYTES, peer_vendor, 0, AVP_VALUE_MAX, 0)                                                 \
    X(23, BYTES, secret, 0, L2TPHA_SECRET_MAX, 0)                                                  \
    X(24, BYTES, challenge, 0, AVP_VALUE_MAX, 0)                                                   \
    X(25, BYTES, app_state, 0, STRING_MAX, 0)

#define SESSION_FIELDS(X)                                                                          \
    X(1, U32, tunnel_id, 1, UINT32_MAX, 0)                                                         \
    X(2, U32, local_id, 1, UINT32_MAX, 0)                                                          \
    X(3, U32, remote_id, 0, UINT32_MAX, 0)                                                         \
    X(4, U8, state, 0, L2TPHA_SESSION_ESTABLISHED, 0)                                              \
    X(5, U8, side, L2TPHA_LAC, L2TPHA_LNS, 0)                                                      \
    X(6, U8, call, L2TPHA_CALL_INCOMING, L2TPHA_CALL_OUTGOING, 0)                                  \
    X(7, U8, flags, 0, UINT8_MAX, 0)                                                               \
    X(8, U32, serial, 0, UINT32_MAX, 0)                                                            \
    X(9, U32, framing, 0, UINT8_MAX, 0)                                                            \
    X(10, U32, bearer, 0, UINT8_MAX, 0)                                                            \
    X(11, U32, tx_speed, 0, UINT32_MAX, 0)                                                         \
    X(12, U32, rx_speed, 0, UINT32_MAX, 0)                                                         \
    X(13, U16, data_ns, 0, UINT16_MAX, 0)                                                          \
    X(14, U16, data_nr, 0, UINT16_MAX, 0)                                                          \
    X(15, BYTES, request, 0, STRING_MAX, 0)                                                        \
    X(16, BYTES, connect, 0, STRING_MAX, 0)                                                        \
    X(17, BYTES, app_state, 0, STRING_MAX, 0)

#define SEQUENCE_FIELDS(X)                                                                         \
    X(1, U32, tunnel_id, 1, UINT32_MAX, 0)                                                         \
    X(2, U16, ns, 0, UINT16_MAX, 0)                                                                \
    X(3, U16, nr, 0, UINT16_MAX, 0)                                                                \
    X(4, U16, acked, 0, UINT16_MAX, 0)

#define MESSAGE_FIELDS(X)                                                                          \
    X(1, U32, tunnel_id, 1, UINT32_MAX, 0)                                                         \
    X(2, U16, ns, 0, UINT16_MAX, 0)                                                                \
    X(3, BYTES, bytes, DATAGRAM_MIN, DATAGRAM_MAX, 0)

#define GONE_FIELDS(X)                                                                             \
    X(1, U32, tunnel_id, 1, UINT32_MAX, 0)                                                         \
    X(2, U32, session_id, 0, UINT32_MAX, 0)

#define ROW(number, kind, member, low, high, more)                                                 \
    {.name = #member,                                                                              \
     .tag = (number) << 3 | WIRE_OF_##kind,                                                        \
     .type = RECORD_##kind,                                                                        \
     .also = (more),                                                                               \
     .offset = offsetof(struct RECORD, member),                                                    \
     .min = (low),                                                                                 \
     .max = (high)},
#define REQUIRED(number, kind, member, low, high, more) | ((low) > 0 ? UINT32_C(1) << (number) : 0)

#define RECORD l2tpha_tunnel_record
static const struct record_field tunnel_fields[] = {TUNNEL_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_session_record
static const struct record_field session_fields[] = {SESSION_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_sequence_record
static const struct record_field sequence_fields[] = {SEQUENCE_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_message_record
static const struct record_field message_fields[] = {MESSAGE_FIELDS(ROW)};
#undef RECORD
#define RECORD l2tpha_gone_record
static const struct record_field gone_fields[] = {GONE_FIELDS(ROW)};
#undef RECORD

#define SHAPE(noun, FIELDS, unknown_at, is_sized)                                                  \
    {                                                                                              \
        .name = #noun, .fields = noun##_fields,                                                    \
        .count = sizeof(noun##_fields) / sizeof(noun##_fields[0]), .required = 0 FIELDS(REQUIRED), \
        .size = sizeof(struct l2tpha_##noun##_record), .unknown = (unknown_at),                    \
        .sized = (is_sized)                                                                        \
    }

static const struct record_shape shapes[] = {
    [L2TPHA_RECORD_TUNNEL] =
        SHAPE(tunnel, TUNNEL_FIELDS, offsetof(struct l2tpha_tunnel_record, unknown), true),
    [L2TPHA_RECORD_SESSION] =
        SHAPE(session, SESSION_FIELDS, offsetof(struct l2tpha_session_record, unknown), true),
    [L2TPHA_RECORD_SEQUENCE] = SHAPE(sequence, SEQUENCE_FIELDS, RECORD_NO_UNKNOWN, false),
    [L2TPHA_RECORD_MESSAGE] = SHAPE(message, MESSAGE_FIELDS, RECORD_NO_UNKNOWN, false),
    [L2TPHA_RECORD_GONE] = SHAPE(gone, GONE_FIELDS, RECORD_NO_UNKNOWN, false),
};

const struct record_shape *record_shape(uint32_t kind)
{
    if (kind == 0 || kind >= sizeof(shapes) / sizeof(shapes[0]))
        return NULL;
    return &shapes[kind];
}
