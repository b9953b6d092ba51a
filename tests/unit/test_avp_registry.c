/* SPDX-License-Identifier: MIT */
#include <l2tpha/message.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define ANY_LEN 1017

/* Written from the RFCs' text, apart from the registry: value length, M bit, whether hiding is
 * allowed, and the messages by number. */
static const struct {
    uint16_t type, min, max;
    bool mandatory, hideable;
    const char *name;
    uint8_t messages[20];
} rows[] = {
    {1, 2, ANY_LEN, 1, 0, "Result Code", {4, 14}},
    {2, 2, 2, 1, 0, "Protocol Version", {1, 2}},
    {3, 4, 4, 1, 1, "Framing Capabilities", {1, 2}},
    {4, 4, 4, 1, 1, "Bearer Capabilities", {1, 2}},
    {5, 8, 8, 0, 0, "Tie Breaker", {1}},
    {6, 2, 2, 0, 1, "Firmware Revision", {1, 2}},
    {7, 1, ANY_LEN, 1, 0, "Host Name", {1, 2}},
    {8, 0, ANY_LEN, 0, 1, "Vendor Name", {1, 2}},
    {9, 2, 2, 1, 1, "Assigned Tunnel ID", {1, 2, 4}},
    {10, 2, 2, 1, 0, "Receive Window Size", {1, 2}},
    {11, 1, ANY_LEN, 1, 1, "Challenge", {1, 2}},
    {12, 3, ANY_LEN, 1, 0, "Q.931 Cause Code", {14}},
    {13, 16, 16, 1, 1, "Challenge Response", {2, 3}},
    {14, 2, 2, 1, 1, "Assigned Session ID", {7, 8, 10, 11, 14}},
    {15, 4, 4, 1, 1, "Call Serial Number", {7, 10}},
    {16, 4, 4, 1, 1, "Minimum BPS", {7}},
    {17, 4, 4, 1, 1, "Maximum BPS", {7}},
    {18, 4, 4, 1, 1, "Bearer Type", {7, 10}},
    {19, 4, 4, 1, 1, "Framing Type", {7, 9, 12}},
    {21, 0, ANY_LEN, 1, 1, "Called Number", {7, 10}},
    {22, 0, ANY_LEN, 1, 1, "Calling Number", {10}},
    {23, 0, ANY_LEN, 1, 1, "Sub-Address", {7, 10}},
    {24, 4, 4, 1, 1, "Tx Connect Speed", {9, 12}},
    {25, 4, 4, 0, 1, "Physical Channel ID", {8, 10}},
    {26, 0, ANY_LEN, 0, 1, "Initial Received LCP CONFREQ", {12}},
    {27, 0, ANY_LEN, 0, 1, "Last Sent LCP CONFREQ", {12}},
    {28, 0, ANY_LEN, 0, 1, "Last Received LCP CONFREQ", {12}},
    {29, 2, 2, 0, 1, "Proxy Authen Type", {12}},
    {30, 0, ANY_LEN, 0, 1, "Proxy Authen Name", {12}},
    {31, 1, ANY_LEN, 0, 1, "Proxy Authen Challenge", {12}},
    {32, 2, 2, 0, 1, "Proxy Authen ID", {12}},
    {33, 0, ANY_LEN, 0, 1, "Proxy Authen Response", {12}},
    {34, 26, 26, 1, 1, "Call Errors", {15}},
    {35, 10, 10, 1, 1, "ACCM", {16}},
    {36,
     1,
     ANY_LEN,
     1,
     0,
     "Random Vector",
     {1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 21, 22}},
    {37, 0, ANY_LEN, 0, 1, "Private Group ID", {12}},
    {38, 4, 4, 0, 1, "Rx Connect Speed", {9, 12}},
    {39, 0, 0, 1, 0, "Sequencing Required", {9, 12}},
    {46, 5, ANY_LEN, 0, 1, "PPP Disconnect Cause Code", {14}},
    {76, 6, 6, 0, 1, "Failover Capability", {1, 2}},
    {77, 10, 10, 1, 0, "Tunnel Recovery", {1}},
    {78, 6, 6, 0, 1, "Suggested Control Sequence", {2}},
    {79, 10, 10, 1, 1, "Failover Session State", {21, 22}},
};
#define ROWS ((int)(sizeof(rows) / sizeof(rows[0])))

