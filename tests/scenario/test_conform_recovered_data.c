/* SPDX-License-Identifier: MIT */
/* Data channels of a recovered tunnel: RFC 4951 3.2.3. What the end does that has not failed, to
 * follow one that has, is in test_data_reset.c. */
#include "scenario/rig_recovery.h"

#include <l2tpha/failover.h>

static struct peer old, fresh;

static uint16_t numbered_call(uint16_t call)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;

    options.sequencing_required = true;
    assert_ok(host_session_open(tunnel_of_peer(&old), &options, rig.now, &session));
    uint16_t id = heard_u16(expect(&old, ICRQ), 14);
    struct says icrp = valid_for(&old, ICRP, id);
    change(&icrp, AVP_U16(14, call));
    assert_ok(say(&old, &icrp));
    expect(&old, ICCN);
    assert_ok(peer_acks(&old));
    expect_event(L2TPHA_EVENT_SESSION_UP);
    return id;
}

/* The number of the next frame; -1 when it has none. */
static int send_frame(uint16_t call)
{
    const struct l2tpha_path *path;
    struct l2tpha_header header;
    uint8_t datagram[L2TPHA_DATA_HEADER_MAX + 4] = {0};
    size_t len;

    assert_ok(
        l2tpha_data_send(session_of_peer(&old, call), 4, false, datagram, &len, &path, rig.now));
    assert_ok(l2tpha_header_decode(datagram, len + 4, &header));
    rig_drain();
    return header.has_sequence ? header.ns : -1;
}

START_TEST(a_recovered_node_counts_data_from_zero)
{
    peer_opens_capable(&old, 1);
    uint16_t call = numbered_call(PEER_CALL), plain = node_dials(&old, PEER_CALL + 1);
    for (int i = 0; i < 700; i++)
        ck_assert_int_eq(send_frame(call), i);
    node_recovers(&fresh, &old);
    ck_assert_int_eq(send_frame(call), 0);
    ck_assert_int_eq(send_frame(call), 1);
    ck_assert_int_eq(send_frame(plain), -1);
    assert_data_flows(&old, plain);
    expect_nothing();
}
END_TEST

START_TEST(a_remote_goes_on_with_its_data_numbers)
{
    peer_opens_capable(&old, 1);
    uint16_t call = numbered_call(PEER_CALL);
    for (int i = 0; i < 700; i++)
        ck_assert_int_eq(send_frame(call), i);
    peer_asks_back(&fresh, &old);
    ck_assert_int_eq(send_frame(call), 700);
    assert_ok(say_valid(&fresh, SCCCN));
    ck_assert_int_eq(send_frame(call), 701);
}
END_TEST

/* ... and so does who takes over silently. */
START_TEST(after_a_silent_takeover_no_data_number_comes_back)
{
    rig.config.failover = L2TPHA_FAILOVER_SILENT;
    peer_opens_capable(&old, 1);
    uint16_t call = numbered_call(PEER_CALL);
    for (int i = 0; i < 700; i++)
        ck_assert_int_eq(send_frame(call), i);
    node_fails();
    ck_assert_int_ge(send_frame(call), 700);
}
END_TEST

