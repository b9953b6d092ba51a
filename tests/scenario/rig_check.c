/* SPDX-License-Identifier: MIT */
/* What RFC 2661 demands of any control message sent, checked octet by octet and without the codec:
 * 3.1 for the header, 4.1 and section 4.4 for each AVP, section 6 for what must be there; and what
 * RFC 4951 adds in its sections 4 and 5. */
#include "scenario/rig.h"

#define FLAGS_CONTROL 0xc802u /* T, L and S; version 2; neither O nor P; reserved bits 0 */
#define TYPES 80
#define NEVER false
#define MAY true

/* AVPs of RFC 2661 4.4 and RFC 4951 5: the M bit when sent, whether it may be hidden, lengths in
 * clear. */
static const struct {
    bool mandatory;
    bool may_hide;
    uint16_t min;
    uint16_t max;
} rules[TYPES] = {
    [0] = {true, NEVER, 8, 8},     [1] = {true, NEVER, 8, 1023}, [2] = {true, NEVER, 8, 8},
    [3] = {true, MAY, 10, 10},     [4] = {true, MAY, 10, 10},    [5] = {false, NEVER, 14, 14},
    [6] = {false, MAY, 8, 8},      [7] = {true, NEVER, 7, 1023}, [8] = {false, MAY, 6, 1023},
    [9] = {true, MAY, 8, 8},       [10] = {true, NEVER, 8, 8},   [11] = {true, MAY, 7, 1023},
    [12] = {true, NEVER, 9, 1023}, [13] = {true, MAY, 22, 22},   [14] = {true, MAY, 8, 8},
    [15] = {true, MAY, 10, 10},    [16] = {true, MAY, 10, 10},   [17] = {true, MAY, 10, 10},
    [18] = {true, MAY, 10, 10},    [19] = {true, MAY, 10, 10},   [21] = {true, MAY, 6, 1023},
    [22] = {true, MAY, 6, 1023},   [23] = {true, MAY, 6, 1023},  [24] = {true, MAY, 10, 10},
    [25] = {false, MAY, 10, 10},   [26] = {false, MAY, 6, 1023}, [27] = {false, MAY, 6, 1023},
    [28] = {false, MAY, 6, 1023},  [29] = {false, MAY, 8, 8},    [30] = {false, MAY, 6, 1023},
    [31] = {false, MAY, 7, 1023},  [32] = {false, MAY, 8, 8},    [33] = {false, MAY, 6, 1023},
    [34] = {true, MAY, 32, 32},    [35] = {true, MAY, 16, 16},   [36] = {true, NEVER, 22, 1023},
    [37] = {false, MAY, 6, 1023},  [38] = {false, MAY, 10, 10},  [39] = {true, NEVER, 6, 6},
    [76] = {false, MAY, 12, 12},   [77] = {true, NEVER, 16, 16}, [78] = {false, MAY, 12, 12},
    [79] = {true, MAY, 16, 16},
};

/* What each message must carry besides its type, RFC 2661 section 6, in order of type. */
static const struct {
    uint16_t type;
    uint16_t needs[8];
} needs[] = {
    {SCCRQ, {2, 3, 7, 9}}, {SCCRP, {2, 3, 7, 9}},
    {SCCCN, {0}},          {STOPCCN, {1, 9}},
    {HELLO, {0}},          {ICRQ, {14, 15}},
    {ICRP, {14}},          {ICCN, {19, 24}},
    {OCRP, {14}},          {OCCN, {19, 24}},
    {CDN, {1, 14}},        {WEN, {34}},
    {SLI, {35}},           {OCRQ, {14, 15, 16, 17, 18, 19, 21}},
    {FSQ, {79}},           {FSR, {79}},
};

static unsigned u16_at(const uint8_t *data, size_t place)
{
    return (unsigned)(data[place] << 8 | data[place + 1]);
}