START_TEST(row_says_what_the_rfc_says)
{
    const struct l2tpha_avp_info *info = l2tpha_avp_info_find(0, rows[_i].type);
    uint32_t messages = 0;

    ck_assert_ptr_nonnull(info);
    ck_assert_uint_eq(info->type, rows[_i].type);
    ck_assert_uint_eq(info->min, rows[_i].min);
    ck_assert_uint_eq(info->max, rows[_i].max);
    ck_assert_uint_eq(info->mandatory, rows[_i].mandatory);
    ck_assert_uint_eq(info->hideable, rows[_i].hideable);
    ck_assert_str_eq(l2tpha_avp_name(0, rows[_i].type), rows[_i].name);
    for (size_t i = 0; i < sizeof(rows[_i].messages); i++)
        if (rows[_i].messages[i])
            messages |= 1u << rows[_i].messages[i];
    ck_assert_uint_eq(info->messages, messages);
}
END_TEST

START_TEST(rows_are_consistent)
{
    for (uint16_t type = 0; type < L2TPHA_AVP_TYPES; type++) {
        const struct l2tpha_avp_info *info = l2tpha_avp_info_find(0, type);
        if (!info)
            continue;
        ck_assert_uint_eq(info->type, type);
        ck_assert_uint_le(info->min, info->max);
        ck_assert_uint_le(info->max, L2TPHA_AVP_VALUE_MAX);
        ck_assert(!info->nonzero || info->min == 2);
        ck_assert(info->kind != L2TPHA_AVP_OPAQUE || !info->mandatory);
        for (uint16_t message = 0; message < 32; message++)
            if (info->messages >> message & 1)
                ck_assert(l2tpha_message_is_known(message));
    }
    static const uint16_t once[] = {0, 1, 7, 9, 14, 77};
    static const uint16_t often[] = {36, 46, 79};
    for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
        ck_assert(!l2tpha_avp_info_find(0, once[i])->repeatable);
    for (size_t i = 0; i < sizeof(often) / sizeof(often[0]); i++)
        ck_assert(l2tpha_avp_info_find(0, often[i])->repeatable);
}
END_TEST

START_TEST(unknown_attributes_are_not_found)
{
    static const uint16_t unknown[] = {20, 58, 67, 90, 99, 100, 999, 32767, 65535};

    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        ck_assert_ptr_null(l2tpha_avp_info_find(0, unknown[i]));
        ck_assert_str_eq(l2tpha_avp_name(0, unknown[i]), "unknown AVP");
    }
    for (uint16_t type = 0; type < 100; type++)
        ck_assert_ptr_null(l2tpha_avp_info_find(9, type));
    ck_assert_str_eq(l2tpha_avp_name(9, 9), "vendor AVP");
    ck_assert_str_eq(l2tpha_avp_name(0, 47), "Control Connection DS");
}
END_TEST

/* The decoder relies on it: one place for each type always remains. */
START_TEST(no_message_has_more_types_than_places)
{
    for (uint16_t message = 1; message < L2TPHA_MESSAGE_TYPES; message++) {
        unsigned types = 0;
        for (uint16_t type = 0; type < L2TPHA_AVP_TYPES; type++) {
            const struct l2tpha_avp_info *info = l2tpha_avp_info_find(0, type);
            types += info && info->messages >> message & 1;
        }
        ck_assert_uint_le(types, L2TPHA_MESSAGE_AVPS_MAX - L2TPHA_MESSAGE_VENDOR_MAX);
        ck_assert_uint_eq(types > 0, l2tpha_message_is_known(message));
    }
}
END_TEST

START_TEST(messages_require_what_the_rfc_says)
{
    static const struct {
        const char *name;
        bool session;
        uint16_t type, required[8];
    } table[] = {
        {"SCCRQ", false, 1, {2, 7, 3, 9}}, {"SCCRP", false, 2, {2, 3, 7, 9}},
        {"SCCCN", false, 3, {0}},          {"StopCCN", false, 4, {9, 1}},
        {"HELLO", false, 6, {0}},          {"OCRQ", true, 7, {14, 15, 16, 17, 18, 19, 21}},
        {"OCRP", true, 8, {14}},           {"OCCN", true, 9, {24, 19}},
        {"ICRQ", true, 10, {14, 15}},      {"ICRP", true, 11, {14}},
        {"ICCN", true, 12, {24, 19}},      {"CDN", true, 14, {1, 14}},
        {"WEN", true, 15, {34}},           {"SLI", true, 16, {35}},
        {"FSQ", false, 21, {0}},           {"FSR", false, 22, {0}},
    };
    unsigned known = 0;

    for (uint16_t type = 0; type < 100; type++)
        known += l2tpha_message_is_known(type);
    ck_assert_uint_eq(known, sizeof(table) / sizeof(table[0]));
    for (size_t i = 0; i < known; i++) {
        uint16_t type = table[i].type, required;
        uint64_t expected = 0, got = 0;
        ck_assert_str_eq(l2tpha_message_name(type), table[i].name);
        ck_assert_uint_eq(l2tpha_message_is_session(type), table[i].session);
        for (size_t k = 0; k < 8; k++)
            expected |= UINT64_C(1) << table[i].required[k];
        for (size_t k = 0; (required = l2tpha_message_required(type, k)) != 0; k++) {
            got |= UINT64_C(1) << required;
            ck_assert(l2tpha_avp_info_find(0, required)->messages >> type & 1);
        }
        ck_assert_uint_eq(got | 1, expected | 1);
    }
}
END_TEST

