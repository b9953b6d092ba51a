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
    uint8_t *start;
    uint8_t *pos;
    uint8_t *end;
    int error;
    uint16_t type;
    uint16_t vector_len;
    bool vector_sent;
    const uint8_t *vector;
    struct l2tpha_hiding hiding;
    uint64_t put[2]; /* bit per attribute type already there */
};

/** Begin a message: header and Message Type AVP. Ns and Nr are 0 until l2tpha_header_stamp().
 *  @param buf  borrowed until l2tpha_builder_end()
 *  @param type a known type; L2TPHA_MESSAGE_ZLB makes a header alone
 *  Sticks L2TPHA_ERR_INVALID for an unknown type or an id above 65535. */
L2TPHA_API void l2tpha_builder_begin(struct l2tpha_builder *builder, uint8_t *buf, size_t cap,
                                     uint16_t type, uint32_t tunnel_id, uint32_t session_id);

/** Hide every following AVP that may be hidden; one Random Vector AVP goes before the first.
 *  @param hiding      copied; secret borrowed until the end. Without secret or crypto: INVALID.
 *  @param vector      fresh random bytes, borrowed until the end
 *  @param vector_len  16 or more (RFC 2661 4.4.1), up to L2TPHA_AVP_VALUE_MAX */
L2TPHA_API void l2tpha_builder_hide(struct l2tpha_builder *builder,
                                    const struct l2tpha_hiding *hiding, const uint8_t *vector,
                                    size_t vector_len);

/** @name Adding AVPs of vendor 0
 *  Stick L2TPHA_ERR_INVALID if the type is unknown, not for this message, there already, or the
 *  value is not valid for it; L2TPHA_ERR_TOO_SMALL if it does not fit. @{ */
L2TPHA_API void l2tpha_builder_put_u8pair(struct l2tpha_builder *builder, uint16_t type,
                                          uint8_t first, uint8_t second);
L2TPHA_API void l2tpha_builder_put_u16(struct l2tpha_builder *builder, uint16_t type,
                                       uint32_t value);
L2TPHA_API void l2tpha_builder_put_u32(struct l2tpha_builder *builder, uint16_t type,
                                       uint32_t value);
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
L2TPHA_API void l2tpha_builder_put_q931_cause(struct l2tpha_builder *builder,
                                              const struct l2tpha_q931_cause *cause);
L2TPHA_API void l2tpha_builder_put_call_errors(struct l2tpha_builder *builder,
                                               const struct l2tpha_call_errors *errors);
L2TPHA_API void l2tpha_builder_put_accm(struct l2tpha_builder *builder,
                                        const struct l2tpha_accm *accm);
L2TPHA_API void l2tpha_builder_put_ppp_cause(struct l2tpha_builder *builder,
                                             const struct l2tpha_ppp_cause *cause);
/** C=D=0 must not be sent (RFC 4951 5.1): L2TPHA_ERR_INVALID. */
L2TPHA_API void
l2tpha_builder_put_failover_capability(struct l2tpha_builder *builder,
                                       const struct l2tpha_failover_capability *capability);
L2TPHA_API void l2tpha_builder_put_tunnel_recovery(struct l2tpha_builder *builder,
                                                   const struct l2tpha_tunnel_recovery *recovery);
L2TPHA_API void
l2tpha_builder_put_suggested_sequence(struct l2tpha_builder *builder,
                                      const struct l2tpha_suggested_sequence *sequence);
L2TPHA_API void l2tpha_builder_put_session_state(struct l2tpha_builder *builder,
                                                 const struct l2tpha_failover_session *state);
/** @} */

/** An AVP of another vendor, never hidden. vendor 0 is L2TPHA_ERR_INVALID. */
L2TPHA_API void l2tpha_builder_put_raw(struct l2tpha_builder *builder, bool mandatory,
                                       uint16_t vendor, uint16_t type, const void *value,
                                       size_t len);

/** Bytes that still fit. */
L2TPHA_API size_t l2tpha_builder_room(const struct l2tpha_builder *builder);

/** Finish: set the Length field.
 *  @param[out] len  bytes of the message; 0 on error
 *  @retval L2TPHA_ERR_AVP_MISSING  an AVP that the message must have was not put
 *  @retval other                   the first error that stuck */
L2TPHA_API int l2tpha_builder_end(struct l2tpha_builder *builder, size_t *len);

#ifdef __cplusplus
}
#endif
#endif
