/* SPDX-License-Identifier: MIT */
/** @file
 *  Whole control messages: decoding without allocation, checking, reading.
 *
 *  Three steps, because the secret is known only once the Host Name was read:
 *  l2tpha_message_decode(), l2tpha_message_unhide(), l2tpha_message_check(). All three follow the M
 *  bit (RFC 2661 4.1, 7.1): what is wrong with an AVP of M=0 makes that AVP ignored and counted,
 *  what is wrong with one of M=1 is the call's error. Decoding goes on behind the first fault, so
 *  that the other AVPs are there for an answer. */
#ifndef L2TPHA_MESSAGE_H
#define L2TPHA_MESSAGE_H

#include <l2tpha/avp.h>
#include <l2tpha/crypto.h>
#include <l2tpha/header.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Message types, RFC 2661 3.2 and RFC 4951 4. */
enum l2tpha_message_type {
    L2TPHA_MESSAGE_ZLB = 0, /**< no AVPs at all; never a Message Type on the wire */
    L2TPHA_MESSAGE_SCCRQ = 1,
    L2TPHA_MESSAGE_SCCRP = 2,
    L2TPHA_MESSAGE_SCCCN = 3,
    L2TPHA_MESSAGE_STOPCCN = 4,
    L2TPHA_MESSAGE_HELLO = 6,
    L2TPHA_MESSAGE_OCRQ = 7,
    L2TPHA_MESSAGE_OCRP = 8,
    L2TPHA_MESSAGE_OCCN = 9,
    L2TPHA_MESSAGE_ICRQ = 10,
    L2TPHA_MESSAGE_ICRP = 11,
    L2TPHA_MESSAGE_ICCN = 12,
    L2TPHA_MESSAGE_CDN = 14,
    L2TPHA_MESSAGE_WEN = 15,
    L2TPHA_MESSAGE_SLI = 16,
    L2TPHA_MESSAGE_FSQ = 21,
    L2TPHA_MESSAGE_FSR = 22
};

#define L2TPHA_MESSAGE_TYPES 30      /**< every message type that has a name is below this */
#define L2TPHA_MESSAGE_AVPS_MAX 64   /**< AVPs kept of one message, one of each type */
#define L2TPHA_MESSAGE_VENDOR_MAX 32 /**< of these, AVPs of other vendors */

/** What is wrong with a message, and which AVP is to blame. */
struct l2tpha_decode_fault {
    int error;       /**< what the call returned */
    uint16_t vendor; /**< of the AVP */
    uint16_t type;   /**< of the AVP */
    bool mandatory;  /**< its M bit */
    bool is_avp;     /**< false: the header or the framing of the message, no AVP to name */
    uint32_t value;  /**< the number refused: a length or a value */
    const char *why; /**< static text, NULL without a fault */
};

/** A decoded control message. Borrows the datagram, and the scratch memory once unhidden. */
struct l2tpha_message {
    struct l2tpha_header header; /**< all zero if it was malformed */
    uint16_t type;         /**< enum l2tpha_message_type or unknown; 0 = ZLB, or not readable */
    bool type_mandatory;   /**< M bit of Message Type: an unknown type clears the tunnel */
    uint16_t avp_count;    /**< used in @ref avps */
    uint16_t vendor_count; /**< of these, AVPs of other vendors */
    uint16_t hidden;       /**< AVPs that wait for l2tpha_message_unhide() */
    uint16_t ignored;      /**< AVPs ignored as unknown or wrong with M=0 */
    struct l2tpha_decode_fault ignored_first; /**< the first of these, for the log */
    const uint8_t *body;                      /**< the AVPs, in clear after unhiding */
    size_t body_len;                          /**< bytes of body */
    uint8_t index[L2TPHA_AVP_TYPES]; /**< 1 + place in avps by type of vendor 0; 0 = absent */
    struct l2tpha_avp avps[L2TPHA_MESSAGE_AVPS_MAX]; /**< the first of each type, in order */
};

