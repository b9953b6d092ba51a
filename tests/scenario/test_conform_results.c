/* SPDX-License-Identifier: MIT */
/* Result Code and the messages that report: RFC 2661 4.4.2, 6.12-6.14. */
#include "scenario/rig.h"

static struct peer peer;

static struct l2tpha_result result_of(const struct heard *heard)
{
    struct l2tpha_result result;

    ck_assert(l2tpha_message_result(&heard->message, &result));
    return result;
}

/* --- StopCCN --- */

START_TEST(every_result_of_a_close_is_sent)
{
    uint16_t result = (uint16_t)_i;

    peer_opens(&peer, 1);
    assert_ok(l2tpha_tunnel_close(tunnel_of_peer(&peer), result, 4, "caf\xc3\xa9", rig.now));
    const struct heard *heard = expect(&peer, STOPCCN);
    struct l2tpha_result said = result_of(heard);
    ck_assert_uint_eq(said.result, result);
    ck_assert_uint_eq(said.error, 4);
    ck_assert_uint_eq(said.text_len, 5);
    ck_assert_mem_eq(said.text, "caf\xc3\xa9", 5); /* UTF-8 */
}
END_TEST

START_TEST(every_result_of_a_stopccn_is_told)
{
    struct says stopccn;

    peer_opens(&peer, 1);
    stopccn = valid(&peer, STOPCCN);
    change(&stopccn, AVP_U16(1, (uint32_t)_i));
    assert_ok(say(&peer, &stopccn));
    const struct told *down = expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    ck_assert_uint_eq(down->event.result, (unsigned)_i);
    ck_assert(down->event.by_peer);
    ck_assert_uint_gt(strlen(down->event.text), 0);
}
END_TEST

START_TEST(result_code_comes_in_three_lengths)
{
    static const char value[] = "\0\2\0\6detail";
    static const size_t lengths[] = {2, 4, 10};
    struct says stopccn;

    peer_opens(&peer, 1);
    stopccn = valid(&peer, STOPCCN);
    change(&stopccn, AVP_OCTETS(WIRE_M, 1, value, lengths[_i]));
    assert_ok(say(&peer, &stopccn));
    expect_zlb(&peer);
    const struct told *down = expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    ck_assert_uint_eq(down->event.result, 2);
    ck_assert_uint_eq(down->event.error, _i ? 6 : 0);
    if (_i == 2)
        ck_assert_str_eq(down->event.text, "detail");
}
END_TEST

START_TEST(a_tunnel_refused_by_the_host_draws_its_result)
{
    static const uint16_t results[] = {3, 4, 6, 2};

    peer_begins(&peer, 1);
    rig.admit_tunnel = (struct l2tpha_verdict){.result = results[_i], .error = 4, .reason = "no"};
    assert_error(say_valid(&peer, SCCRQ), L2TPHA_ERR_REFUSED);
    ck_assert_uint_eq(rig.asked_tunnel, 1);
    struct l2tpha_result said = result_of(expect(&peer, STOPCCN));
    ck_assert_uint_eq(said.result, results[_i]);
    ck_assert_mem_eq(said.text, "no", 2);
    expect_no_event();
}
END_TEST

START_TEST(a_version_refused_is_told_the_highest_supported)
{
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    change(&sccrq, AVP_U16(2, 0x0900));
    ck_assert_int_lt(say(&peer, &sccrq), 0);
    struct l2tpha_result said = result_of(expect(&peer, STOPCCN));
    ck_assert_uint_eq(said.result, 5);
    ck_assert(said.has_error);
    ck_assert_uint_eq(said.error, 2);
    ck_assert_uint_gt(said.text_len, 0);
}
END_TEST

START_TEST(an_unknown_mandatory_avp_is_named)
{
    char text[100] = "";
    struct says message;

    if (_i) {
        peer_opens(&peer, 1);
        message = valid(&peer, ICRQ);
    } else {
        peer_begins(&peer, 1);
        message = valid(&peer, SCCRQ);
    }
    add(&message, AVP_OCTETS(WIRE_M, 999, "x", 1));
    ck_assert_int_lt(say(&peer, &message), 0);
    struct l2tpha_result said = result_of(expect(&peer, _i ? CDN : STOPCCN));
    ck_assert_uint_eq(said.result, 2);
    ck_assert_uint_eq(said.error, 8);
    ck_assert_uint_lt(said.text_len, sizeof(text));
    memcpy(text, said.text, said.text_len);
    ck_assert_ptr_nonnull(strstr(text, "999"));
}
END_TEST

START_TEST(error_6_has_detail)
{
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    leave_out(&sccrq, 7);
    ck_assert_int_lt(say(&peer, &sccrq), 0);
    struct l2tpha_result said = result_of(expect(&peer, STOPCCN));
    ck_assert_uint_eq(said.error, 6);
    ck_assert_uint_gt(said.text_len, 0);
}
END_TEST

