/* SPDX-License-Identifier: MIT */
/* Control messages of L2TPv2 (RFC 2661 3.1, 4): as much of them as this daemon speaks. */
#ifndef ATTACHED_MESSAGE_H
#define ATTACHED_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAX 512 /* octets of one that is sent */
#define DATAGRAM_MAX 65536

enum message_type {
    ZLB = 0, /* an acknowledgement alone */
    SCCRQ = 1,
    SCCRP = 2,
    SCCCN = 3,
    STOPCCN = 4,
    HELLO = 6,
    OCRQ = 7,
    ICRQ = 10,
    ICRP = 11,
    ICCN = 12,
    CDN = 14,
    MESSAGE_LAST = 16 /* of RFC 2661 */
};

enum avp_type {
    AVP_MESSAGE_TYPE = 0,
    AVP_RESULT_CODE = 1,
    AVP_PROTOCOL_VERSION = 2,
    AVP_FRAMING_CAPABILITIES = 3,
    AVP_HOST_NAME = 7,
    AVP_ASSIGNED_TUNNEL_ID = 9,
    AVP_WINDOW = 10,
    AVP_CHALLENGE = 11,
    AVP_CHALLENGE_RESPONSE = 13,
    AVP_ASSIGNED_SESSION_ID = 14,
    AVP_LAST = 39 /* of RFC 2661 */
};

/* A string in a message that has come. */
struct octets {
    const uint8_t *data; /* NULL = it is not there */
    size_t len;
};

/* What has come. */
struct message {
    uint16_t type;
    uint16_t tunnel_id, session_id; /* of this end */
    uint16_t ns, nr;
    uint16_t peers_tunnel, peers_session; /* assigned by the peer; 0 = not said */
    uint16_t window;
    struct octets name, challenge, response;
    bool unknown; /* something mandatory is in it that this daemon does not know */
};

/* False: none of L2TPv2, or malformed. What name and the like point to is in data. */
bool message_parse(const uint8_t *data, size_t len, struct message *message);

/* What is to be sent. */
struct outgoing {
    uint8_t data[MESSAGE_MAX];
    size_t len;
};

/* The ids are the peer's. Ns and Nr are written when it is sent. */
void message_begin(struct outgoing *out, enum message_type type, uint16_t tunnel_id,
                   uint16_t session_id);
void message_octets(struct outgoing *out, enum avp_type type, const void *data, size_t len);
void message_u16(struct outgoing *out, enum avp_type type, uint16_t value);
void message_u32(struct outgoing *out, enum avp_type type, uint32_t value);
void message_number(uint8_t *data, uint16_t ns, uint16_t nr);

uint16_t get_u16(const uint8_t *at);
void put_u16(uint8_t *at, uint16_t value);

#endif
