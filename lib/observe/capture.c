/* SPDX-License-Identifier: MIT */
/* pcapng as its specification has it (draft-ietf-opsawg-pcapng): a Section Header Block, one
 * Interface Description Block of raw IP, then an Enhanced Packet Block for each datagram. All
 * fields are big-endian, which the byte-order magic says; timestamps have the default unit,
 * microseconds. The IP and UDP headers are made up from the path. */
#include "base/cursor.h"

#include <l2tpha/observe.h>

#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET 6
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_RAW 101
#define OPTION_END 0
#define OPTION_SECTION_APPLICATION 4
#define OPTION_PACKET_FLAGS 2
#define APPLICATION_MAX 255

#define PACKET_BLOCK 44 /* an Enhanced Packet Block with its options, less the packet */
#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define UDP_HEADER 8
#define HEADERS_MAX (IPV6_HEADER + UDP_HEADER)
#define PROTOCOL_UDP 17
#define HOP_LIMIT 64
#define L2TP_PORT 1701

/* Length of socket addresses, and where port and address lie in them, on every system that has
 * them; the first two bytes hold the family, on some behind a length byte. */
#define SOCKADDR_IN 16
#define SOCKADDR_IN6 28
#define SOCKADDR_PORT 2
#define SOCKADDR_IN_ADDRESS 4
#define SOCKADDR_IN6_ADDRESS 8

/* One end as the headers need it. */
struct endpoint {
    uint8_t address[16];
    uint16_t port;
};

/* --- blocks --- */

/* Returns where the block's length goes once it is known. */
static uint8_t *begin_block(struct writer *out, uint32_t type)
{
    write_u32(out, type);
    return write_reserve(out, 4);
}

static void end_block(struct writer *out, const uint8_t *block, uint8_t *length)
{
    size_t size = (size_t)(out->pos - block) + 4;

    write_u32(out, (uint32_t)size);
    if (!out->error)
        put_u32(length, (uint32_t)size);
}

static void write_padded(struct writer *out, const void *data, size_t len)
{
    static const uint8_t zero[3];

    write_bytes(out, data, len);
    write_bytes(out, zero, (4 - len % 4) % 4);
}

static void write_section(struct writer *out, const char *application)
{
    const uint8_t *block = out->pos;
    size_t len = application ? strlen(application) : 0;
    uint8_t *length = begin_block(out, BLOCK_SECTION);

    write_u32(out, BYTE_ORDER_MAGIC);
    write_u16(out, 1); /* version 1.0 */
    write_u16(out, 0);
    write_u64(out, UINT64_MAX); /* length of the section is not known */
    if (len > 0) {
        len = len < APPLICATION_MAX ? len : APPLICATION_MAX;
        write_u16(out, OPTION_SECTION_APPLICATION);
        write_u16(out, (uint16_t)len);
        write_padded(out, application, len);
        write_u32(out, OPTION_END);
    }
    end_block(out, block, length);
}

static void write_interface(struct writer *out)
{
    const uint8_t *block = out->pos;
    uint8_t *length = begin_block(out, BLOCK_INTERFACE);

    write_u16(out, LINKTYPE_RAW);
    write_u16(out, 0); /* reserved */
    write_u32(out, 0); /* packets are whole */
    end_block(out, block, length);
}

int l2tpha_capture_begin(uint8_t *dst, size_t cap, const char *application)
{
    struct writer out = writer_over(dst, cap);

    write_section(&out, application);
    write_interface(&out);
    return out.error ? out.error : (int)writer_len(&out);
}

/* --- the made-up headers --- */

/* The family is 2 for IPv4 everywhere, and for IPv6 one of four values. Behind a socket address of
 * so many bytes there may be a mark. */
static bool is_socket(const struct l2tpha_address *from, uint8_t len, const uint8_t *families,
                      size_t count)
{
    uint16_t family;

    if (from->len < len)
        return false;
    memcpy(&family, from->bytes, sizeof(family));
    for (size_t i = 0; i < count; i++)
        if (family == families[i] || (from->bytes[0] == len && from->bytes[1] == families[i]))
            return true;
    return false;
}

static bool is_ipv4(const struct l2tpha_address *from)
{
    static const uint8_t families[] = {2};
    return is_socket(from, SOCKADDR_IN, families, sizeof(families));
}

static bool is_ipv6(const struct l2tpha_address *from)
{
    static const uint8_t families[] = {10, 23, 28, 30}; /* Linux, Windows, FreeBSD, Darwin */
    return is_socket(from, SOCKADDR_IN6, families, sizeof(families));
}

/* An end that is unknown or of the other family is shown as the unspecified address. */
static struct endpoint endpoint_of(const struct l2tpha_address *from, bool ipv6)
{
    struct endpoint end = {.port = L2TP_PORT};

