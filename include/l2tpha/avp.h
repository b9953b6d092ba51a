/* SPDX-License-Identifier: MIT */
/** @file
 *  Attribute value pairs: the registry of those that L2TPv2 defines, and the composite values.
 *
 *  Values are views into the datagram (or into the scratch memory of l2tpha_message_unhide()); text
 *  is length-counted, never NUL-terminated, and kept exactly as received. */
#ifndef L2TPHA_AVP_H
#define L2TPHA_AVP_H

#include <l2tpha/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define L2TPHA_AVP_HEADER 6       /**< bytes before the value, RFC 2661 4.1 */
#define L2TPHA_AVP_VALUE_MAX 1017 /**< longest value; the 10-bit length counts the header too */
#define L2TPHA_AVP_TYPES 99       /**< every IETF attribute type of the registry is below this */

/** Attribute types of vendor 0. */
enum l2tpha_avp_type {
    /* RFC 2661 4.4 */
    L2TPHA_AVP_MESSAGE_TYPE = 0,
    L2TPHA_AVP_RESULT_CODE = 1,
    L2TPHA_AVP_PROTOCOL_VERSION = 2,
    L2TPHA_AVP_FRAMING_CAPABILITIES = 3,
    L2TPHA_AVP_BEARER_CAPABILITIES = 4,
    L2TPHA_AVP_TIE_BREAKER = 5,
    L2TPHA_AVP_FIRMWARE_REVISION = 6,
    L2TPHA_AVP_HOST_NAME = 7,
    L2TPHA_AVP_VENDOR_NAME = 8,
    L2TPHA_AVP_ASSIGNED_TUNNEL_ID = 9,
    L2TPHA_AVP_RECEIVE_WINDOW_SIZE = 10,
    L2TPHA_AVP_CHALLENGE = 11,
    L2TPHA_AVP_Q931_CAUSE = 12,
    L2TPHA_AVP_CHALLENGE_RESPONSE = 13,
    L2TPHA_AVP_ASSIGNED_SESSION_ID = 14,
    L2TPHA_AVP_CALL_SERIAL_NUMBER = 15,
    L2TPHA_AVP_MINIMUM_BPS = 16,
    L2TPHA_AVP_MAXIMUM_BPS = 17,
    L2TPHA_AVP_BEARER_TYPE = 18,
    L2TPHA_AVP_FRAMING_TYPE = 19,
    L2TPHA_AVP_CALLED_NUMBER = 21,
    L2TPHA_AVP_CALLING_NUMBER = 22,
    L2TPHA_AVP_SUB_ADDRESS = 23,
    L2TPHA_AVP_TX_CONNECT_SPEED = 24,
    L2TPHA_AVP_PHYSICAL_CHANNEL_ID = 25,
    L2TPHA_AVP_INITIAL_RECEIVED_CONFREQ = 26,
    L2TPHA_AVP_LAST_SENT_CONFREQ = 27,
    L2TPHA_AVP_LAST_RECEIVED_CONFREQ = 28,
    L2TPHA_AVP_PROXY_AUTHEN_TYPE = 29,
    L2TPHA_AVP_PROXY_AUTHEN_NAME = 30,
    L2TPHA_AVP_PROXY_AUTHEN_CHALLENGE = 31,
    L2TPHA_AVP_PROXY_AUTHEN_ID = 32,
    L2TPHA_AVP_PROXY_AUTHEN_RESPONSE = 33,
    L2TPHA_AVP_CALL_ERRORS = 34,
    L2TPHA_AVP_ACCM = 35,
    L2TPHA_AVP_RANDOM_VECTOR = 36,
    L2TPHA_AVP_PRIVATE_GROUP_ID = 37,
    L2TPHA_AVP_RX_CONNECT_SPEED = 38,
    L2TPHA_AVP_SEQUENCING_REQUIRED = 39,
    /* RFC 3145 */
    L2TPHA_AVP_PPP_DISCONNECT_CAUSE = 46,
    /* RFC 4951 5 */
    L2TPHA_AVP_FAILOVER_CAPABILITY = 76,
    L2TPHA_AVP_TUNNEL_RECOVERY = 77,
    L2TPHA_AVP_SUGGESTED_SEQUENCE = 78,
    L2TPHA_AVP_FAILOVER_SESSION_STATE = 79
};

