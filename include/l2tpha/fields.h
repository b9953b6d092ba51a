/* SPDX-License-Identifier: MIT */
/** @file
 *  The fields of all records and of a checkpoint's header: the one table that serializers and
 *  schemas are made of. Each list is a macro of rows
 *
 *      X(number, type, member, name, show, min, max, also, text)
 *
 *  - number: on the wire, never used twice. The highest stands first, since a writer that works
 *    backwards puts it first.
 *  - type: U8, U16, U32, U64, or FIXED64 (a digest): a number; BYTES (struct l2tpha_bytes), ADDRESS
 *    (struct l2tpha_address), RAW8 (eight bytes, all zero = none): a string of bytes. There are no
 *    others: no sign, fraction, list or record within a record.
 *  - member: of the record; name: what a person calls it.
 *  - show: NUMBER, STATE (a number that has names), HEX, SECRET, or TEXT (letters, as a rule).
 *  - min, max: of the value, or of the length; a field whose min is above 0 is required.
 *  - also: one more value that is allowed beyond max, 0 = none.
 *  - text: what it means.
 *
 *  A value that is 0 or empty is left out. Numbers and types never change; rows are added. */
#ifndef L2TPHA_FIELDS_H
#define L2TPHA_FIELDS_H

#include <l2tpha/failover.h>
#include <l2tpha/header.h>
#include <l2tpha/host.h>
#include <l2tpha/policy.h>
#include <l2tpha/record.h>

/** The number of a checkpoint's records, behind all fields of its header. */
#define L2TPHA_FIELD_RECORDS 15

/** Fields that came after level 1: X(noun, member, since, carry), where since is the first level
 *  that has it. A node of a lower level gives it back as it came, whatever happened meanwhile.
 * carry says what becomes of it then: KEEP, it is still so (configuration, the host's); FRESH, it
 * is of the past, and dropped. All other fields are of level 1. */
#ifdef L2TPHA_NEXT
#define L2TPHA_LATER_FIELDS(X)                                                                     \
    X(tunnel, next_sum, 2, FRESH)                                                                  \
    X(session, next_mark, 2, KEEP)                                                                 \
    X(node, next_serial, 2, FRESH)
#define L2TPHA_NEXT_TUNNEL(X) X(33, U32, next_sum, next_sum, NUMBER, 0, UINT32_MAX, 0, "")
#define L2TPHA_NEXT_SESSION(X) X(20, U32, next_mark, next_mark, NUMBER, 0, UINT32_MAX, 0, "")
#define L2TPHA_NEXT_NODE(X) X(7, U32, next_serial, next_serial, NUMBER, 0, UINT32_MAX, 0, "")
#define L2TPHA_SESSION_STATE_MAX (L2TPHA_SESSION_ESTABLISHED + 1) /* the same, by another name */
#else
#define L2TPHA_LATER_FIELDS(X)
/** Rows that a tunnel has with L2TPHA_NEXT alone. */
#define L2TPHA_NEXT_TUNNEL(X)
/** ... a session. */
#define L2TPHA_NEXT_SESSION(X)
/** ... the node. */
#define L2TPHA_NEXT_NODE(X)
/** Highest state of a session; with L2TPHA_NEXT there is one more. */
#define L2TPHA_SESSION_STATE_MAX L2TPHA_SESSION_ESTABLISHED
#endif

/** Longest value of an AVP, bytes (RFC 2661 4.1: ten bits of length, six bytes of header). */
#define L2TPHA_FIELD_AVP_MAX 1017

/** The kinds of record: X(number, noun, FIELDS), of which noun is the member of
 *  l2tpha_record::of. */
#define L2TPHA_RECORDS(X)                                                                          \
    X(1, tunnel, L2TPHA_TUNNEL_FIELDS)                                                             \
    X(2, session, L2TPHA_SESSION_FIELDS)                                                           \
    X(3, sequence, L2TPHA_SEQUENCE_FIELDS)                                                         \
    X(4, message, L2TPHA_MESSAGE_FIELDS)                                                           \
    X(5, gone, L2TPHA_GONE_FIELDS)                                                                 \
    X(6, node, L2TPHA_NODE_FIELDS)

