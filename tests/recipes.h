/* SPDX-License-Identifier: MIT */
/* How the messages of vectors/messages.inc are built, row for row. */
#ifndef TESTS_RECIPES_H
#define TESTS_RECIPES_H

#include <l2tpha/builder.h>

static const uint8_t recipe_secret[] = "correct horse";
static const uint8_t recipe_vector[] =
    "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";

static inline void put_number(struct l2tpha_builder *b, uint16_t type, uint64_t number)
{
    switch (l2tpha_avp_info_find(0, type)->kind) {
    case L2TPHA_AVP_U16:
        l2tpha_builder_put_u16(b, type, (uint32_t)number);
        break;
    case L2TPHA_AVP_U32:
        l2tpha_builder_put_u32(b, type, (uint32_t)number);
        break;
    case L2TPHA_AVP_U64:
        l2tpha_builder_put_u64(b, type, number);
        break;
    case L2TPHA_AVP_U8PAIR:
        l2tpha_builder_put_u8pair(b, type, (uint8_t)(number >> 8), (uint8_t)number);
        break;
    default:
        l2tpha_builder_put_flag(b, type);
    }
}

static const uint8_t sixteen[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

#define BYTES(type, text) l2tpha_builder_put_bytes(b, type, text, sizeof(text) - 1)

static inline void put_base(struct l2tpha_builder *b)
{
    put_number(b, 2, 0x0100);
    put_number(b, 3, 3);
    BYTES(7, "lac.example");
    put_number(b, 9, 0x1234);
}

static inline void build_sccrq(struct l2tpha_builder *b)
{
    put_base(b);
    put_number(b, 4, 0);
    put_number(b, 5, 0x0001020304050607);
    put_number(b, 6, 0x0100);
    BYTES(8, "l2tpha");
    put_number(b, 10, 128);
    l2tpha_builder_put_bytes(b, 11, sixteen, 16);
    l2tpha_builder_put_failover_capability(b,
                                           &(struct l2tpha_failover_capability){true, true, 60000});
}

static inline void build_sccrp(struct l2tpha_builder *b)
{
    put_base(b);
    put_number(b, 10, 4);
    l2tpha_builder_put_bytes(b, 13, sixteen, 16);
    l2tpha_builder_put_suggested_sequence(b, &(struct l2tpha_suggested_sequence){3, 100});
}

static inline void build_recovery(struct l2tpha_builder *b)
{
    put_base(b);
    put_number(b, 5, 0);
    l2tpha_builder_put_tunnel_recovery(b, &(struct l2tpha_tunnel_recovery){7, 9});
}

static inline void build_scccn(struct l2tpha_builder *b)
{
    l2tpha_builder_put_bytes(b, 13, sixteen, 16);
}

static inline void build_stopccn(struct l2tpha_builder *b)
{
    put_number(b, 9, 0x1234);
    l2tpha_builder_put_result(b, 2, 8, "unknown AVP 999");
}

static inline void build_nothing(struct l2tpha_builder *b)
{
    (void)b;
}

static inline void build_ocrq(struct l2tpha_builder *b)
{
    put_number(b, 14, 5);
    put_number(b, 15, 77);
    put_number(b, 16, 9600);
    put_number(b, 17, 1000000000);
    put_number(b, 18, 2);
    put_number(b, 19, 1);
    BYTES(21, "555");
    l2tpha_builder_put_bytes(b, 23, NULL, 0);
}

static inline void build_ocrp(struct l2tpha_builder *b)
{
    put_number(b, 14, 6);
    put_number(b, 25, 12);
}

static inline void build_occn(struct l2tpha_builder *b)
{
    put_number(b, 24, 64000);
    put_number(b, 19, 2);
    put_number(b, 38, 128000);
    l2tpha_builder_put_flag(b, 39);
}

static inline void build_icrq(struct l2tpha_builder *b)
{
    put_number(b, 14, 5);
    put_number(b, 15, 77);
    put_number(b, 18, 0);
    put_number(b, 25, 12);
    BYTES(22, "12345");
    BYTES(21, "555");
    BYTES(23, "9");
}

static inline void build_icrp(struct l2tpha_builder *b)
{
    put_number(b, 14, 6);
}

static inline void build_iccn(struct l2tpha_builder *b)
{
    static const uint8_t zeros[16];

    put_number(b, 24, 1000000000);
    put_number(b, 19, 1);
    BYTES(26, "\x01\x04\x05\xdc");
    BYTES(27, "\x01\x04\x05\xd4");
    BYTES(28, "");
    put_number(b, 29, 2);
    BYTES(30, "user@example");
    l2tpha_builder_put_bytes(b, 31, sixteen, 16);
    put_number(b, 32, 9);
    l2tpha_builder_put_bytes(b, 33, zeros, 16);
    BYTES(37, "group");
    put_number(b, 38, 100000000);
    l2tpha_builder_put_flag(b, 39);
}

static inline void build_cdn(struct l2tpha_builder *b)
{
    static const uint8_t bye[] = "bye", ipcp[] = "IPCP";

    l2tpha_builder_put_result(b, 3, 0, NULL);
    put_number(b, 14, 5);
    l2tpha_builder_put_q931_cause(b, &(struct l2tpha_q931_cause){16, 0x45, bye, 3});
    l2tpha_builder_put_ppp_cause(b, &(struct l2tpha_ppp_cause){3, 0xc021, 1, NULL, 0});
    l2tpha_builder_put_ppp_cause(b, &(struct l2tpha_ppp_cause){17, 0x8021, 0, ipcp, 4});
}

static inline void build_wen(struct l2tpha_builder *b)
{
    l2tpha_builder_put_call_errors(b, &(struct l2tpha_call_errors){1, 2, 3, 4, 5, 6});
}

static inline void build_sli(struct l2tpha_builder *b)
{
    l2tpha_builder_put_accm(b, &(struct l2tpha_accm){0xffffffff, 0xa0000});
}

static inline void build_fsq(struct l2tpha_builder *b)
{
    for (uint32_t id = 1; id < 4; id++)
        l2tpha_builder_put_session_state(b, &(struct l2tpha_failover_session){id, id + 100});
}

static inline void build_fsr(struct l2tpha_builder *b)
{
    l2tpha_builder_put_session_state(b, &(struct l2tpha_failover_session){0, 1});
}

static inline void build_hidden(struct l2tpha_builder *b)
{
    struct l2tpha_hiding hiding = {tests_crypto(), recipe_secret, sizeof(recipe_secret) - 1};

    put_number(b, 2, 0x0100);
    BYTES(7, "lac.example");
    l2tpha_builder_hide(b, &hiding, recipe_vector, 16);
    put_number(b, 3, 3);
    put_number(b, 9, 0x1234);
    l2tpha_builder_put_bytes(b, 11, sixteen, 16);
}

static const struct {
    const char *name;
    uint16_t type;
    const char *hex;
} known[] = {
#define MESSAGE(name, type, datagram) {name, type, datagram},
#include "crypto/crypto.h"
#include "vectors/messages.inc"
#undef MESSAGE
};

static const struct {
    const char *name;
    void (*build)(struct l2tpha_builder *b);
    uint32_t tunnel_id, session_id;
} recipes[] = {
    {"SCCRQ", build_sccrq, 0, 0},
    {"SCCRP", build_sccrp, 0x1234, 0},
    {"recovery SCCRQ", build_recovery, 0, 0},
    {"SCCCN", build_scccn, 0x1234, 0},
    {"StopCCN", build_stopccn, 0x4321, 0},
    {"HELLO", build_nothing, 0x4321, 0},
    {"OCRQ", build_ocrq, 1, 0},
    {"OCRP", build_ocrp, 1, 5},
    {"OCCN", build_occn, 1, 5},
    {"ICRQ", build_icrq, 1, 0},
    {"ICRP", build_icrp, 1, 5},
    {"ICCN", build_iccn, 1, 6},
    {"CDN", build_cdn, 1, 6},
    {"WEN", build_wen, 1, 6},
    {"SLI", build_sli, 1, 6},
    {"FSQ", build_fsq, 1, 0},
    {"FSR", build_fsr, 1, 0},
    {"hidden SCCRQ", build_hidden, 0, 0},
};
#define RECIPES ((int)(sizeof(recipes) / sizeof(recipes[0])))

#endif