/** What a value looks like. */
enum l2tpha_avp_kind {
    L2TPHA_AVP_OPAQUE, /**< only named here: kept when M=0, refused as unknown when M=1 */
    L2TPHA_AVP_EMPTY,  /**< no value; its presence says it all */
    L2TPHA_AVP_U8PAIR, /**< two octets, each a number */
    L2TPHA_AVP_U16,
    L2TPHA_AVP_U32,
    L2TPHA_AVP_U64,
    L2TPHA_AVP_OCTETS, /**< octets without structure */
    L2TPHA_AVP_TEXT,   /**< text for people */
    L2TPHA_AVP_FIELDS  /**< a composite; see the structs below */
};

/** One row of the registry. Masks of messages have bit (1 << message type). */
struct l2tpha_avp_info {
    uint16_t type;       /**< attribute type of vendor 0 */
    uint16_t min;        /**< shortest value, bytes */
    uint16_t max;        /**< longest value, bytes */
    uint8_t kind;        /**< enum l2tpha_avp_kind: what the value looks like */
    bool mandatory : 1;  /**< the M bit when sent */
    bool hideable : 1;   /**< may be hidden, RFC 2661 4.3 */
    bool repeatable : 1; /**< may occur more than once in one message */
    bool nonzero : 1;    /**< the value 0 is invalid */
    bool exclusive : 1;  /**< an error, not noise, in any other message */
    bool mirrored : 1;   /**< taken in an SCCRP as well, though never to be sent in one */
    uint32_t messages;   /**< messages that it may be in; it is ignored in others */
};

/** The registry's row of an attribute, in constant time; NULL if unknown or of another vendor. */
L2TPHA_API const struct l2tpha_avp_info *l2tpha_avp_info_find(uint16_t vendor, uint16_t type);

/** Name of an attribute, "vendor AVP" for vendor != 0, "unknown AVP" if not in the registry. */
L2TPHA_API const char *l2tpha_avp_name(uint16_t vendor, uint16_t type);

/** One AVP of a message. */
struct l2tpha_avp {
    uint16_t vendor;      /**< 0 = IETF */
    uint16_t type;        /**< attribute type */
    bool mandatory;       /**< M bit */
    bool hidden;          /**< the value is still ciphertext */
    uint16_t len;         /**< bytes of value */
    const uint8_t *value; /**< borrowed */
};

/** Result Code AVP, RFC 2661 4.4.2. */
struct l2tpha_result {
    uint16_t result;     /**< meaning depends on StopCCN or CDN */
    uint16_t error;      /**< general error code, meaningful when result is 2 */
    bool has_error;      /**< the error code is there (AVP length 10 and more) */
    const uint8_t *text; /**< UTF-8 message or NULL; needs has_error */
    size_t text_len;     /**< bytes of text */
};

/** Q.931 Cause Code AVP, RFC 2661 4.4.4. */
struct l2tpha_q931_cause {
    uint16_t cause;      /**< Q.931 cause code */
    uint8_t message;     /**< Q.931 message type */
    const uint8_t *text; /**< ASCII advisory message or NULL */
    size_t text_len;     /**< bytes of text */
};

/** Call Errors AVP, RFC 2661 4.4.6: counts since the call was set up. */
struct l2tpha_call_errors {
    uint32_t crc;               /**< frames with CRC errors */
    uint32_t framing;           /**< improperly framed packets */
    uint32_t hardware_overruns; /**< receive buffer overruns */
    uint32_t buffer_overruns;   /**< buffer overruns detected */
    uint32_t timeouts;          /**< time-outs */
    uint32_t alignment;         /**< alignment errors */
};

/** ACCM AVP, RFC 2661 4.4.6: asynchronous control character maps. */
struct l2tpha_accm {
    uint32_t send;    /**< for what the LAC sends; bit n is character n */
    uint32_t receive; /**< for what the LAC receives */
};

