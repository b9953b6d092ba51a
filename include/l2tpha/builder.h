/* SPDX-License-Identifier: MIT */
/** @file
 *  Building control messages straight into the caller's buffer.
 *
 *  M bits come from the registry. Lengths and values are checked by the same code that checks
 *  received AVPs, so no malformed message can leave (RFC 2661 7.1). The first error sticks and
 *  every later call does nothing; l2tpha_builder_end() returns it.
 *  @code
 *  l2tpha_builder_begin(&b, buf, sizeof(buf), L2TPHA_MESSAGE_ICRP, peer_tunnel, peer_session);
 *  l2tpha_builder_put_u16(&b, L2TPHA_AVP_ASSIGNED_SESSION_ID, local_session);
 *  error = l2tpha_builder_end(&b, &len);
 *  @endcode */
#ifndef L2TPHA_BUILDER_H
#define L2TPHA_BUILDER_H

#include <l2tpha/message.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A message under construction. The caller owns the memory; all fields are private. */
struct l2tpha_builder {
    uint8_t *start;              /**< the caller's buffer */
    uint8_t *pos;                /**< where the next AVP goes */
    uint8_t *end;                /**< end of the room, at most L2TPHA_DATAGRAM_MAX bytes on */
    int error;                   /**< the first error; 0 = none */
    uint16_t type;               /**< enum l2tpha_message_type */
    uint16_t vector_len;         /**< bytes of vector */
    bool vector_sent;            /**< the Random Vector AVP is there */
    uint8_t version;             /**< of L2TP */
    const uint8_t *vector;       /**< borrowed; NULL = nothing is hidden */
    struct l2tpha_hiding hiding; /**< what hides the AVPs that follow */
    uint64_t put[2];             /**< bit per attribute type already there */
};

/** Begin a message: header and Message Type AVP. Ns and Nr are 0 until l2tpha_header_stamp().
 *  Sticks L2TPHA_ERR_INVALID for a NULL buffer, an unknown type or an id above 65535, and
 *  L2TPHA_ERR_TOO_SMALL when the header does not fit.
 *  @param builder     what it held before is forgotten
 *  @param buf         borrowed until l2tpha_builder_end()
 *  @param cap         bytes of buf; no more than L2TPHA_DATAGRAM_MAX are used
 *  @param type        a known type; L2TPHA_MESSAGE_ZLB makes a header alone
 *  @param tunnel_id   the recipient's id; 0 = not known yet
 *  @param session_id  the recipient's id; 0 = none, or not known yet */
L2TPHA_API void l2tpha_builder_begin(struct l2tpha_builder *builder, uint8_t *buf, size_t cap,
                                     uint16_t type, uint32_t tunnel_id, uint32_t session_id);

/** Hide every following AVP that may be hidden; one Random Vector AVP goes before the first.
 *  @param builder     after l2tpha_builder_begin()
 *  @param hiding      copied; crypto and secret are borrowed until the end. Without either of them
 *                     L2TPHA_ERR_INVALID sticks.
 *  @param vector      fresh random bytes, borrowed until the end
 *  @param vector_len  16 or more (RFC 2661 4.4.1), up to L2TPHA_AVP_VALUE_MAX */
L2TPHA_API void l2tpha_builder_hide(struct l2tpha_builder *builder,
                                    const struct l2tpha_hiding *hiding, const uint8_t *vector,
                                    size_t vector_len);

/** @name Adding AVPs of vendor 0
 *  Stick L2TPHA_ERR_INVALID if the type is unknown, not for this message, there already, or the
 *  value is not valid for it; L2TPHA_ERR_TOO_SMALL if it does not fit. What is
 *  pointed to is borrowed for the call; the composites are those of avp.h.
 *  @{ */
/** Two octets, such as Protocol Version. */
L2TPHA_API void l2tpha_builder_put_u8pair(struct l2tpha_builder *builder, uint16_t type,
                                          uint8_t first, uint8_t second);
/** A number of 2 bytes; more than 65535 is L2TPHA_ERR_INVALID. */
L2TPHA_API void l2tpha_builder_put_u16(struct l2tpha_builder *builder, uint16_t type,
                                       uint32_t value);
