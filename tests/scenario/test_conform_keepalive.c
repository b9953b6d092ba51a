/* SPDX-License-Identifier: MIT */
/* HELLO: RFC 2661 5.5 and 6.5. */
#include "scenario/rig.h"

static struct peer peer;

START_TEST(hello_follows_a_silent_minute_by_default)
{
    struct l2tpha_config defaults;

    l2tpha_config_init(&defaults);
    rig.config.hello_ms = defaults.hello_ms;
    peer_opens(&peer, 1);
    rig_pass_ms(59000);
    expect_nothing();
    rig_pass_ms(1000);
    const struct heard *hello = expect(&peer, HELLO);
    ck_assert_uint_eq(hello->message.header.session_id, 0);
    ck_assert_uint_eq(hello->message.avp_count, 1); /* Message Type alone */
}
END_TEST

START_TEST(the_silent_period_is_configurable)
{
    rig.config.hello_ms = 5000;
    peer_opens(&peer, 1);
    rig_pass_ms(4900);
    expect_nothing();
    rig_pass_ms(100);
    expect(&peer, HELLO);
}
END_TEST

/* What the peer may send meanwhile: any of it is a sign of life. */
enum life { A_ZLB, A_HELLO, A_DUPLICATE, DATA, LIVES };

START_TEST(anything_received_restarts_the_period)
{
    uint8_t data[] = {0x40, 2, 0, 10, 0, 0, 0, 0, 0xff, 3};
    struct l2tpha_frame frame;

    rig.config.hello_ms = 5000;
    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    data[4] = (uint8_t)(peer.node_id >> 8);
    data[5] = (uint8_t)peer.node_id;
    data[6] = (uint8_t)(call >> 8);
    data[7] = (uint8_t)call;
    for (int i = 0; i < 5; i++) {
        rig_pass_ms(3000);
        if (_i == A_ZLB)
            peer_acks(&peer);
        else if (_i == A_HELLO)
            say_valid(&peer, HELLO);
        else if (_i == A_DUPLICATE)
            say_again(&peer);
        else
            assert_ok(
                l2tpha_data_receive(rig.node, &peer.path, data, sizeof(data), rig.now, &frame));
        if (_i == A_HELLO || _i == A_DUPLICATE)
            expect_zlb(&peer);
        expect_nothing();
    }
    rig_pass_ms(5000);
    expect(&peer, HELLO);
}
END_TEST

START_TEST(a_hello_that_is_never_acknowledged_ends_the_tunnel)
{
    rig.config.hello_ms = 5000;
    peer_opens(&peer, 1);
    peer_dials(&peer, PEER_CALL);
    rig_pass_ms(5000 + 31000 - 100);
    for (int copy = 0; copy < 5; copy++)
        expect(&peer, HELLO);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
    rig_pass_ms(16200);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
    ck_assert_int_eq(expect_event(L2TPHA_EVENT_TUNNEL_DOWN)->event.status, L2TPHA_ERR_TIMEOUT);
    forget_datagrams();
}
END_TEST

START_TEST(hello_may_be_switched_off)
{
    rig.config.hello_ms = 0;
    peer_opens(&peer, 1);
    rig_pass_ms(24 * 3600 * 1000);
    expect_nothing();
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

START_TEST(hello_is_never_expected_of_the_peer)
{
    rig.config.hello_ms = 5000;
    peer_opens(&peer, 1);
    for (int i = 0; i < 50; i++) {
        rig_pass_ms(5000);
        expect(&peer, HELLO);
        assert_ok(peer_acks(&peer));
    }
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
    expect_no_event();
}
END_TEST

START_TEST(hello_is_only_acknowledged)
{
    peer_opens(&peer, 1);
    uint64_t digest = rig_digest();
    assert_ok(say_valid(&peer, HELLO));
    expect_zlb(&peer);
    expect_nothing();
    expect_no_event();
    ck_assert_uint_ne(rig_digest(), digest); /* Nr, and nothing else */
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

START_TEST(no_hello_while_something_is_outstanding)
{
    rig.config.hello_ms = 500;
    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    assert_ok(host_session_set_link_info(session_of_peer(&peer, call), 1, 2, rig.now));
    expect(&peer, SLI);
    rig_pass_ms(3500);
    expect(&peer, SLI);
    expect(&peer, SLI);
    expect_nothing();
}
END_TEST

Suite *suite_conform_keepalive(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("conform_keepalive", &tcase);

    tcase_add_test(tcase, hello_follows_a_silent_minute_by_default);
    tcase_add_test(tcase, the_silent_period_is_configurable);
    tcase_add_loop_test(tcase, anything_received_restarts_the_period, 0, LIVES);
    tcase_add_test(tcase, a_hello_that_is_never_acknowledged_ends_the_tunnel);
    tcase_add_test(tcase, hello_may_be_switched_off);
    tcase_add_test(tcase, hello_is_never_expected_of_the_peer);
    tcase_add_test(tcase, hello_is_only_acknowledged);
    tcase_add_test(tcase, no_hello_while_something_is_outstanding);
    return suite;
}