/** PPP Disconnect Cause Code AVP, RFC 3145 2. */
struct l2tpha_ppp_cause {
    uint16_t code;       /**< RFC 3145 3 */
    uint16_t protocol;   /**< PPP control protocol number */
    uint8_t direction;   /**< 0 global, 1 at peer, 2 at local */
    const uint8_t *text; /**< UTF-8 or NULL */
    size_t text_len;     /**< bytes of text */
};

/** Failover Capability AVP, RFC 4951 5.1. */
struct l2tpha_failover_capability {
    bool control;              /**< C: can recover the control channel */
    bool data;                 /**< D: can recover sequenced data channels */
    uint32_t recovery_time_ms; /**< extra time asked of the peer; applies when control is set */
};

/** Tunnel Recovery AVP, RFC 4951 5.2, in the sender's view. */
struct l2tpha_tunnel_recovery {
    uint32_t tunnel_id;        /**< the sender's id of the old tunnel */
    uint32_t remote_tunnel_id; /**< the receiver's id of the old tunnel */
};

/** Suggested Control Sequence AVP, RFC 4951 5.3: what the recovery endpoint is to use. */
struct l2tpha_suggested_sequence {
    uint16_t ns; /**< Ns of its next message on the recovered tunnel */
    uint16_t nr; /**< Ns that it is to expect next */
};

/** Failover Session State AVP, RFC 4951 5.4, in the sender's view. */
struct l2tpha_failover_session {
    uint32_t session_id;        /**< the sender's id; 0 in an FSR = no such session */
    uint32_t remote_session_id; /**< the receiver's id */
};

/** @name Values of one AVP
 *  False if the AVP is NULL, still hidden, or not of that form; then *out is untouched. Composites
 *  ask for their attribute type of vendor 0 too, and ignore reserved fields; their texts are views.
 *  @{ */
/** A value of 2 bytes, whatever the type. */
L2TPHA_API bool l2tpha_avp_u16(const struct l2tpha_avp *avp, uint16_t *out);
/** A value of 4 bytes, whatever the type. */
L2TPHA_API bool l2tpha_avp_u32(const struct l2tpha_avp *avp, uint32_t *out);
/** A value of 8 bytes, whatever the type. */
L2TPHA_API bool l2tpha_avp_u64(const struct l2tpha_avp *avp, uint64_t *out);
/** Result Code, RFC 2661 4.4.2. */
L2TPHA_API bool l2tpha_avp_result(const struct l2tpha_avp *avp, struct l2tpha_result *out);
/** Q.931 Cause Code, RFC 2661 4.4.4. */
L2TPHA_API bool l2tpha_avp_q931_cause(const struct l2tpha_avp *avp, struct l2tpha_q931_cause *out);
/** Call Errors, RFC 2661 4.4.6. */
L2TPHA_API bool l2tpha_avp_call_errors(const struct l2tpha_avp *avp,
                                       struct l2tpha_call_errors *out);
/** ACCM, RFC 2661 4.4.6. */
L2TPHA_API bool l2tpha_avp_accm(const struct l2tpha_avp *avp, struct l2tpha_accm *out);
/** PPP Disconnect Cause Code, RFC 3145 2. */
L2TPHA_API bool l2tpha_avp_ppp_cause(const struct l2tpha_avp *avp, struct l2tpha_ppp_cause *out);
/** Failover Capability, RFC 4951 5.1. */
L2TPHA_API bool l2tpha_avp_failover_capability(const struct l2tpha_avp *avp,
                                               struct l2tpha_failover_capability *out);
/** Tunnel Recovery, RFC 4951 5.2. */
L2TPHA_API bool l2tpha_avp_tunnel_recovery(const struct l2tpha_avp *avp,
                                           struct l2tpha_tunnel_recovery *out);
/** Suggested Control Sequence, RFC 4951 5.3. */
L2TPHA_API bool l2tpha_avp_suggested_sequence(const struct l2tpha_avp *avp,
                                              struct l2tpha_suggested_sequence *out);
/** Failover Session State, RFC 4951 5.4. */
L2TPHA_API bool l2tpha_avp_session_state(const struct l2tpha_avp *avp,
                                         struct l2tpha_failover_session *out);
/** @} */

#ifdef __cplusplus
}
#endif
#endif
