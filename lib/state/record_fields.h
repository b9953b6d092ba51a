/* SPDX-License-Identifier: MIT */
/* What each record kind consists of: the one table of its fields, as X-macros. record.c makes the
 * tables of record.h of them, a serializer straight code. A row is
 *     X(number, type, member, min, max, also)
 * with the range of the value or of the length, and one more value that is allowed beyond it (0 =
 * none); a field whose min is above 0 is required. The highest number stands first, since a writer
 * that works backwards puts it first. Numbers and types are part of the format: they never change.
 */
#ifndef STATE_RECORD_FIELDS_H
#define STATE_RECORD_FIELDS_H

#include "codec/wire.h"

#include <l2tpha/failover.h>
#include <l2tpha/host.h>
#include <l2tpha/policy.h>

#define AVP_VALUE_MAX 1017 /* RFC 2661 4.1: ten bits of length, six bytes of header */
#define STRING_MAX L2TPHA_CHECKPOINT_MAX

#define WIRE_OF_U8 WIRE_VARINT
#define WIRE_OF_U16 WIRE_VARINT
#define WIRE_OF_U32 WIRE_VARINT
#define WIRE_OF_U64 WIRE_VARINT
#define WIRE_OF_RAW8 WIRE_BYTES
#define WIRE_OF_ADDRESS WIRE_BYTES
#define WIRE_OF_BYTES WIRE_BYTES

#define TUNNEL_FIELDS(X)                                                                           \
    X(32, BYTES, own_name, 0, AVP_VALUE_MAX, 0)                                                    \
    X(31, U16, resets, 0, UINT16_MAX, 0)                                                           \
    X(30, U16, session_ids_shift, 0, UINT16_MAX, 0)                                                \
    X(29, U16, resync_packets, 0, L2TPHA_RESYNC_PACKETS_MAX, 0)                                    \
    X(28, U16, suggested_nr, 0, UINT16_MAX, 0)                                                     \
    X(27, U16, suggested_ns, 0, UINT16_MAX, 0)                                                     \
    X(26, U32, recovers, 0, UINT32_MAX, 0)                                                         \
    X(25, BYTES, app_state, 0, STRING_MAX, 0)                                                      \
    X(24, BYTES, challenge, 0, AVP_VALUE_MAX, 0)                                                   \
    X(23, BYTES, secret, 0, L2TPHA_SECRET_MAX, 0)                                                  \
    X(22, BYTES, peer_vendor, 0, AVP_VALUE_MAX, 0)                                                 \
    X(21, BYTES, peer_name, 0, AVP_VALUE_MAX, 0)                                                   \
    X(20, RAW8, tie_breaker, 0, 8, 0)                                                              \
    X(19, ADDRESS, path.remote, 0, L2TPHA_ADDRESS_MAX, 0)                                          \
    X(18, ADDRESS, path.local, 0, L2TPHA_ADDRESS_MAX, 0)                                           \
    X(17, U16, error, 0, UINT16_MAX, 0)                                                            \
    X(16, U16, result, 0, UINT16_MAX, 0)                                                           \
    X(15, U16, acked, 0, UINT16_MAX, 0)                                                            \
    X(14, U16, nr, 0, UINT16_MAX, 0)                                                               \
    X(13, U16, ns, 0, UINT16_MAX, 0)                                                               \
    X(12, U32, remote_recovery_ms, 0, UINT32_MAX, 0)                                               \
    X(11, U32, remote_failover, 0, UINT32_MAX, 0)                                                  \
    X(10, U32, bearer_caps, 0, UINT32_MAX, 0)                                                      \
    X(9, U32, framing_caps, 0, UINT32_MAX, 0)                                                      \
    X(8, U16, remote_window, 0, UINT16_MAX, 0)                                                     \
    X(7, U16, local_window, 0, UINT16_MAX, 0)                                                      \
    X(6, U32, flags, 0, UINT32_MAX, 0)                                                             \
    X(5, U8, effective_method, 0, L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_NOT_CONFIGURED)        \
    X(4, U8, configured_method, 0, L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_NOT_CONFIGURED)       \
    X(3, U8, state, 0, L2TPHA_TUNNEL_STOPPED, 0)                                                   \
    X(2, U32, remote_id, 0, UINT32_MAX, 0)                                                         \
    X(1, U32, local_id, 1, UINT32_MAX, 0)