/* Neither end can do without the other's: the calls without numbers stay. */
START_TEST(numbered_calls_end_when_one_end_cannot_reset_them)
{
    bool lost = _i < 2;

    if (_i == 1)
        rig.config.data_reset_frames = 0;
    peer_begins(&old, 1);
    struct says sccrq = valid(&old, SCCRQ);
    add(&sccrq, avp_capability(_i == 0 ? CONTROL : CONTROL | DATA, RECOVERY_TIME));
    peer_opens_with(&old, &sccrq);
    uint16_t call = numbered_call(PEER_CALL), plain = node_dials(&old, PEER_CALL + 1);
    node_claims(&fresh, &old);
    assert_ok(peer_acks(&fresh));
    expect_stopccn(&fresh, 1, 0);
    assert_ok(peer_acks(&fresh));
    if (lost) {
        const struct heard *cdn = expect(&old, CDN);
        ck_assert_uint_eq(cdn->message.header.session_id, PEER_CALL);
        ck_assert_uint_eq(heard_u16(cdn, 14), call);
        assert_ok(peer_acks(&old));
    } else {
        expect_on(&old, HELLO);
        assert_ok(peer_acks(&old));
    }
    rig_pass_ms(5000);
    for (struct heard *heard = rig.heard; heard; heard = heard->next)
        ck_assert_uint_eq(heard->message.type, HELLO);
    ck_assert_uint_eq(session_state(&old, call),
                      lost ? L2TPHA_SESSION_IDLE : L2TPHA_SESSION_ESTABLISHED);
    ck_assert_uint_eq(session_state(&old, plain), L2TPHA_SESSION_ESTABLISHED);
}
END_TEST

static void take_frame(uint16_t call, bool numbered, uint16_t ns)
{
    const struct l2tpha_header header = {.has_length = true,
                                         .has_sequence = numbered,
                                         .version = 2,
                                         .length = numbered ? 14 : 10,
                                         .tunnel_id = old.node_id,
                                         .session_id = call,
                                         .ns = ns};
    struct l2tpha_frame frame;
    uint8_t datagram[16] = {0};
    size_t len;

    assert_ok(l2tpha_header_encode(&header, datagram, sizeof(datagram), &len));
    assert_ok(l2tpha_data_receive(rig_node(), &old.path, datagram, header.length, rig.now, &frame));
}

/* Numbers that only the peer, a LAC, sends count as well, while it does: 0: it never did; 1: it
 * does; 2: no more. */
START_TEST(calls_that_only_the_peer_numbers_count)
{
    rig.config.data_reset_frames = 0;
    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    take_frame(call, _i > 0, 0);
    take_frame(call, _i == 1, 1);
    rig_drain();
    node_claims(&fresh, &old);
    assert_ok(peer_acks(&fresh));
    expect_stopccn(&fresh, 1, 0);
    expect(&old, _i == 1 ? CDN : HELLO);
    ck_assert_uint_eq(session_state(&old, call),
                      _i == 1 ? L2TPHA_SESSION_IDLE : L2TPHA_SESSION_ESTABLISHED);
}
END_TEST

/* It is for the end that has failed to end them. */
START_TEST(a_remote_leaves_numbered_calls_to_the_peer)
{
    if (_i == 1)
        rig.config.data_reset_frames = 0;
    peer_begins(&old, 1);
    struct says sccrq = valid(&old, SCCRQ);
    add(&sccrq, avp_capability(_i == 0 ? CONTROL : CONTROL | DATA, RECOVERY_TIME));
    peer_opens_with(&old, &sccrq);
    uint16_t call = numbered_call(PEER_CALL);
    peer_takes_back(&fresh, &old);
    assert_ok(say_valid(&fresh, STOPCCN));
    expect_zlb(&fresh);
    rig_pass_ms(5000);
    expect_nothing();
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_ESTABLISHED);
    assert_ok(say_valid_for(&old, CDN, call));
    expect_zlb(&old);
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_IDLE);
}
END_TEST

Suite *suite_conform_recovered_data(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("conform_recovered_data", &tcase);

    tcase_add_test(tcase, a_recovered_node_counts_data_from_zero);
    tcase_add_test(tcase, a_remote_goes_on_with_its_data_numbers);
    tcase_add_test(tcase, after_a_silent_takeover_no_data_number_comes_back);
    tcase_add_loop_test(tcase, a_remote_leaves_numbered_calls_to_the_peer, 0, 2);
    tcase_add_loop_test(tcase, numbered_calls_end_when_one_end_cannot_reset_them, 0, 3);
    tcase_add_loop_test(tcase, calls_that_only_the_peer_numbers_count, 0, 3);
    return suite;
}
