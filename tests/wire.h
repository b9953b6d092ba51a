/* SPDX-License-Identifier: MIT */
/* Datagrams composed octet by octet, well-formed or not, independently of the builder. */
#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H

#include <check.h>
#include <l2tpha/message.h>
#include <stdlib.h>
#include <string.h>

#define WIRE_M 0x8000
#define WIRE_H 0x4000

struct wire {
    size_t len;
    uint8_t data[65536];
};

static inline void wire_u16(struct wire *wire, unsigned value)
{
    ck_assert_uint_le(wire->len + 2, sizeof(wire->data));
    wire->data[wire->len++] = (uint8_t)(value >> 8);
    wire->data[wire->len++] = (uint8_t)value;
}

static inline void wire_octets(struct wire *wire, const void *data, size_t len)
{
    ck_assert_uint_le(wire->len + len, sizeof(wire->data));
    if (len)
        memcpy(wire->data + wire->len, data, len);
    wire->len += len;
}

/* The Length field says what is there by now. */
static inline void wire_close(struct wire *wire)
{
    wire->data[2] = (uint8_t)(wire->len >> 8);
    wire->data[3] = (uint8_t)wire->len;
}

/* An AVP with any flag bits, vendor, type and value. */
static inline void wire_avp(struct wire *wire, unsigned flags, unsigned vendor, unsigned type,
                            const void *value, size_t len)
{
    wire_u16(wire, flags | (unsigned)(len + 6));
    wire_u16(wire, vendor);
    wire_u16(wire, type);
    wire_octets(wire, value, len);
    wire_close(wire);
}

static inline void wire_avp_u16(struct wire *wire, unsigned flags, unsigned type, unsigned value)
{
    uint8_t octets[] = {(uint8_t)(value >> 8), (uint8_t)value};

    wire_avp(wire, flags, 0, type, octets, sizeof(octets));
}

/* A control header alone: a ZLB so far. */
static inline void wire_zlb(struct wire *wire)
{
    static const uint8_t header[] = {0xc8, 2, 0, 12, 0, 1, 0, 2, 0, 3, 0, 4};

    wire->len = 0;
    wire_octets(wire, header, sizeof(header));
}

static inline void wire_begin(struct wire *wire, unsigned flags, unsigned message_type)
{
    wire_zlb(wire);
    wire_avp_u16(wire, flags, 0, message_type);
}

/* An SCCRQ with all that it must have. */
static inline void wire_sccrq(struct wire *wire)
{
    wire_begin(wire, WIRE_M, 1);
    wire_avp_u16(wire, WIRE_M, 2, 0x0100);
    wire_avp(wire, WIRE_M, 0, 3, "\0\0\0\3", 4);
    wire_avp(wire, WIRE_M, 0, 7, "peer", 4);
    wire_avp_u16(wire, WIRE_M, 9, 0x1234);
}

static inline size_t wire_hex(const char *hex, uint8_t *dst, size_t cap)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = strlen(hex) / 2;

    ck_assert_uint_le(len, cap);
    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) << 4 |
                           (strchr(digits, hex[2 * i + 1]) - digits));
    return len;
}

/* Decode from memory of exactly that size, so that a read past the end is seen; the views are then
 * moved to the original. */
static inline int wire_decode(const uint8_t *data, size_t len, struct l2tpha_message *message,
                              struct l2tpha_decode_fault *fault)
{
    uint8_t *exact = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, data, len);
    int error = l2tpha_message_decode(exact, len, message, fault);
    for (size_t i = 0; i < message->avp_count; i++)
        message->avps[i].value = data + (message->avps[i].value - exact);
    if (message->body)
        message->body = data + (message->body - exact);
    free(exact);
    ck_assert_int_eq(error, fault->error);
    ck_assert_uint_eq(error != 0, fault->why != NULL);
    return error;
}

#endif