/** Fields of the header; the records come behind it, as number L2TPHA_FIELD_RECORDS. */
#define L2TPHA_CHECKPOINT_FIELDS(X)                                                                \
    X(9, U64, part, part, NUMBER, 0, UINT64_MAX, 0,                                                \
      "BULK_PART, BULK_END: its place in the copy, from 1")                                        \
    X(8, U32, level, level, NUMBER, 0, UINT32_MAX, 0, "of the release that wrote it; absent = 1")  \
    X(7, FIXED64, digest, digest, NUMBER, 0, UINT64_MAX, 0, "BULK_END: over the parts' records")   \
    X(6, U64, count, count, NUMBER, 0, UINT64_MAX, 0, "BULK_END: records in the parts")            \
    X(5, U64, generation, generation, NUMBER, 0, UINT64_MAX, 0,                                    \
      "name of the copy that a BULK_* belongs to")                                                 \
    X(4, U8, kind, kind, STATE, 0, L2TPHA_CHECKPOINT_RESUME, 0, "")                                \
    X(3, U64, number, number, NUMBER, 0, UINT64_MAX, 0,                                            \
      "of increments: consecutive within the epoch, at most 2^63 - 1; of the other kinds: of the " \
      "increment that they stand behind")                                                          \
    X(2, U64, epoch, epoch, NUMBER, 0, UINT64_MAX, 0, "of the active that wrote it")               \
    X(1, U32, version, version, NUMBER, 1, UINT32_MAX, 0, "of the format, 1")

/** Fields of a tunnel, whole. */
#define L2TPHA_TUNNEL_FIELDS(X)                                                                    \
    L2TPHA_NEXT_TUNNEL(X)                                                                          \
    X(32, BYTES, own_name, own_name, TEXT, 0, L2TPHA_FIELD_AVP_MAX, 0,                             \
      "Host Name AVP of a daemon's own message")                                                   \
    X(31, U16, resets, resets, NUMBER, 0, UINT16_MAX, 0,                                           \
      "of the control channel: two more with each; odd when numbered data began at 0 again with "  \
      "the last one")                                                                              \
    X(30, U16, session_ids_shift, session_ids_shift, NUMBER, 0, UINT16_MAX, 0,                     \
      "how far the order of session ids is ahead of ns, modulo 2^16")                              \
    X(29, U16, resync_packets, resync_packets, NUMBER, 0, L2TPHA_RESYNC_PACKETS_MAX, 0,            \
      "as configured for its peer, 0 = the node's")                                                \
    X(28, U16, suggested_nr, suggested_nr, NUMBER, 0, UINT16_MAX, 0, "likewise")                   \
    X(27, U16, suggested_ns, suggested_ns, NUMBER, 0, UINT16_MAX, 0,                               \
      "sequence suggested to the peer that recovers")                                              \
    X(26, U32, recovers, recovers, NUMBER, 0, UINT32_MAX, 0,                                       \
      "local id of the tunnel that this recovery tunnel is for; 0 = none")                         \
    X(25, BYTES, app_state, app_state, HEX, 0, L2TPHA_CHECKPOINT_MAX, 0, "the host's")             \
    X(24, BYTES, challenge, challenge, HEX, 0, L2TPHA_FIELD_AVP_MAX, 0,                            \
      "ours, while its response is outstanding")                                                   \
    X(23, BYTES, secret, secret, SECRET, 0, L2TPHA_SECRET_MAX, 0, "shared with the peer")          \
    X(22, BYTES, peer_vendor, peer_vendor, TEXT, 0, L2TPHA_FIELD_AVP_MAX, 0,                       \
      "Vendor Name AVP of the peer")                                                               \
    X(21, BYTES, peer_name, peer_name, TEXT, 0, L2TPHA_FIELD_AVP_MAX, 0,                           \
      "Host Name AVP of the peer")                                                                 \
    X(20, RAW8, tie_breaker, tie_breaker, HEX, 0, 8, 0,                                            \
      "while the SCCRQ is outstanding; of a tunnel that the peer has asked for a digest")          \
    X(19, ADDRESS, path.remote, remote_address, HEX, 0, L2TPHA_ADDRESS_MAX, 0, "likewise")         \
    X(18, ADDRESS, path.local, local_address, HEX, 0, L2TPHA_ADDRESS_MAX, 0,                       \
      "transport address as the host gave it")                                                     \
    X(17, U16, error, error, NUMBER, 0, UINT16_MAX, 0, "its general error code")                   \
    X(16, U16, result, result, NUMBER, 0, UINT16_MAX, 0, "Result Code of the StopCCN")             \
    X(15, U16, acked, acked, NUMBER, 0, UINT16_MAX, 0, "oldest of ours that is not acknowledged")  \
    X(14, U16, nr, nr, NUMBER, 0, UINT16_MAX, 0, "next one expected")                              \
    X(13, U16, ns, ns, NUMBER, 0, UINT16_MAX, 0, "of the next new message")                        \
    X(12, U32, remote_recovery_ms, remote_recovery_ms, NUMBER, 0, UINT32_MAX, 0,                   \
      "the peer's Recovery Time")                                                                  \
    X(11, U32, remote_failover, remote_failover, NUMBER, 0, UINT32_MAX, 0,                         \
      "bits of the peer's Failover Capability AVP")                                                \
    X(10, U32, bearer_caps, bearer_caps, NUMBER, 0, UINT32_MAX, 0, "the peer's")                   \
    X(9, U32, framing_caps, framing_caps, NUMBER, 0, UINT32_MAX, 0, "the peer's")                  \
    X(8, U16, remote_window, remote_window, NUMBER, 0, UINT16_MAX, 0, "messages")                  \
    X(7, U16, local_window, local_window, NUMBER, 0, UINT16_MAX, 0, "messages")                    \
    X(6, U32, flags, flags, NUMBER, 0, UINT32_MAX, 0,                                              \
      "1 initiator, 2 authenticated, 4 hide AVPs, 8 tie breaker valid, 16 the peer sent Bearer "   \
      "Capabilities, 32 announced failover capability, 64 is not to, 128 a switch of HA is off, "  \
      "256 the group's, 512 the protocol is configured but not negotiated, 1024 cannot go on "     \
      "silently, 2048 ns and nr are bounds, 4096 sessions not synchronised since a recovery, "     \
      "8192 from an uncertain record, not recovered yet, 16384 its machines are a daemon's")       \
    X(5, U8, effective_method, effective_method, NUMBER, 0, L2TPHA_FAILOVER_FALLBACK,              \
      L2TPHA_FAILOVER_NOT_CONFIGURED, "the one in force; likewise")                                \
    X(4, U8, configured_method, configured_method, NUMBER, 0, L2TPHA_FAILOVER_FALLBACK,            \
      L2TPHA_FAILOVER_NOT_CONFIGURED,                                                              \
      "RADIUS 26-90: 0 disable, 1 failover protocol, 2 silent, 3 protocol with fallback to "       \
      "silent; 255 not configured")                                                                \
    X(3, U8, state, state, STATE, 0, L2TPHA_TUNNEL_STOPPED, 0, "")                                 \
    X(2, U32, remote_id, remote_id, NUMBER, 0, UINT32_MAX, 0,                                      \
      "the peer's, 0 while unknown; likewise")                                                     \
    X(1, U32, local_id, local_id, NUMBER, 1, UINT32_MAX, 0,                                        \
      "Assigned Tunnel ID of this end; 16 bits in L2TPv2")

