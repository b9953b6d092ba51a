/* SPDX-License-Identifier: MIT */
/* A datagram in the making, what decoding it gave, and the known messages: for the suites about
 * whole messages. */
#ifndef TESTS_UNIT_DECODED_H
#define TESTS_UNIT_DECODED_H

#include "fixture.h"
#include "wire.h"

#include <l2tpha/message.h>

static struct wire wire;
static struct l2tpha_message message;
static struct l2tpha_decode_fault fault;

static int decode(const uint8_t *data, size_t len)
{
    return wire_decode(data, len, &message, &fault);
}

static int decode_wire(void)
{
    return decode(wire.data, wire.len);
}

static int open_wire(void)
{
    int error = decode_wire();

    return error ? error : l2tpha_message_check(&message, &fault);
}

#define assert_blames(error, of_type)                                                              \
    do {                                                                                           \
        assert_error(decode_wire(), error);                                                        \
        ck_assert(fault.is_avp);                                                                   \
        ck_assert_uint_eq(fault.type, of_type);                                                    \
    } while (0)

static const struct {
    const char *name;
    uint16_t type;
    const char *hex;
} messages[] = {
#define MESSAGE(name, type, datagram) {name, type, datagram},
#include "vectors/messages.inc"
#undef MESSAGE
};
#define MESSAGES ((int)(sizeof(messages) / sizeof(messages[0])))

#endif