START_TEST(codes_have_texts)
{
    ck_assert_str_eq(l2tpha_message_name(0), "ZLB");
    ck_assert_str_eq(l2tpha_message_name(5), "unknown");
    ck_assert_str_eq(l2tpha_message_name(29), "CSURQ");
    ck_assert_str_eq(l2tpha_message_name(30), "unknown");
    ck_assert_str_eq(l2tpha_message_name(65535), "unknown");
    ck_assert_str_eq(l2tpha_result_text(4, 7), "finite state machine error");
    ck_assert_str_eq(l2tpha_result_text(4, 8), "unknown code");
    ck_assert_str_eq(l2tpha_result_text(14, 1), "loss of carrier");
    ck_assert_str_eq(l2tpha_result_text(14, 11), "no appropriate framing detected");
    ck_assert_str_eq(l2tpha_result_text(14, 12), "unknown code");
    ck_assert_str_eq(l2tpha_result_text(1, 1), "unknown code");
    ck_assert_str_eq(l2tpha_general_error_text(8), "unknown mandatory AVP");
    ck_assert_str_eq(l2tpha_general_error_text(9), "unknown code");
    ck_assert_str_eq(l2tpha_ppp_cause_text(20), "user not permitted to use any addresses");
    ck_assert_str_eq(l2tpha_ppp_cause_text(21), "unknown code");
}
END_TEST

/* A value of len bytes 1, 2, 3... 32, 0, 0... in memory of exactly that size. */
static struct l2tpha_avp avp_of(uint16_t type, size_t len, uint8_t **memory)
{
    static const uint8_t rising[64] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                       12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                       23, 24, 25, 26, 27, 28, 29, 30, 31, 32};
    *memory = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(*memory);
    ck_assert_uint_le(len, sizeof(rising));
    memcpy(*memory, rising, len);
    return (struct l2tpha_avp){.type = type, .len = (uint16_t)len, .value = *memory};
}

union composite {
    struct l2tpha_result result;
    struct l2tpha_q931_cause q931;
    struct l2tpha_call_errors errors;
    struct l2tpha_accm accm;
    struct l2tpha_ppp_cause ppp;
    struct l2tpha_failover_capability capability;
    struct l2tpha_tunnel_recovery recovery;
    struct l2tpha_suggested_sequence sequence;
    struct l2tpha_failover_session session;
};

static bool get(const struct l2tpha_avp *avp, uint16_t type, union composite *out)
{
    switch (type) {
    case L2TPHA_AVP_RESULT_CODE:
        return l2tpha_avp_result(avp, &out->result);
    case L2TPHA_AVP_Q931_CAUSE:
        return l2tpha_avp_q931_cause(avp, &out->q931);
    case L2TPHA_AVP_CALL_ERRORS:
        return l2tpha_avp_call_errors(avp, &out->errors);
    case L2TPHA_AVP_ACCM:
        return l2tpha_avp_accm(avp, &out->accm);
    case L2TPHA_AVP_PPP_DISCONNECT_CAUSE:
        return l2tpha_avp_ppp_cause(avp, &out->ppp);
    case L2TPHA_AVP_FAILOVER_CAPABILITY:
        return l2tpha_avp_failover_capability(avp, &out->capability);
    case L2TPHA_AVP_TUNNEL_RECOVERY:
        return l2tpha_avp_tunnel_recovery(avp, &out->recovery);
    case L2TPHA_AVP_SUGGESTED_SEQUENCE:
        return l2tpha_avp_suggested_sequence(avp, &out->sequence);
    default:
        return l2tpha_avp_session_state(avp, &out->session);
    }
}

static const uint16_t composites[] = {1, 12, 34, 35, 46, 76, 77, 78, 79};

START_TEST(composites_take_only_their_lengths)
{
    uint16_t type = composites[_i];
    const struct l2tpha_avp_info *info = l2tpha_avp_info_find(0, type);
    union composite out;
    uint8_t *memory;

    for (size_t len = 0; len <= 40; len++) {
        struct l2tpha_avp avp = avp_of(type, len, &memory);
        bool valid = len >= info->min && len <= info->max && !(type == 1 && len == 3);
        ck_assert_uint_eq(get(&avp, type, &out), valid);
        avp.hidden = true;
        ck_assert(!get(&avp, type, &out));
        avp.hidden = false;
        avp.vendor = 9;
        ck_assert(!get(&avp, type, &out));
        avp.vendor = 0;
        avp.type = type == 1 ? 12 : 1;
        ck_assert(!get(&avp, type, &out));
        free(memory);
    }
    ck_assert(!get(NULL, type, &out));
}
END_TEST