#define SESSION_FIELDS(X)                                                                          \
    X(19, U32, receive_accm, 0, UINT32_MAX, 0)                                                     \
    X(18, U32, send_accm, 0, UINT32_MAX, 0)                                                        \
    X(17, BYTES, app_state, 0, STRING_MAX, 0)                                                      \
    X(16, BYTES, connect, 0, STRING_MAX, 0)                                                        \
    X(15, BYTES, request, 0, STRING_MAX, 0)                                                        \
    X(14, U32, data_nr, 0, UINT16_MAX, 0)                                                          \
    X(13, U32, data_ns, 0, UINT16_MAX, 0)                                                          \
    X(12, U64, rx_speed, 0, UINT32_MAX, 0)                                                         \
    X(11, U64, tx_speed, 0, UINT32_MAX, 0)                                                         \
    X(10, U32, bearer, 0, UINT8_MAX, 0)                                                            \
    X(9, U32, framing, 0, UINT8_MAX, 0)                                                            \
    X(8, U32, serial, 0, UINT32_MAX, 0)                                                            \
    X(7, U8, flags, 0, UINT8_MAX, 0)                                                               \
    X(6, U8, call, L2TPHA_CALL_INCOMING, L2TPHA_CALL_OUTGOING, 0)                                  \
    X(5, U8, side, L2TPHA_LAC, L2TPHA_LNS, 0)                                                      \
    X(4, U8, state, 0, L2TPHA_SESSION_ESTABLISHED, 0)                                              \
    X(3, U32, remote_id, 0, UINT32_MAX, 0)                                                         \
    X(2, U32, local_id, 1, UINT32_MAX, 0)                                                          \
    X(1, U32, tunnel_id, 1, UINT32_MAX, 0)

#define SEQUENCE_FIELDS(X)                                                                         \
    X(4, U16, acked, 0, UINT16_MAX, 0)                                                             \
    X(3, U16, nr, 0, UINT16_MAX, 0)                                                                \
    X(2, U16, ns, 0, UINT16_MAX, 0)                                                                \
    X(1, U32, tunnel_id, 1, UINT32_MAX, 0)

#define MESSAGE_FIELDS(X)                                                                          \
    X(3, BYTES, bytes, WIRE_HEADER_MIN, WIRE_DATAGRAM_MAX, 0)                                      \
    X(2, U16, ns, 0, UINT16_MAX, 0)                                                                \
    X(1, U32, tunnel_id, 1, UINT32_MAX, 0)

#define GONE_FIELDS(X)                                                                             \
    X(2, U32, session_id, 0, UINT32_MAX, 0)                                                        \
    X(1, U32, tunnel_id, 1, UINT32_MAX, 0)

#define NODE_FIELDS(X)                                                                             \
    X(5, U16, tunnel_id_last, 0, UINT16_MAX, 0)                                                    \
    X(4, U16, tunnel_id_first, 0, UINT16_MAX, 0)                                                   \
    X(3, U32, call_serial, 0, UINT32_MAX, 0)                                                       \
    X(2, U16, tunnel_place, 0, UINT16_MAX - 1, 0)                                                  \
    X(1, RAW8, tunnel_key, 0, 8, 0)

/* A field's tag on the wire. */
#define RECORD_TAG(number, type) ((number) << 3 | WIRE_OF_##type)

/* The byte strings among the fields: FIELDS(RECORD_STRING) is a STRING(member) of each, which
 * whoever wants them defines. */
#define RECORD_STRING(number, type, member, low, high, more) RECORD_STRING_##type(member)
#define RECORD_STRING_U8(member)
#define RECORD_STRING_U16(member)
#define RECORD_STRING_U32(member)
#define RECORD_STRING_U64(member)
#define RECORD_STRING_RAW8(member)
#define RECORD_STRING_ADDRESS(member)
#define RECORD_STRING_BYTES(member) STRING(member)

/* A set of fields of one kind. Each number has a bit in it. */
typedef uint64_t record_set;
#define RECORD_BIT(number) (UINT64_C(1) << (number))
#define RECORD_HAS_BIT(number, type, member, low, high, more) &&(number) < 64
#define RECORD_FITS(FIELDS) _Static_assert(1 FIELDS(RECORD_HAS_BIT), "a bit for each field")
RECORD_FITS(TUNNEL_FIELDS);
RECORD_FITS(SESSION_FIELDS);
RECORD_FITS(SEQUENCE_FIELDS);
RECORD_FITS(MESSAGE_FIELDS);
RECORD_FITS(GONE_FIELDS);
RECORD_FITS(NODE_FIELDS);

/* Terms of the set of required fields. */
#define RECORD_REQUIRED(number, type, member, low, high, more)                                     \
    | ((low) > 0 ? RECORD_BIT(number) : 0)

#endif