/** Fields of a session, whole. */
#define L2TPHA_SESSION_FIELDS(X)                                                                   \
    L2TPHA_NEXT_SESSION(X)                                                                         \
    X(19, U32, receive_accm, receive_accm, NUMBER, 0, UINT32_MAX, 0, "likewise")                   \
    X(18, U32, send_accm, send_accm, NUMBER, 0, UINT32_MAX, 0,                                     \
      "of the last SLI received; 0 without flag 16")                                               \
    X(17, BYTES, app_state, app_state, HEX, 0, L2TPHA_CHECKPOINT_MAX, 0, "the host's")             \
    X(16, BYTES, connect, connect, HEX, 0, L2TPHA_CHECKPOINT_MAX, 0,                               \
      "encoded AVPs of the ICCN or OCCN not yet sent")                                             \
    X(15, BYTES, request, request, HEX, 0, L2TPHA_CHECKPOINT_MAX, 0,                               \
      "encoded AVPs of the request not yet sent")                                                  \
    X(14, U32, data_nr, data_nr, NUMBER, 0, UINT16_MAX, 0, "next data Ns expected, may lag")       \
    X(13, U32, data_ns, data_ns, NUMBER, 0, UINT16_MAX, 0, "not below the next data Ns")           \
    X(12, U64, rx_speed, rx_speed, NUMBER, 0, UINT32_MAX, 0, "likewise")                           \
    X(11, U64, tx_speed, tx_speed, NUMBER, 0, UINT32_MAX, 0, "bit/s; 32 bits in L2TPv2")           \
    X(10, U32, bearer, bearer, NUMBER, 0, UINT8_MAX, 0, "Bearer Type bits")                        \
    X(9, U32, framing, framing, NUMBER, 0, UINT8_MAX, 0, "Framing Type bits")                      \
    X(8, U32, serial, serial, NUMBER, 0, UINT32_MAX, 0, "Call Serial Number")                      \
    X(7, U8, flags, flags, NUMBER, 0, UINT8_MAX, 0,                                                \
      "1 sequencing required, 2 sequencing, 4 local call, 8 needs app state, 16 an SLI was "       \
      "received, 32 the LAC numbers its frames")                                                   \
    X(6, U8, call, call, NUMBER, L2TPHA_CALL_INCOMING, L2TPHA_CALL_OUTGOING, 0,                    \
      "1 incoming, 2 outgoing")                                                                    \
    X(5, U8, side, side, NUMBER, L2TPHA_LAC, L2TPHA_LNS, 0, "1 LAC, 2 LNS")                        \
    X(4, U8, state, state, STATE, 0, L2TPHA_SESSION_STATE_MAX, 0, "")                              \
    X(3, U32, remote_id, remote_id, NUMBER, 0, UINT32_MAX, 0,                                      \
      "the peer's, 0 while unknown; likewise")                                                     \
    X(2, U32, local_id, local_id, NUMBER, 1, UINT32_MAX, 0,                                        \
      "Assigned Session ID of this end; 16 bits in L2TPv2")                                        \
    X(1, U32, tunnel_id, tunnel_id, NUMBER, 1, UINT32_MAX, 0, "local id of its tunnel")