START_TEST(composites_are_read_at_the_right_place)
{
    union composite out;
    uint8_t *memory;
    struct l2tpha_avp avp = avp_of(1, 26, &memory);

#define READ(number, length)                                                                       \
    (avp.type = (number), avp.len = (length), ck_assert(get(&avp, (number), &out)))
    READ(1, 2);
    ck_assert(out.result.result == 0x0102 && !out.result.has_error && !out.result.text);
    READ(1, 4);
    ck_assert(out.result.error == 0x0304 && out.result.has_error && out.result.text_len == 0);
    READ(1, 7);
    ck_assert(out.result.text == memory + 4 && out.result.text_len == 3);
    READ(12, 3);
    ck_assert(out.q931.cause == 0x0102 && out.q931.message == 3 && !out.q931.text);
    READ(12, 5);
    ck_assert(out.q931.text == memory + 3 && out.q931.text_len == 2);
    READ(34, 26);
    ck_assert_uint_eq(out.errors.crc, 0x03040506);
    ck_assert_uint_eq(out.errors.framing, 0x0708090a);
    ck_assert_uint_eq(out.errors.hardware_overruns, 0x0b0c0d0e);
    ck_assert_uint_eq(out.errors.buffer_overruns, 0x0f101112);
    ck_assert_uint_eq(out.errors.timeouts, 0x13141516);
    ck_assert_uint_eq(out.errors.alignment, 0x1718191a);
    READ(35, 10);
    ck_assert(out.accm.send == 0x03040506 && out.accm.receive == 0x0708090a);
    READ(46, 6);
    ck_assert(out.ppp.code == 0x0102 && out.ppp.protocol == 0x0304 && out.ppp.direction == 5);
    ck_assert(out.ppp.text == memory + 5 && out.ppp.text_len == 1);
    READ(76, 6);
    ck_assert(!out.capability.control && out.capability.data);
    ck_assert_uint_eq(out.capability.recovery_time_ms, 0x03040506);
    READ(77, 10);
    ck_assert(out.recovery.tunnel_id == 0x0506 && out.recovery.remote_tunnel_id == 0x090a);
    READ(78, 6);
    ck_assert(out.sequence.ns == 0x0304 && out.sequence.nr == 0x0506);
    READ(79, 10);
    ck_assert(out.session.session_id == 0x0506 && out.session.remote_session_id == 0x090a);
#undef READ
    free(memory);
}
END_TEST

START_TEST(numbers_take_only_their_size)
{
    uint8_t *memory;
    uint16_t half = 9;
    uint32_t word = 9;
    uint64_t twin = 9;

    for (size_t len = 0; len < 12; len++) {
        struct l2tpha_avp avp = avp_of(9, len, &memory);
        ck_assert_uint_eq(l2tpha_avp_u16(&avp, &half), len == 2);
        ck_assert_uint_eq(l2tpha_avp_u32(&avp, &word), len == 4);
        ck_assert_uint_eq(l2tpha_avp_u64(&avp, &twin), len == 8);
        avp.hidden = true;
        ck_assert(!l2tpha_avp_u16(&avp, &half) && !l2tpha_avp_u32(&avp, &word));
        free(memory);
    }
    ck_assert_uint_eq(half, 0x0102);
    ck_assert_uint_eq(word, 0x01020304);
    ck_assert_uint_eq(twin, 0x0102030405060708);
    ck_assert(!l2tpha_avp_u16(NULL, &half) && !l2tpha_avp_u64(NULL, &twin));
}
END_TEST

Suite *suite_avp_registry(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("avp_registry", &tcase);

    tcase_add_loop_test(tcase, row_says_what_the_rfc_says, 0, ROWS);
    tcase_add_test(tcase, rows_are_consistent);
    tcase_add_test(tcase, unknown_attributes_are_not_found);
    tcase_add_test(tcase, no_message_has_more_types_than_places);
    tcase_add_test(tcase, messages_require_what_the_rfc_says);
    tcase_add_test(tcase, codes_have_texts);
    tcase_add_loop_test(tcase, composites_take_only_their_lengths, 0, 9);
    tcase_add_test(tcase, composites_are_read_at_the_right_place);
    tcase_add_test(tcase, numbers_take_only_their_size);
    return suite;
}
