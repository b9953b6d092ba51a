/* SPDX-License-Identifier: MIT */
/* Unknown fields, as proto has them, of every form: behind all that is known of any kind. */
#ifndef SERIALIZERS_UNKNOWNS_H
#define SERIALIZERS_UNKNOWNS_H

#include <l2tpha/types.h>

struct unknowns {
    const char *what;
    bool plain; /* has a form in every format; else it travels whole */
    struct l2tpha_bytes bytes;
};

#define UNKNOWNS(what, plain, ...)                                                                 \
    {                                                                                              \
        what, plain,                                                                               \
        {                                                                                          \
            (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})                 \
        }                                                                                          \
    }

static const struct unknowns unknowns[] = {
    {"none", true, {NULL, 0}},
    UNKNOWNS("a number", true, 0xc0, 0x3e, 0x05),
    UNKNOWNS("zero", true, 0xc0, 0x3e, 0x00),
    UNKNOWNS("the next number", true, 0x88, 0x02, 0x01),
    UNKNOWNS("300", true, 0xc0, 0x3e, 0xac, 0x02),
    UNKNOWNS("2^53 - 1", true, 0xc0, 0x3e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f),
    UNKNOWNS("2^53", true, 0xc0, 0x3e, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10),
    UNKNOWNS("2^64 - 1", true, 0xc0, 0x3e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
             0x01),
    UNKNOWNS("the highest field", true, 0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01),
    UNKNOWNS("a string", true, 0xc2, 0x3e, 0x03, 'a', 0x00, 0xff),
    UNKNOWNS("an empty string", true, 0xc2, 0x3e, 0x00),
    UNKNOWNS("both, ascending", true, 0xc0, 0x3e, 0x05, 0xca, 0x3e, 0x01, 0x7f, 0xd0, 0x3e, 0x07),
    UNKNOWNS("the same one twice", false, 0xc0, 0x3e, 0x05, 0xc0, 0x3e, 0x06),
    UNKNOWNS("descending", false, 0xc8, 0x3e, 0x05, 0xc0, 0x3e, 0x06),
    UNKNOWNS("64 bits", false, 0xc1, 0x3e, 1, 2, 3, 4, 5, 6, 7, 8),
    UNKNOWNS("32 bits", false, 0xc5, 0x3e, 1, 2, 3, 4),
    UNKNOWNS("32 bits among others", false, 0xc0, 0x3e, 0x05, 0xcd, 0x3e, 1, 2, 3, 4),
    UNKNOWNS("a long number", false, 0xc0, 0x3e, 0x81, 0x80, 0x00),
    UNKNOWNS("a long length", false, 0xc2, 0x3e, 0x81, 0x00, 0xaa),
    UNKNOWNS("a long tag", false, 0xc0, 0xbe, 0x80, 0x00, 0x05),
};

#define UNKNOWNS_COUNT (sizeof(unknowns) / sizeof(unknowns[0]))

/* What no reader takes. */
static const struct unknowns impossible[] = {
    UNKNOWNS("a group", false, 0xc3, 0x3e, 0xc4, 0x3e),
    UNKNOWNS("a known field", false, 0x08, 0x05),
    UNKNOWNS("an end in a number", false, 0xc0, 0x3e, 0x80),
    UNKNOWNS("an end in a string", false, 0xc2, 0x3e, 0x03, 1, 2),
    UNKNOWNS("an end in a tag", false, 0xc0),
    UNKNOWNS("an end in 32 bits", false, 0xc5, 0x3e, 1),
    UNKNOWNS("an end in 64 bits", false, 0xc1, 0x3e, 1),
    UNKNOWNS("field 0", false, 0x00, 0x05),
    UNKNOWNS("more than 64 bits", false, 0xc0, 0x3e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
             0xff, 0x02),
};

#define IMPOSSIBLE_COUNT (sizeof(impossible) / sizeof(impossible[0]))

#endif
