/* SPDX-License-Identifier: MIT */
/* What of L2TP depends on its version stands in one const table for each: RFC 2661 is the only one.
 * Who works with a tunnel asks the table of that tunnel (record_wire()), and knows neither where
 * something stands in a header nor how wide an id is; nobody above tests a version. */
#ifndef CODEC_WIRE_H
#define CODEC_WIRE_H

#include "base/octets.h"
#include "codec/message_registry.h"

#include <l2tpha/builder.h>
#include <l2tpha/message.h>

/* What sizes of arrays and fields are made of: the shortest of all formats. */
#define WIRE_HEADER_MIN 12        /* control header */
#define WIRE_MESSAGE_TYPE 8       /* Message Type AVP */
#define WIRE_SESSION_STATE_MIN 16 /* Failover Session State AVP, RFC 4951 5.4 */
#define WIRE_DATAGRAM_MAX L2TPHA_DATAGRAM_MAX

#define WIRE_L2TPV2_RETRIES 5 /* RFC 2661 5.8 */

struct wire_format {
    uint8_t version;
    /* the header of a control message, and places in it */
    uint8_t header_len;
    uint8_t ns_at;
    uint8_t nr_at;
    uint8_t session_at; /* 16 bits */
    uint8_t type_at;    /* what the Message Type AVP says, which stands first in every message */
    uint8_t ack_len;    /* of an acknowledgement of ours alone */
    uint8_t data_header_len;
    uint8_t data_sequence_len; /* more, where data is numbered */
    uint8_t session_state_len; /* Failover Session State AVP */
    uint8_t retries;           /* recommended */
    uint16_t window;           /* of a peer that names none */
    uint16_t tunnel_id_avp;    /* with which an end assigns its id to a tunnel, */
    uint16_t session_id_avp;   /* and to a session */
    uint32_t tunnel_id_max;
    uint32_t session_id_max;
    uint64_t speed_max;                  /* bit/s */
    const struct message_info *messages; /* L2TPHA_MESSAGE_TYPES */
    const struct l2tpha_avp_info *avps;  /* by AVP_PLACE() */
    /* Of control and data. Errors as l2tpha_header_decode(), l2tpha_header_encode(). */
    int (*decode)(const uint8_t *data, size_t len, struct l2tpha_header *header);
    int (*encode)(const struct l2tpha_header *header, uint8_t *dst, size_t cap, size_t *len);
    /* What a control message says when it leaves. */
    void (*stamp)(uint8_t *data, uint16_t ns, uint16_t nr);
};

extern const struct wire_format wire_l2tpv2;

/* A datagram of whatever format (RFC 3931 4.1.2.1: the Ver bits say which). */
int wire_header_decode(const uint8_t *data, size_t len, struct l2tpha_header *header);
/* An acknowledgement alone, with the header's ids and numbers: wire->ack_len bytes. */
int wire_acknowledge(const struct wire_format *wire, const struct l2tpha_header *numbers,
                     uint8_t *dst, size_t cap);

/* By the version that a header or a builder names; there is one. */
static inline const struct wire_format *wire_of_version(uint8_t version)
{
    (void)version;
    return &wire_l2tpv2;
}

static inline const struct wire_format *wire_of_message(const struct l2tpha_message *message)
{
    return wire_of_version(message->header.version);
}

/* --- registries --- */

/* NULL for a type that is not known. */
static inline const struct message_info *wire_message_info(const struct wire_format *wire,
                                                           uint16_t type)
{
    return type < L2TPHA_MESSAGE_TYPES && wire->messages[type].known ? &wire->messages[type] : NULL;
}

/* Likewise. */
static inline const struct l2tpha_avp_info *wire_avp_info(const struct wire_format *wire,
                                                          uint16_t vendor, uint16_t type)
{
    return vendor == 0 ? avp_registered(wire->avps, type) : NULL;
}

/* --- control messages as datagrams: wire->header_len bytes are there --- */

static inline uint16_t wire_ns(const struct wire_format *wire, const uint8_t *data)
{
    return get_u16(data + wire->ns_at);
}

static inline uint16_t wire_nr(const struct wire_format *wire, const uint8_t *data)
{
    return get_u16(data + wire->nr_at);
}

static inline void wire_put_nr(const struct wire_format *wire, uint8_t *data, uint16_t nr)
{
    put_u16(data + wire->nr_at, nr);
}

/* The recipient's id of the session that it is about; 0 = none. */
static inline uint32_t wire_session(const struct wire_format *wire, const uint8_t *data)
{
    return get_u16(data + wire->session_at);
}

/* enum l2tpha_message_type, as far as can be told without reading it all. */
static inline uint16_t wire_type(const struct wire_format *wire, const uint8_t *data, size_t len)
{
    return len > wire->type_at + 1u ? get_u16(data + wire->type_at) : L2TPHA_MESSAGE_ZLB;
}

/* Takes no number, RFC 2661 5.8. */
static inline bool wire_is_ack(const struct wire_format *wire, const struct l2tpha_header *header)
{
    return header->length <= wire->header_len;
}

#endif
