/* SPDX-License-Identifier: MIT */
/** @file
 *  The L2TPv2 header of control and data messages, RFC 2661 3.1. */
#ifndef L2TPHA_HEADER_H
#define L2TPHA_HEADER_H

#include <l2tpha/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define L2TPHA_CONTROL_HEADER 12  /**< bytes of a control header; a ZLB is nothing else */
#define L2TPHA_DATAGRAM_MAX 65535 /**< the Length field has 16 bits */

/** A decoded header, or one to be encoded. */
struct l2tpha_header {
    bool control;        /**< T: control message */
    bool has_length;     /**< L: Length field present; always on control */
    bool has_sequence;   /**< S: Ns and Nr present; always on control */
    bool has_offset;     /**< O: Offset Size present; data only */
    bool priority;       /**< P: preferential treatment; data only */
    uint8_t version;     /**< 2 */
    uint16_t length;     /**< whole message in bytes: Length field, else the datagram's size */
    uint32_t tunnel_id;  /**< the recipient's id */
    uint32_t session_id; /**< the recipient's id */
    uint16_t ns;         /**< 0 without S */
    uint16_t nr;         /**< 0 without S; to be ignored on data */
    uint16_t offset;     /**< pad bytes after the header, 0 without O */
    size_t header_len;   /**< bytes before AVPs or payload, offset pad included */
};

/** Decode a header. Bytes of the datagram beyond its Length field are no part of the message.
 *  @param data         the datagram; borrowed for the call
 *  @param len          bytes
 *  @param[out] header  filled in; all zero on error
 *  @retval L2TPHA_ERR_TRUNCATED  the datagram ends inside the header
 *  @retval L2TPHA_ERR_VERSION    not version 2
 *  @retval L2TPHA_ERR_HEADER     control without L or S, or with O or P
 *  @retval L2TPHA_ERR_LENGTH     Length shorter than the header or longer than the datagram
 *  @note All of these mean: discard silently (RFC 2661 7.1). */
L2TPHA_API int l2tpha_header_decode(const uint8_t *data, size_t len, struct l2tpha_header *header);

/** Encode a header; the offset pad is zero. length is taken as it is when has_length is set.
 *  @param header    version 2; header_len is not looked at
 *  @param dst       gets the header
 *  @param cap       bytes of dst
 *  @param[out] len  bytes written; 0 on error
 *  @retval L2TPHA_ERR_INVALID    another version, an id above 65535, length shorter than the
 *                                header, flags that control messages must not or must have
 *  @retval L2TPHA_ERR_TOO_SMALL  does not fit in cap */
L2TPHA_API int l2tpha_header_encode(const struct l2tpha_header *header, uint8_t *dst, size_t cap,
                                    size_t *len);

/** Set Ns and Nr of an encoded control message in place; @p data has at least
 *  L2TPHA_CONTROL_HEADER bytes. */
L2TPHA_API void l2tpha_header_stamp(uint8_t *data, uint16_t ns, uint16_t nr);

#ifdef __cplusplus
}
#endif
#endif