/** A number of 4 bytes. */
L2TPHA_API void l2tpha_builder_put_u32(struct l2tpha_builder *builder, uint16_t type,
                                       uint32_t value);
/** A number of 8 bytes. */
L2TPHA_API void l2tpha_builder_put_u64(struct l2tpha_builder *builder, uint16_t type,
                                       uint64_t value);
/** Octets or text; also any other value in wire format. */
L2TPHA_API void l2tpha_builder_put_bytes(struct l2tpha_builder *builder, uint16_t type,
                                         const void *data, size_t len);
/** An AVP without value, such as Sequencing Required. */
L2TPHA_API void l2tpha_builder_put_flag(struct l2tpha_builder *builder, uint16_t type);
/** Result Code. @p text is UTF-8 or NULL and cut at a character when it is too long; with neither
 *  error nor text the short form of the AVP is sent. */
L2TPHA_API void l2tpha_builder_put_result(struct l2tpha_builder *builder, uint16_t result,
                                          uint16_t error, const char *text);
/** Q.931 Cause Code, RFC 2661 4.4.4. */
L2TPHA_API void l2tpha_builder_put_q931_cause(struct l2tpha_builder *builder,
                                              const struct l2tpha_q931_cause *cause);
/** Call Errors, RFC 2661 4.4.6. */
L2TPHA_API void l2tpha_builder_put_call_errors(struct l2tpha_builder *builder,
                                               const struct l2tpha_call_errors *errors);
/** ACCM, RFC 2661 4.4.6. */
L2TPHA_API void l2tpha_builder_put_accm(struct l2tpha_builder *builder,
                                        const struct l2tpha_accm *accm);
/** PPP Disconnect Cause Code, RFC 3145 2. */
L2TPHA_API void l2tpha_builder_put_ppp_cause(struct l2tpha_builder *builder,
                                             const struct l2tpha_ppp_cause *cause);
/** Failover Capability. C=D=0 must not be sent (RFC 4951 5.1): L2TPHA_ERR_INVALID. */
L2TPHA_API void
l2tpha_builder_put_failover_capability(struct l2tpha_builder *builder,
                                       const struct l2tpha_failover_capability *capability);
/** Tunnel Recovery, RFC 4951 5.2; an id above 65535 is L2TPHA_ERR_INVALID. */
L2TPHA_API void l2tpha_builder_put_tunnel_recovery(struct l2tpha_builder *builder,
                                                   const struct l2tpha_tunnel_recovery *recovery);
/** Suggested Control Sequence, RFC 4951 5.3. */
L2TPHA_API void
l2tpha_builder_put_suggested_sequence(struct l2tpha_builder *builder,
                                      const struct l2tpha_suggested_sequence *sequence);
/** Failover Session State, RFC 4951 5.4; an id above 65535 is L2TPHA_ERR_INVALID. */
L2TPHA_API void l2tpha_builder_put_session_state(struct l2tpha_builder *builder,
                                                 const struct l2tpha_failover_session *state);
/** @} */

/** An AVP of another vendor, never hidden. vendor 0 is L2TPHA_ERR_INVALID. */
L2TPHA_API void l2tpha_builder_put_raw(struct l2tpha_builder *builder, bool mandatory,
                                       uint16_t vendor, uint16_t type, const void *value,
                                       size_t len);

/** Bytes that still fit, the header of the next AVP included; 0 once an error has stuck. */
L2TPHA_API size_t l2tpha_builder_room(const struct l2tpha_builder *builder);

/** Finish: set the Length field.
 *  @param builder   holds no message any more until the next l2tpha_builder_begin()
 *  @param[out] len  bytes of the message; 0 on error
 *  @retval L2TPHA_ERR_AVP_MISSING  an AVP that the message must have was not put
 *  @retval other                   the first error that stuck */
L2TPHA_API int l2tpha_builder_end(struct l2tpha_builder *builder, size_t *len);

#ifdef __cplusplus
}
#endif
#endif
