/* SPDX-License-Identifier: MIT */
/* The flag word and the fields that it announces. */
#include <l2tpha/header.h>
#include <string.h>

#include "base/octets.h"

#define FLAG_CONTROL 0x8000
#define FLAG_LENGTH 0x4000
#define FLAG_SEQUENCE 0x0800
#define FLAG_OFFSET 0x0200
#define FLAG_PRIORITY 0x0100
#define VERSION_MASK 0x000f
#define VERSION_2 2

/* Where Ns is in a control message: after flags, length and both ids. */
#define CONTROL_NS 8

static size_t fixed_len(const struct l2tpha_header *header)
{
    return 6u + (header->has_length ? 2u : 0u) + (header->has_sequence ? 4u : 0u) +
           (header->has_offset ? 2u : 0u);
}

static void take_flags(struct l2tpha_header *header, uint16_t word)
{
    header->control = word & FLAG_CONTROL;
    header->has_length = word & FLAG_LENGTH;
    header->has_sequence = word & FLAG_SEQUENCE;
    header->has_offset = word & FLAG_OFFSET;
    header->priority = word & FLAG_PRIORITY;
    header->version = word & VERSION_MASK;
}

/* Reads the fields that the flags promise; the caller has seen that they are all there. */
static void take_fields(struct l2tpha_header *header, const uint8_t *pos, size_t len)
{
    header->length = (uint16_t)len;
    pos += 2;
    if (header->has_length) {
        header->length = get_u16(pos);
        pos += 2;
    }
    header->tunnel_id = get_u16(pos);
    header->session_id = get_u16(pos + 2);
    pos += 4;
    if (header->has_sequence) {
        header->ns = get_u16(pos);
        header->nr = get_u16(pos + 2);
        pos += 4;
    }
    if (header->has_offset)
        header->offset = get_u16(pos);
}

/* RFC 2661 3.1: control has L and S, never O nor P; the x bits are ignored. */
static bool flags_fit(const struct l2tpha_header *header)
{
    if (!header->control)
        return true;
    return header->has_length && header->has_sequence && !header->has_offset && !header->priority;
}

static int decode(const uint8_t *data, size_t len, struct l2tpha_header *header)
{
    if (len < 2)
        return L2TPHA_ERR_TRUNCATED;
    take_flags(header, get_u16(data));
    if (header->version != VERSION_2)
        return L2TPHA_ERR_VERSION;
    if (!flags_fit(header))
        return L2TPHA_ERR_HEADER;
    header->header_len = fixed_len(header);
    if (len < header->header_len)
        return L2TPHA_ERR_TRUNCATED;
    if (!header->has_length && len > L2TPHA_DATAGRAM_MAX)
        return L2TPHA_ERR_LENGTH;
    take_fields(header, data, len);
    header->header_len += header->offset;
    if (header->length > len || header->length < header->header_len)
        return L2TPHA_ERR_LENGTH;
    return L2TPHA_OK;
}

int l2tpha_header_decode(const uint8_t *data, size_t len, struct l2tpha_header *header)
{
    *header = (struct l2tpha_header){0};
    int error = decode(data, len, header);
    if (error)
        *header = (struct l2tpha_header){0};
    return error;
}

static uint16_t flag_word(const struct l2tpha_header *header)
{
    return (uint16_t)((header->control ? FLAG_CONTROL : 0) |
                      (header->has_length ? FLAG_LENGTH : 0) |
                      (header->has_sequence ? FLAG_SEQUENCE : 0) |
                      (header->has_offset ? FLAG_OFFSET : 0) |
                      (header->priority ? FLAG_PRIORITY : 0) | VERSION_2);
}

int l2tpha_header_encode(const struct l2tpha_header *header, uint8_t *dst, size_t cap, size_t *len)
{
    size_t fixed = fixed_len(header);
    size_t offset = header->has_offset ? header->offset : 0;

    *len = 0;
    if (header->version != VERSION_2 || !flags_fit(header))
        return L2TPHA_ERR_INVALID;
    if (header->tunnel_id > UINT16_MAX || header->session_id > UINT16_MAX)
        return L2TPHA_ERR_INVALID;
    if (header->has_length && header->length < fixed + offset)
        return L2TPHA_ERR_INVALID;
    if (cap < fixed + offset)
        return L2TPHA_ERR_TOO_SMALL;

    uint8_t *pos = dst;
    put_u16(pos, flag_word(header));
    pos += 2;
    if (header->has_length) {
        put_u16(pos, header->length);
        pos += 2;
    }
    put_u16(pos, (uint16_t)header->tunnel_id);
    put_u16(pos + 2, (uint16_t)header->session_id);
    pos += 4;
    if (header->has_sequence) {
        put_u16(pos, header->ns);
        put_u16(pos + 2, header->nr);
        pos += 4;
    }
    if (header->has_offset)
        put_u16(pos, header->offset);
    memset(dst + fixed, 0, offset);
    *len = fixed + offset;
    return L2TPHA_OK;
}

void l2tpha_header_stamp(uint8_t *data, uint16_t ns, uint16_t nr)
{
    put_u16(data + CONTROL_NS, ns);
    put_u16(data + CONTROL_NS + 2, nr);
}
