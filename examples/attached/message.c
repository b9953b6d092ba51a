/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <string.h>

#define HEADER 12
#define AVP_HEADER 6
#define CONTROL_FLAGS 0xc800 /* T, L, S */
#define VERSION 2
#define MANDATORY 0x8000
#define HIDDEN 0x4000
#define AVP_LENGTH 0x03ff

uint16_t get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

void put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* --- in --- */

static bool take_u16(const struct octets *value, uint16_t *to)
{
    if (value->len != 2)
        return false;
    *to = get_u16(value->data);
    return true;
}

/* False: its length is wrong. */
static bool take_avp(struct message *message, uint16_t type, const struct octets *value)
{
    switch (type) {
    case AVP_MESSAGE_TYPE:
        return take_u16(value, &message->type);
    case AVP_ASSIGNED_TUNNEL_ID:
        return take_u16(value, &message->peers_tunnel);
    case AVP_ASSIGNED_SESSION_ID:
        return take_u16(value, &message->peers_session);
    case AVP_WINDOW:
        return take_u16(value, &message->window);
    case AVP_HOST_NAME:
        message->name = *value;
        return true;
    case AVP_CHALLENGE:
        message->challenge = *value;
        return value->len > 0;
    case AVP_CHALLENGE_RESPONSE:
        message->response = *value;
        return value->len == 16;
    default:
        return true;
    }
}

/* RFC 2661 4.1. A vendor's AVP, one of a later RFC or a hidden one may be left alone, unless it is
 * mandatory. */
static bool parse_avps(const uint8_t *at, size_t len, struct message *message)
{
    while (len > 0) {
        uint16_t flags = len >= AVP_HEADER ? get_u16(at) : 0;
        size_t size = flags & AVP_LENGTH;
        if (size < AVP_HEADER || size > len)
            return false;
        uint16_t vendor = get_u16(at + 2), type = get_u16(at + 4);
        struct octets value = {at + AVP_HEADER, size - AVP_HEADER};
        bool known = vendor == 0 && type <= AVP_LAST && !(flags & HIDDEN);
        if (!known)
            message->unknown = message->unknown || flags & MANDATORY;
        else if (!take_avp(message, type, &value))
            return false;
        at += size;
        len -= size;
    }
    if (message->type > MESSAGE_LAST)
        message->unknown = true;
    return message->type != ZLB;
}

bool message_parse(const uint8_t *data, size_t len, struct message *message)
{
    memset(message, 0, sizeof(*message));
    message->window = 4; /* RFC 2661 5.8 */
    if (len < HEADER || (get_u16(data) & 0xcb0f) != (CONTROL_FLAGS | VERSION))
        return false;
    size_t size = get_u16(data + 2);
    if (size < HEADER || size > len)
        return false;
    message->tunnel_id = get_u16(data + 4);
    message->session_id = get_u16(data + 6);
    message->ns = get_u16(data + 8);
    message->nr = get_u16(data + 10);
    return size == HEADER || parse_avps(data + HEADER, size - HEADER, message);
}

/* --- out --- */

void message_begin(struct outgoing *out, enum message_type type, uint16_t tunnel_id,
                   uint16_t session_id)
{
    put_u16(out->data, CONTROL_FLAGS | VERSION);
    put_u16(out->data + 4, tunnel_id);
    put_u16(out->data + 6, session_id);
    message_number(out->data, 0, 0);
    out->len = HEADER;
    put_u16(out->data + 2, HEADER);
    if (type != ZLB)
        message_u16(out, AVP_MESSAGE_TYPE, type);
}

/* All that this daemon says fits. */
void message_octets(struct outgoing *out, enum avp_type type, const void *data, size_t len)
{
    uint8_t *at = out->data + out->len;
    size_t size = AVP_HEADER + len;
    put_u16(at, (uint16_t)(MANDATORY | size));
    put_u16(at + 2, 0);
    put_u16(at + 4, type);
    memcpy(at + AVP_HEADER, data, len);
    out->len += size;
    put_u16(out->data + 2, (uint16_t)out->len);
}

void message_u16(struct outgoing *out, enum avp_type type, uint16_t value)
{
    uint8_t octets[2];
    put_u16(octets, value);
    message_octets(out, type, octets, sizeof(octets));
}

void message_u32(struct outgoing *out, enum avp_type type, uint32_t value)
{
    uint8_t octets[4];
    put_u16(octets, (uint16_t)(value >> 16));
    put_u16(octets + 2, (uint16_t)value);
    message_octets(out, type, octets, sizeof(octets));
}

void message_number(uint8_t *data, uint16_t ns, uint16_t nr)
{
    put_u16(data + 8, ns);
    put_u16(data + 10, nr);
}