/** What hiding needs, RFC 2661 4.3. */
struct l2tpha_hiding {
    const struct l2tpha_crypto *crypto; /**< NULL = none */
    const uint8_t *secret;              /**< shared with the peer; borrowed */
    size_t secret_len;                  /**< 0 = no secret: hidden AVPs cannot be read */
};

/** Decode header, framing and all visible AVPs of a control message.
 *
 *  An unknown message type is no error here: type and type_mandatory tell, its AVPs are not looked
 *  at, and l2tpha_message_check() refuses it. Only type 0 is refused at once, since it would look
 *  like a ZLB. A datagram of twelve bytes is L2TPHA_MESSAGE_ZLB.
 *  @param data          the datagram; borrowed as long as the message is used
 *  @param len           bytes
 *  @param[out] message  filled in as far as was readable, on errors too
 *  @param[out] fault    what is wrong; may be NULL
 *  @retval L2TPHA_ERR_TRUNCATED, L2TPHA_ERR_VERSION, L2TPHA_ERR_HEADER, L2TPHA_ERR_LENGTH,
 *          L2TPHA_ERR_DATA_MESSAGE  discard silently
 *  @retval L2TPHA_ERR_MESSAGE_TYPE  a Message Type of 0; fault->mandatory = type_mandatory
 *  @retval L2TPHA_ERR_MALFORMED     first AVP is no Message Type; an AVP is hidden that must not be
 *  @retval L2TPHA_ERR_AVP_LENGTH, L2TPHA_ERR_AVP_VALUE, L2TPHA_ERR_AVP_RESERVED,
 *          L2TPHA_ERR_AVP_UNKNOWN, L2TPHA_ERR_AVP_DUPLICATE, L2TPHA_ERR_AVP_FORBIDDEN
 *          an AVP with M=1, or (length) the framing */
L2TPHA_API int l2tpha_message_decode(const uint8_t *data, size_t len,
                                     struct l2tpha_message *message,
                                     struct l2tpha_decode_fault *fault);

/** Decipher the hidden AVPs and check them like the visible ones. Does nothing if there are none.
 *  @param message     decoded
 *  @param hiding      the secret of this tunnel; NULL = none
 *  @param scratch     gets the AVPs in clear; as long-lived as the message; its owner wipes it
 *  @param cap         bytes of scratch, at least message->body_len
 *  @param[out] fault  what is wrong; may be NULL
 *  @retval L2TPHA_ERR_TOO_SMALL   cap is less
 *  @retval L2TPHA_ERR_CRYPTO      the operation failed
 *  @retval L2TPHA_ERR_AVP_HIDDEN  no secret, no Random Vector before it, or it does not decipher
 *  @retval other                  as l2tpha_message_decode() */
L2TPHA_API int l2tpha_message_unhide(struct l2tpha_message *message,
                                     const struct l2tpha_hiding *hiding, uint8_t *scratch,
                                     size_t cap, struct l2tpha_decode_fault *fault);

/** Whether all AVPs that the message type requires are there.
 *  @param message     decoded, and unhidden where message->hidden says so
 *  @param[out] fault  what is wrong; may be NULL
 *  @retval L2TPHA_ERR_AVP_MISSING   fault->type is the first that is not
 *  @retval L2TPHA_ERR_AVP_HIDDEN    one is, but still hidden
 *  @retval L2TPHA_ERR_MESSAGE_TYPE  a type unknown here; fault->mandatory = type_mandatory */
L2TPHA_API int l2tpha_message_check(const struct l2tpha_message *message,
                                    struct l2tpha_decode_fault *fault);

/** The three steps in one, for who knows the secret beforehand. Stops at the first error.
 *  Parameters and errors are those of the steps. */
L2TPHA_API int l2tpha_message_open(const uint8_t *data, size_t len,
                                   const struct l2tpha_hiding *hiding, uint8_t *scratch, size_t cap,
                                   struct l2tpha_message *message,
                                   struct l2tpha_decode_fault *fault);

/** General error code (RFC 2661 4.4.2) that says this fault to the peer with result 2. */
L2TPHA_API uint16_t l2tpha_fault_general_error(const struct l2tpha_decode_fault *fault);