    if (ipv6 ? !is_ipv6(from) : !is_ipv4(from))
        return end;
    end.port = get_u16(from->bytes + SOCKADDR_PORT);
    if (ipv6)
        memcpy(end.address, from->bytes + SOCKADDR_IN6_ADDRESS, 16);
    else
        memcpy(end.address, from->bytes + SOCKADDR_IN_ADDRESS, 4);
    return end;
}

/* RFC 1071: the one's complement sum, to be folded by checksum(). */
static uint64_t sum_up(uint64_t sum, const uint8_t *data, size_t len)
{
    for (; len > 1; data += 2, len -= 2)
        sum += get_u16(data);
    return len > 0 ? sum + ((uint64_t)data[0] << 8) : sum;
}

static uint16_t checksum(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void write_ipv4(struct writer *out, const struct endpoint *source,
                       const struct endpoint *target, size_t payload)
{
    uint8_t *header = out->pos;

    write_u16(out, 0x4500); /* version 4, five words, no service class */
    write_u16(out, (uint16_t)(IPV4_HEADER + payload));
    write_u32(out, 0x00004000); /* id 0, do not fragment */
    write_u8(out, HOP_LIMIT);
    write_u8(out, PROTOCOL_UDP);
    write_u16(out, 0);
    write_bytes(out, source->address, 4);
    write_bytes(out, target->address, 4);
    if (!out->error)
        put_u16(header + 10, checksum(sum_up(0, header, IPV4_HEADER)));
}

static void write_ipv6(struct writer *out, const struct endpoint *source,
                       const struct endpoint *target, size_t payload)
{
    write_u32(out, 0x60000000);
    write_u16(out, (uint16_t)payload);
    write_u8(out, PROTOCOL_UDP);
    write_u8(out, HOP_LIMIT);
    write_bytes(out, source->address, 16);
    write_bytes(out, target->address, 16);
}

static void write_udp(struct writer *out, const struct endpoint *source,
                      const struct endpoint *target, const uint8_t *data, size_t len)
{
    const uint8_t *header = out->pos;

    write_u16(out, source->port);
    write_u16(out, target->port);
    write_u16(out, (uint16_t)(UDP_HEADER + len));
    uint8_t *sum_field = write_reserve(out, 2);
    if (out->error)
        return;

    /* RFC 768 and RFC 8200 8.1: over a pseudo header too; unused address bytes are zero. */
    uint64_t sum = sum_up(PROTOCOL_UDP + UDP_HEADER + len, header, UDP_HEADER - 2);
    sum = sum_up(sum, source->address, sizeof(source->address));
    sum = sum_up(sum, target->address, sizeof(target->address));
    uint16_t value = checksum(sum_up(sum, data, len));
    put_u16(sum_field, value ? value : 0xffff);
}

size_t l2tpha_capture_room(size_t len)
{
    return PACKET_BLOCK + HEADERS_MAX + len + 3;
}

static void write_packet(struct writer *out, const struct l2tpha_path *path, bool inbound,
                         const uint8_t *data, size_t len)
{
    bool ipv6 = is_ipv6(&path->remote) || (is_ipv6(&path->local) && !is_ipv4(&path->remote));
    struct endpoint local = endpoint_of(&path->local, ipv6);
    struct endpoint remote = endpoint_of(&path->remote, ipv6);
    const struct endpoint *source = inbound ? &remote : &local;
    const struct endpoint *target = inbound ? &local : &remote;
    size_t size = (ipv6 ? IPV6_HEADER : IPV4_HEADER) + UDP_HEADER + len;

    write_u32(out, (uint32_t)size); /* captured */
    write_u32(out, (uint32_t)size); /* original */
    if (ipv6)
        write_ipv6(out, source, target, UDP_HEADER + len);
    else
        write_ipv4(out, source, target, UDP_HEADER + len);
    write_udp(out, source, target, data, len);
    write_padded(out, data, len); /* the headers are whole words */
}

int l2tpha_capture_packet(uint8_t *dst, size_t cap, const struct l2tpha_path *path, bool inbound,
                          const uint8_t *data, size_t len, uint64_t time_us)
{
    struct writer out = writer_over(dst, cap);

    if (len > UINT16_MAX - IPV4_HEADER - UDP_HEADER)
        return L2TPHA_ERR_INVALID;
    uint8_t *length = begin_block(&out, BLOCK_PACKET);
    write_u32(&out, 0); /* the one interface */
    write_u64(&out, time_us);
    write_packet(&out, path, inbound, data, len);
    write_u16(&out, OPTION_PACKET_FLAGS);
    write_u16(&out, 4);
    write_u32(&out, inbound ? 1 : 2);
    write_u32(&out, OPTION_END);
    end_block(&out, dst, length);
    return out.error ? out.error : (int)writer_len(&out);
}