START_TEST(general_errors_say_what_was_wrong)
{
    static const struct {
        struct rig_avp avp;
        uint16_t error;
    } faults[] = {
        {OCTETS_ROW(WIRE_M, 3, "\0\0\3", 3), 2},    /* length */
        {U16_ROW(9, 0), 3},                         /* value */
        {OCTETS_ROW(WIRE_M, 999, "x", 1), 8},       /* unknown */
        {OCTETS_ROW(WIRE_M | 0x2000, 8, "x", 1), 8} /* reserved bits make it unrecognised */
    };
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    change(&sccrq, faults[_i].avp);
    ck_assert_int_lt(say(&peer, &sccrq), 0);
    expect_stopccn(&peer, 2, faults[_i].error);
}
END_TEST

START_TEST(running_out_of_tunnels_and_sessions_is_said)
{
    struct says icrq;

    rig.config.max_sessions = 1;
    peer_opens(&peer, 1);
    peer_dials(&peer, PEER_CALL);
    icrq = valid(&peer, ICRQ);
    change(&icrq, AVP_U16(14, 71));
    ck_assert_int_lt(say(&peer, &icrq), 0);
    const struct heard *cdn = expect_cdn(&peer, 4, 0);
    ck_assert_uint_eq(cdn->message.header.session_id, 71);
    ck_assert_uint_eq(rig_counters()->limit_reached, 1);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

START_TEST(a_general_error_7_is_told_to_the_lac)
{
    struct says cdn;

    node_opens(&peer, 1);
    uint16_t call = node_rings(&peer);
    cdn = valid_for(&peer, CDN, call);
    change(&cdn, AVP_OCTETS(WIRE_M, 1, "\0\2\0\7", 4));
    assert_ok(say(&peer, &cdn));
    const struct told *down = expect_event(L2TPHA_EVENT_SESSION_DOWN);
    ck_assert_uint_eq(down->event.result, 2);
    ck_assert_uint_eq(down->event.error, 7);
}
END_TEST

START_TEST(a_stopccn_blames_an_avp_of_ours)
{
    struct says stopccn;

    node_calls(&peer, 1);
    stopccn = valid(&peer, STOPCCN);
    change(&stopccn, AVP_OCTETS(WIRE_M, 1, "\0\2\0\10AVP 10", 10));
    assert_ok(say(&peer, &stopccn));
    const struct told *down = expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    ck_assert_uint_eq(down->event.error, 8);
    ck_assert_str_eq(down->event.text, "AVP 10");
}
END_TEST

/* --- CDN --- */

START_TEST(every_result_of_a_call_is_sent)
{
    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    assert_ok(close_session(&peer, call, (uint16_t)_i));
    const struct heard *cdn = expect_cdn(&peer, (unsigned)_i, 0);
    ck_assert_uint_eq(heard_u16(cdn, 14), call);
}
END_TEST

START_TEST(every_result_of_a_cdn_is_told)
{
    struct says cdn;

    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    cdn = valid_for(&peer, CDN, call);
    change(&cdn, AVP_U16(1, (uint32_t)_i)); /* 12 and more: tolerated */
    assert_ok(say(&peer, &cdn));
    expect_zlb(&peer);
    ck_assert_uint_eq(expect_event(L2TPHA_EVENT_SESSION_DOWN)->event.result, (unsigned)_i);
}
END_TEST

/* --- WEN and SLI --- */

START_TEST(wen_leaves_at_most_once_in_a_minute_with_totals)
{
    struct l2tpha_call_errors errors = {0}, said;
    const struct heard *wen;

    node_opens(&peer, 1);
    uint16_t call = node_dials(&peer, PEER_CALL);
    for (int i = 0; i < 3; i++) {
        errors.crc++;
        errors.alignment += 2;
        assert_ok(host_session_report_errors(session_of_peer(&peer, call), &errors, rig.now));
        rig_pass_ms(5000);
    }
    wen = expect(&peer, WEN);
    ck_assert_uint_eq(wen->message.header.session_id, PEER_CALL);
    ck_assert(l2tpha_avp_call_errors(l2tpha_message_find(&wen->message, 34), &said));
    ck_assert_uint_eq(said.crc, 1);
    assert_ok(peer_acks(&peer));
    forget_datagrams(); /* copies of it */
    rig_pass_ms(44000);
    expect_nothing();
    rig_pass_ms(1000);
    wen = expect(&peer, WEN);
    ck_assert(l2tpha_avp_call_errors(l2tpha_message_find(&wen->message, 34), &said));
    ck_assert_uint_eq(said.crc, 3);
    ck_assert_uint_eq(said.alignment, 6);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(200000);
    expect_nothing(); /* only on an error */
    /* A new call starts afresh. */
    uint16_t second = node_dials(&peer, PEER_CALL + 1);
    errors = (struct l2tpha_call_errors){.timeouts = 9};
    assert_ok(host_session_report_errors(session_of_peer(&peer, second), &errors, rig.now));
    wen = expect(&peer, WEN);
    ck_assert(l2tpha_avp_call_errors(l2tpha_message_find(&wen->message, 34), &said));
    ck_assert_uint_eq(said.crc, 0);
    ck_assert_uint_eq(said.timeouts, 9);
}
END_TEST

START_TEST(a_wen_is_told_to_the_lns)
{
    struct l2tpha_call_errors said;

    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    assert_ok(say_valid_for(&peer, WEN, call));
    expect_zlb(&peer);
    const struct told *errors = expect_event(L2TPHA_EVENT_SESSION_ERRORS);
    ck_assert(l2tpha_avp_call_errors(l2tpha_message_find(errors->event.message, 34), &said));
    ck_assert_uint_eq(said.crc, 1);
    ck_assert_uint_eq(said.framing, 2);
    ck_assert_uint_eq(said.hardware_overruns, 3);
    ck_assert_uint_eq(said.buffer_overruns, 4);
    ck_assert_uint_eq(said.timeouts, 5);
    ck_assert_uint_eq(said.alignment, 6);
    ck_assert_uint_eq(session_state(&peer, call), L2TPHA_SESSION_ESTABLISHED);
}
END_TEST

START_TEST(slis_are_told_to_the_lac_in_order)
{
    struct l2tpha_accm accm;
    struct says sli;

    node_opens(&peer, 1);
    uint16_t call = node_dials(&peer, PEER_CALL);
    expect_no_event(); /* before any SLI the map is all ones: nothing is told */
    for (uint32_t i = 0; i < 2; i++) {
        const uint8_t value[] = {0, 0, 0, 0, 0, (uint8_t)i, 0xff, 0xff, 0, (uint8_t)i};
        sli = valid_for(&peer, SLI, call);
        change(&sli, AVP_OCTETS(WIRE_M, 35, value, sizeof(value)));
        assert_ok(say(&peer, &sli));
        expect_zlb(&peer);
    }
    for (uint32_t i = 0; i < 2; i++) {
        const struct told *info = expect_event(L2TPHA_EVENT_SESSION_LINK_INFO);
        ck_assert(l2tpha_avp_accm(l2tpha_message_find(info->event.message, 35), &accm));
        ck_assert_uint_eq(accm.send, i);
        ck_assert_uint_eq(accm.receive, 0xffff0000 + i);
    }
    ck_assert_uint_eq(session_state(&peer, call), L2TPHA_SESSION_ESTABLISHED);
}
END_TEST

START_TEST(an_sli_may_come_before_the_bearer_answers)
{
    peer_opens(&peer, 1);
    uint16_t call = peer_asks_out(&peer, PEER_CALL);
    assert_ok(say_valid_for(&peer, SLI, call));
    expect_zlb(&peer);
    expect_event(L2TPHA_EVENT_SESSION_LINK_INFO);
    ck_assert_uint_eq(session_state(&peer, call), L2TPHA_SESSION_WAIT_CS_ANSWER);
}
END_TEST

START_TEST(our_sli_says_the_maps)
{
    struct l2tpha_accm accm;

    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    assert_ok(host_session_set_link_info(session_of_peer(&peer, call), 0xa0000, 7, rig.now));
    const struct heard *sli = expect(&peer, SLI);
    ck_assert(l2tpha_avp_accm(l2tpha_message_find(&sli->message, 35), &accm));
    ck_assert_uint_eq(accm.send, 0xa0000);
    ck_assert_uint_eq(accm.receive, 7);
    ck_assert_uint_eq(sli->message.header.session_id, PEER_CALL);
}
END_TEST

Suite *suite_conform_results(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("conform_results", &tcase);

    tcase_add_loop_test(tcase, every_result_of_a_close_is_sent, 1, 8);
    tcase_add_loop_test(tcase, every_result_of_a_stopccn_is_told, 1, 10);
    tcase_add_loop_test(tcase, result_code_comes_in_three_lengths, 0, 3);
    tcase_add_loop_test(tcase, a_tunnel_refused_by_the_host_draws_its_result, 0, 4);
    tcase_add_test(tcase, a_version_refused_is_told_the_highest_supported);
    tcase_add_loop_test(tcase, an_unknown_mandatory_avp_is_named, 0, 2);
    tcase_add_test(tcase, error_6_has_detail);
    tcase_add_loop_test(tcase, general_errors_say_what_was_wrong, 0, 4);
    tcase_add_test(tcase, running_out_of_tunnels_and_sessions_is_said);
    tcase_add_test(tcase, a_general_error_7_is_told_to_the_lac);
    tcase_add_test(tcase, a_stopccn_blames_an_avp_of_ours);
    tcase_add_loop_test(tcase, every_result_of_a_call_is_sent, 1, 12);
    tcase_add_loop_test(tcase, every_result_of_a_cdn_is_told, 1, 20);
    tcase_add_test(tcase, wen_leaves_at_most_once_in_a_minute_with_totals);
    tcase_add_test(tcase, a_wen_is_told_to_the_lns);
    tcase_add_test(tcase, slis_are_told_to_the_lac_in_order);
    tcase_add_test(tcase, an_sli_may_come_before_the_bearer_answers);
    tcase_add_test(tcase, our_sli_says_the_maps);
    return suite;
}