/** Fields of the numbers of a tunnel that the standby holds already. */
#define L2TPHA_SEQUENCE_FIELDS(X)                                                                  \
    X(4, U16, acked, acked, NUMBER, 0, UINT16_MAX, 0, "oldest of ours that is not acknowledged")   \
    X(3, U16, nr, nr, NUMBER, 0, UINT16_MAX, 0, "next one expected")                               \
    X(2, U16, ns, ns, NUMBER, 0, UINT16_MAX, 0, "of the next new message")                         \
    X(1, U32, tunnel_id, tunnel_id, NUMBER, 1, UINT32_MAX, 0, "local id of its tunnel")

/** Fields of an unacknowledged control message of ours. */
#define L2TPHA_MESSAGE_FIELDS(X)                                                                   \
    X(3, BYTES, bytes, bytes, HEX, 12, L2TPHA_DATAGRAM_MAX, 0,                                     \
      "the datagram; Ns in place, Nr zero")                                                        \
    X(2, U16, ns, ns, NUMBER, 0, UINT16_MAX, 0, "its Ns")                                          \
    X(1, U32, tunnel_id, tunnel_id, NUMBER, 1, UINT32_MAX, 0, "local id of its tunnel")

/** Fields of something that is gone. */
#define L2TPHA_GONE_FIELDS(X)                                                                      \
    X(2, U32, session_id, session_id, NUMBER, 0, UINT32_MAX, 0,                                    \
      "0: the tunnel with all its sessions")                                                       \
    X(1, U32, tunnel_id, tunnel_id, NUMBER, 1, UINT32_MAX, 0, "local id of the tunnel")

/** Fields of what the node gives out over all its tunnels. */
#define L2TPHA_NODE_FIELDS(X)                                                                      \
    L2TPHA_NEXT_NODE(X)                                                                            \
    X(6, U32, level, level, NUMBER, 0, UINT32_MAX, 0, "in force; absent = 1")                      \
    X(5, U16, tunnel_id_last, tunnel_id_last, NUMBER, 0, UINT16_MAX, 0, "likewise")                \
    X(4, U16, tunnel_id_first, tunnel_id_first, NUMBER, 0, UINT16_MAX, 0,                          \
      "the node's range of tunnel ids; both 0: all")                                               \
    X(3, U32, call_serial, call_serial, NUMBER, 0, UINT32_MAX, 0, "last Call Serial Number used")  \
    X(2, U16, tunnel_place, tunnel_place, NUMBER, 0, UINT16_MAX - 1, 0,                            \
      "ids of that order taken, modulo their number (65535 for all)")                              \
    X(1, RAW8, tunnel_key, tunnel_key, SECRET, 0, 8, 0,                                            \
      "names the order in which tunnel and session ids come")

#endif