/** Readable text of a fault for the Result Code AVP and the log, with the attribute's number.
 *  Always NUL-terminated when cap is not 0.  @return bytes of text without the NUL. */
L2TPHA_API size_t l2tpha_fault_text(const struct l2tpha_decode_fault *fault, char *dst, size_t cap);

/** @name Reading
 *  @{ */
/** The (first) AVP of a type of vendor 0, in constant time; NULL if absent. */
L2TPHA_API const struct l2tpha_avp *l2tpha_message_find(const struct l2tpha_message *message,
                                                        uint16_t type);
/** The first AVP of another vendor; NULL if absent. */
L2TPHA_API const struct l2tpha_avp *l2tpha_message_find_vendor(const struct l2tpha_message *message,
                                                               uint16_t vendor, uint16_t type);

/** Where an iteration is. Zero-fill it to begin. */
struct l2tpha_avp_cursor {
    size_t offset;         /**< private */
    struct l2tpha_avp avp; /**< the current AVP */
};

/** Step to the next well-formed AVP of a repeatable type of vendor 0, such as the thousands of
 *  Failover Session States in one FSQ. Linear in the size of the message for a whole round.
 *  @return false when there is no further one */
L2TPHA_API bool l2tpha_message_each(const struct l2tpha_message *message, uint16_t type,
                                    struct l2tpha_avp_cursor *cursor);

/** Whether an AVP of this type is there and readable. */
L2TPHA_API bool l2tpha_message_has(const struct l2tpha_message *message, uint16_t type);
/** Value of an AVP; false and untouched if it is absent, hidden or of another form. */
L2TPHA_API bool l2tpha_message_u16(const struct l2tpha_message *message, uint16_t type,
                                   uint16_t *value);
/** As l2tpha_message_u16(). */
L2TPHA_API bool l2tpha_message_u32(const struct l2tpha_message *message, uint16_t type,
                                   uint32_t *value);
/** As l2tpha_message_u16(). */
L2TPHA_API bool l2tpha_message_u64(const struct l2tpha_message *message, uint16_t type,
                                   uint64_t *value);
/** The value of any AVP as octets; false if absent or hidden. */
L2TPHA_API bool l2tpha_message_bytes(const struct l2tpha_message *message, uint16_t type,
                                     struct l2tpha_bytes *value);
/** The Result Code of a StopCCN or CDN. Other composites: l2tpha_avp_*(l2tpha_message_find()). */
L2TPHA_API bool l2tpha_message_result(const struct l2tpha_message *message,
                                      struct l2tpha_result *result);
/** @} */

/** @name Names and tables
 *  All texts are static.
 *  @{ */
/** Short name such as "SCCRQ"; "ZLB" for 0; "unknown" otherwise. */
L2TPHA_API const char *l2tpha_message_name(uint16_t type);
/** Whether this library decodes and builds the type. False for L2TPHA_MESSAGE_ZLB. */
L2TPHA_API bool l2tpha_message_is_known(uint16_t type);
/** Whether a fault ends one session (CDN) and not the tunnel (StopCCN). */
L2TPHA_API bool l2tpha_message_is_session(uint16_t type);
/** The @p place-th AVP type that a message must have besides Message Type; 0 = no more. */
L2TPHA_API uint16_t l2tpha_message_required(uint16_t type, size_t place);
/** Text of a Result Code, RFC 2661 4.4.2; @p type is L2TPHA_MESSAGE_STOPCCN or L2TPHA_MESSAGE_CDN.
 *  "unknown code" for all others. */
L2TPHA_API const char *l2tpha_result_text(uint16_t type, uint16_t result);
/** Text of a general error code, RFC 2661 4.4.2; "unknown code" for all others. */
L2TPHA_API const char *l2tpha_general_error_text(uint16_t error);
/** Text of a PPP disconnect code, RFC 3145 3; "unknown code" for all others. */
L2TPHA_API const char *l2tpha_ppp_cause_text(uint16_t code);
/** @} */

#ifdef __cplusplus
}
#endif
#endif