static void judge_avp(const uint8_t *avp, unsigned length, const bool *seen)
{
    unsigned flags = u16_at(avp, 0), type = u16_at(avp, 4);
    bool hidden = flags & WIRE_H;

    assert_true((flags & 0x3c00) == 0); /* 4.1: reserved bits */
    if (u16_at(avp, 2) != 0 || type >= TYPES)
        return;
    assert_true(rules[type].max != 0);
    assert_true(rules[type].mandatory == ((flags & WIRE_M) != 0));
    assert_true(type == 36 || type == 79 || !seen[type]); /* once each */
    if (hidden) {
        assert_true(rules[type].may_hide);
        assert_true(seen[36]);    /* 4.3: a Random Vector comes first */
        assert_true(length >= 8); /* the original length is in it */
        return;
    }
    assert_true(length >= rules[type].min && length <= rules[type].max);
    if (type == 3 || type == 4 || type == 18 || type == 19)
        assert_true(u16_at(avp, 6) == 0 && u16_at(avp, 8) <= 3); /* 6.0: masks */
    if (type == 9 || type == 10 || type == 14)
        assert_true(u16_at(avp, 6) != 0);
    if (type == 32)
        assert_true(avp[6] == 0);
    if (type == 34 || type == 35 || type >= 77)
        assert_true(u16_at(avp, 6) == 0);
    if (type == 77 || type == 79)
        assert_true(u16_at(avp, 8) == 0 && u16_at(avp, 12) == 0);
    if (type == 76)
        assert_true(u16_at(avp, 6) >= 1 && u16_at(avp, 6) <= 3);
}

static void judge_needs(unsigned message_type, const bool *seen)
{
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (needs[i].type != message_type)
            continue;
        for (const uint16_t *need = needs[i].needs; *need; need++)
            assert_true(seen[*need]);
        return;
    }
    ck_abort_msg("message type %u is not of RFC 2661 or RFC 4951", message_type);
}

/* RFC 4951 4, 5: where its AVPs may be, and what may be beside them. */
static void judge_places(unsigned message_type, const bool *seen)
{
    bool states = message_type == FSQ || message_type == FSR;

    assert_true(!seen[76] || message_type == SCCRQ || message_type == SCCRP);
    assert_true(!seen[77] || message_type == SCCRQ);
    assert_true(!seen[78] || message_type == SCCRP);
    assert_true(!seen[79] || states);
    assert_true(!seen[76] || (!seen[77] && !seen[78])); /* 3.2.1: not on recovery tunnels */
    assert_true(!seen[77] || seen[5]);                  /* 3.2.1: with a tie breaker */
    for (unsigned type = 1; states && type < TYPES; type++)
        assert_true(!seen[type] || type == 36 || type == 79);
}

void judge(const uint8_t *data, size_t len)
{
    bool seen[TYPES] = {false};

    assert_true(len >= L2TPHA_CONTROL_HEADER);
    assert_true(u16_at(data, 0) == FLAGS_CONTROL);
    assert_true(u16_at(data, 2) == len);
    if (len == L2TPHA_CONTROL_HEADER)
        return;
    /* 4.4.1: Message Type first; RFC 4951 4: without M where the peer may not know it */
    assert_true(len >= 20);
    unsigned type = u16_at(data, 18);
    assert_true(u16_at(data, 12) == (type == FSQ || type == FSR ? 8u : WIRE_M | 8u));
    for (size_t at = L2TPHA_CONTROL_HEADER; at < len;) {
        assert_true(len - at >= L2TPHA_AVP_HEADER);
        unsigned length = u16_at(data, at) & 0x03ff;
        assert_true(length >= L2TPHA_AVP_HEADER && length <= len - at);
        if (at > L2TPHA_CONTROL_HEADER)
            judge_avp(data + at, length, seen);
        if (u16_at(data, at + 2) == 0 && u16_at(data, at + 4) < TYPES)
            seen[u16_at(data, at + 4)] = true;
        at += length;
    }
    assert_true(u16_at(data, 14) == 0 && u16_at(data, 16) == 0);
    judge_needs(type, seen);
    judge_places(type, seen);
}
