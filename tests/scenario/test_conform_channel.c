/* SPDX-License-Identifier: MIT */
/* The reliable channel as a peer sees it: RFC 2661 5.8, 8.1 and appendices A and B; ids in headers,
 * 3.1 and 5.3. */
#include "scenario/rig.h"

static struct peer peer;

/* A call of the host that makes the node say one more message. */
static void node_says(uint16_t call)
{
    assert_ok(host_session_set_link_info(session_of_peer(&peer, call), 1, 2, rig.now));
}

/* --- sequence numbers --- */

START_TEST(lock_step_setup_has_the_numbers_of_appendix_b1)
{
    const struct heard *heard;

    peer_begins(&peer, 1);
    assert_ok(say_valid(&peer, SCCRQ)); /* 0, 0 */
    heard = expect(&peer, SCCRP);
    ck_assert_uint_eq(heard->message.header.ns, 0);
    ck_assert_uint_eq(heard->message.header.nr, 1);
    assert_ok(say_valid(&peer, SCCCN)); /* 1, 1 */
    heard = expect(&peer, ZLB);
    ck_assert_uint_eq(heard->message.header.ns, 1);
    ck_assert_uint_eq(heard->message.header.nr, 2);
    expect_nothing();
}
END_TEST

START_TEST(our_lock_step_setup_has_the_numbers_of_appendix_b1)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options)};
    struct l2tpha_tunnel *tunnel;

    peer_begins(&peer, 1);
    options.path = peer.path;
    assert_ok(l2tpha_tunnel_open(rig_node(), &options, rig.now, &tunnel));
    const struct heard *sccrq = expect(&peer, SCCRQ);
    ck_assert_uint_eq(sccrq->message.header.ns, 0);
    ck_assert_uint_eq(sccrq->message.header.nr, 0);
    ck_assert_uint_eq(sccrq->message.header.tunnel_id, 0);
    ck_assert_uint_eq(heard_u16(sccrq, 9), l2tpha_tunnel_id(tunnel));
    assert_ok(say_valid(&peer, SCCRP));
    const struct heard *scccn = expect(&peer, SCCCN);
    ck_assert_uint_eq(scccn->message.header.ns, 1);
    ck_assert_uint_eq(scccn->message.header.nr, 1);
    ck_assert_uint_eq(scccn->message.header.tunnel_id, peer.id);
}
END_TEST

START_TEST(a_lost_icrp_is_recovered_as_in_appendix_b2)
{
    peer_opens(&peer, 1);
    assert_ok(say_valid(&peer, ICRQ));
    const struct heard *icrp = expect(&peer, ICRP); /* lost */
    uint16_t ns = icrp->message.header.ns, id = heard_u16(icrp, 14);
    peer.nr--;
    assert_error(say_again(&peer), L2TPHA_ERR_DUPLICATE);
    const struct heard *zlb = expect(&peer, ZLB);
    ck_assert_uint_eq(zlb->message.header.nr, peer.ns);
    rig_pass_ms(1000);
    icrp = expect(&peer, ICRP);
    ck_assert_uint_eq(icrp->message.header.ns, ns);
    assert_ok(say_valid_for(&peer, ICCN, id));
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_ESTABLISHED);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 1);
}
END_TEST

START_TEST(ids_in_headers_are_those_of_the_recipient)
{
    const struct heard *heard;

    peer_begins(&peer, 1);
    peer.id = 0x0a0b;
    assert_ok(say_valid(&peer, SCCRQ));
    heard = expect(&peer, SCCRP);
    ck_assert_uint_eq(heard->data[4] << 8 | heard->data[5], 0x0a0b);
    assert_ok(say_valid(&peer, SCCCN));
    ck_assert_uint_eq(expect(&peer, ZLB)->message.header.tunnel_id, 0x0a0b);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
    uint16_t call = peer_dials(&peer, 0x0102);
    node_says(call);
    heard = expect(&peer, SLI);
    ck_assert_uint_eq(heard->message.header.tunnel_id, 0x0a0b);
    ck_assert_uint_eq(heard->message.header.session_id, 0x0102);
    assert_ok(peer_acks(&peer));
    assert_ok(close_tunnel(&peer, 1));
    heard = expect(&peer, STOPCCN);
    ck_assert_uint_eq(heard->message.header.tunnel_id, 0x0a0b);
    ck_assert_uint_eq(heard->message.header.session_id, 0);
}
END_TEST

/* --- receiving --- */

START_TEST(every_duplicate_is_acknowledged_at_once_and_not_processed)
{
    peer_opens(&peer, 1);
    assert_ok(say_valid(&peer, ICRQ));
    expect(&peer, ICRP);
    uint64_t digest = rig_digest();
    for (int i = 0; i < 5; i++) {
        assert_error(say_again(&peer), L2TPHA_ERR_DUPLICATE);
        expect_zlb(&peer);
    }
    ck_assert_uint_eq(rig_digest(), digest);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 1);
    ck_assert_uint_eq(rig_counters()->duplicates, 5);
}
END_TEST

START_TEST(old_is_the_half_that_ends_at_the_last_one_received)
{
    static const struct {
        uint16_t ns;
        int error;
    } rows[] = {{0, L2TPHA_ERR_DUPLICATE},         {15, L2TPHA_ERR_DUPLICATE},
                {32784, L2TPHA_ERR_DUPLICATE},     {65535, L2TPHA_ERR_DUPLICATE},
                {32783, L2TPHA_ERR_OUT_OF_WINDOW}, {16, L2TPHA_OK}};

    peer_opens(&peer, 1);
    while (peer.ns < 16) {
        assert_ok(say_valid(&peer, HELLO));
        expect_zlb(&peer);
    }
    peer.ns = rows[_i].ns;
    assert_error(say_valid(&peer, HELLO), rows[_i].error);
    if (rows[_i].error == L2TPHA_ERR_OUT_OF_WINDOW)
        forget_datagrams(); /* telling it where we are is allowed */
    else
        ck_assert_uint_eq(expect(&peer, ZLB)->message.header.nr, rows[_i].error ? 16 : 17);
}
END_TEST

START_TEST(messages_out_of_order_are_processed_in_order_and_once)
{
    struct wire late;
    struct says icrq;

    peer_opens(&peer, 1);
    icrq = valid(&peer, ICRQ);
    compose(&peer, &icrq, &late);
    peer.ns++;
    change(&icrq, AVP_U16(14, 71)); /* the later one */
    assert_ok(say(&peer, &icrq));
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 0);
    ck_assert_uint_eq(expect(&peer, ZLB)->message.header.nr, peer.ns - 2);
    assert_ok(say_wire(&peer, &late));
    ck_assert_uint_eq(expect(&peer, ICRP)->message.header.session_id, PEER_CALL);
    assert_ok(peer_acks(&peer));
    ck_assert_uint_eq(expect(&peer, ICRP)->message.header.session_id, 71);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 2);
    ck_assert_uint_eq(rig_counters()->reordered, 1);
}
END_TEST

START_TEST(a_zlb_takes_no_slot_and_moves_no_nr)
{
    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    node_says(call);
    uint16_t ns = expect(&peer, SLI)->message.header.ns;
    assert_ok(peer_acks(&peer)); /* its Ns is that of the next message */
    rig_pass_ms(60000);
    expect_nothing(); /* flushed */
    node_says(call);
    const struct heard *sli = expect(&peer, SLI);
    ck_assert_uint_eq(sli->message.header.ns, (uint16_t)(ns + 1));
    ck_assert_uint_eq(sli->message.header.nr, peer.ns);
    assert_ok(say_valid(&peer, HELLO)); /* the Ns that the ZLB had shown */
    const struct heard *zlb = expect(&peer, ZLB);
    ck_assert_uint_eq(zlb->message.header.ns, (uint16_t)(ns + 2));
}
END_TEST

START_TEST(acknowledgements_are_not_withheld)
{
    peer_opens(&peer, 1);
    /* The host neither answers nor closes anything: calls wait for their bearer. */
    for (uint16_t call = 1; call <= 20; call++) {
        struct says ocrq = valid(&peer, OCRQ);
        change(&ocrq, AVP_U16(14, call));
        assert_ok(say(&peer, &ocrq));
        ck_assert_uint_eq(expect(&peer, OCRP)->message.header.nr, peer.ns);
        assert_ok(say_valid(&peer, HELLO));
        expect_zlb(&peer);
    }
}
END_TEST

/* --- sending again --- */

START_TEST(copies_back_off_from_one_second_and_the_peer_is_given_up)
{
    static const unsigned gaps[] = {1000, 2000, 4000, 8000, 16000};
    const struct heard *copy;

    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    node_says(call);
    uint16_t ns = expect(&peer, SLI)->message.header.ns;
    for (size_t i = 0; i < 5; i++) {
        rig_pass_ms(gaps[i] - 10);
        expect_nothing();
        rig_pass_ms(10);
        copy = expect(&peer, SLI);
        ck_assert_uint_eq(copy->message.header.ns, ns);
        rig.now = copy->at;
    }
    rig_pass_ms(16000);
    expect_nothing(); /* nobody is there to hear a StopCCN */
    ck_assert_uint_eq(expect_event(L2TPHA_EVENT_SESSION_DOWN)->event.status, L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_eq(expect_event(L2TPHA_EVENT_TUNNEL_DOWN)->event.status, L2TPHA_ERR_TIMEOUT);
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
}
END_TEST

START_TEST(the_number_of_copies_is_configurable)
{
    rig.config.retries = (uint32_t)_i;
    rig.config.setup_ms = 1000000;
    node_calls(&peer, 1);
    rig_pass_ms(600000);
    for (int i = 0; i < _i; i++)
        expect(&peer, SCCRQ);
    expect_nothing();
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
    ck_assert_uint_eq(rig_counters()->retransmissions, _i);
}
END_TEST

START_TEST(intervals_may_be_capped_but_not_below_eight_seconds)
{
    static const unsigned gaps[] = {1000, 2000, 4000, 8000, 8000, 8000};
    struct l2tpha_host host = {.size = sizeof(host)};
    struct l2tpha_node *node;

    rig.config.retransmit_cap_ms = 7999;
    assert_error(l2tpha_node_new(root, &rig.config, &host, 0, &node), L2TPHA_ERR_INVALID);
    rig.config.retransmit_cap_ms = 8000;
    rig.config.retries = 6;
    rig.config.setup_ms = 1000000;
    node_calls(&peer, 1);
    for (size_t i = 0; i < 6; i++) {
        rig_pass_ms(gaps[i] - 10);
        expect_nothing();
        rig_pass_ms(10);
        rig.now = expect(&peer, SCCRQ)->at;
    }
}
END_TEST

START_TEST(a_copy_carries_the_current_nr)
{
    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    node_says(call);
    uint16_t nr = expect(&peer, SLI)->message.header.nr;
    peer.nr--; /* not acknowledged */
    assert_ok(say_valid(&peer, HELLO));
    expect_zlb(&peer);
    rig_pass_ms(1000);
    ck_assert_uint_eq(expect(&peer, SLI)->message.header.nr, (uint16_t)(nr + 1));
}
END_TEST

/* --- the window --- */

/* A tunnel whose peer advertised a window (0: none), with calls; nothing of ours unacknowledged. */
static uint16_t with_window(uint16_t window)
{
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    if (window)
        add(&sccrq, AVP_U16(10, window));
    peer_opens_with(&peer, &sccrq);
    return peer_dials(&peer, PEER_CALL);
}

/* How many messages come out before the next acknowledgement. */
static unsigned burst(void)
{
    unsigned count = 0;

    for (rig_drain(); rig.heard; count++)
        expect(&peer, SLI);
    return count;
}

START_TEST(no_more_than_the_peers_window_is_outstanding)
{
    static const uint16_t windows[] = {1, 2, 0, 8, 128};
    unsigned limit = windows[_i] ? windows[_i] : 4; /* 5.8: without the AVP it is 4 */
    unsigned widest = 0;

    uint16_t call = with_window(windows[_i]);
    for (int i = 0; i < 600; i++)
        node_says(call);
    for (int round = 0; round < 400; round++) {
        unsigned count = burst();
        assert_true(count <= limit);
        widest = count > widest ? count : widest;
        assert_true(peer_acks(&peer) == L2TPHA_OK);
        if (count == 0)
            break;
    }
    /* 5.8: four must be possible where the peer allows it. */
    ck_assert_uint_ge(widest, limit < 4 ? limit : 4);
    ck_assert_uint_eq(rig_counters()->retransmissions, 0);
}
END_TEST

START_TEST(slow_start_doubles)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;
    struct says sccrp;

    struct l2tpha_tunnel *tunnel = node_calls(&peer, 1);
    for (int i = 0; i < 20; i++)
        assert_ok(host_session_open(tunnel, &options, rig.now, &session));
    sccrp = valid(&peer, SCCRP);
    add(&sccrp, AVP_U16(10, 8));
    assert_ok(say(&peer, &sccrp)); /* acknowledges SCCRQ: CWND 2 */
    expect(&peer, SCCCN);
    expect(&peer, ICRQ);
    expect_nothing();
    for (unsigned outstanding = 2, expected = 4; expected <= 8; expected *= 2) {
        /* One acknowledgement for each message outstanding. */
        uint16_t nr = peer.nr;
        for (unsigned i = 0; i < outstanding; i++) {
            peer.nr = (uint16_t)(nr - outstanding + i + 1);
            assert_ok(peer_acks(&peer));
        }
        peer.nr = nr;
        for (unsigned i = 0; i < expected; i++)
            expect(&peer, ICRQ);
        expect_nothing();
        outstanding = expected;
    }
}
END_TEST

START_TEST(a_timeout_makes_the_next_burst_one_message)
{
    uint16_t call = with_window(8);
    for (int i = 0; i < 100; i++)
        node_says(call);
    unsigned before = 0;
    while (before < 8) {
        before = burst();
        assert_ok(peer_acks(&peer));
    }
    ck_assert_uint_eq(burst(), 8);
    peer.nr = (uint16_t)(peer.nr - 8); /* none arrived */
    rig_pass_ms(1000);
    ck_assert_uint_eq(burst(), 1);
    assert_ok(peer_acks(&peer));
    ck_assert_uint_eq(burst(), 2); /* and it grows again */
}
END_TEST

START_TEST(a_window_of_one_may_be_advertised)
{
    rig.config.window = 1;
    peer_begins(&peer, 1);
    assert_ok(say_valid(&peer, SCCRQ));
    ck_assert_uint_eq(heard_u16(expect(&peer, SCCRP), 10), 1);
    assert_ok(say_valid(&peer, SCCCN));
    expect_zlb(&peer);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
    peer_dials(&peer, PEER_CALL);
    peer_dials(&peer, PEER_CALL + 1);
}
END_TEST

START_TEST(a_window_of_zero_is_invalid)
{
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_U16(10, 0));
    ck_assert_int_lt(say(&peer, &sccrq), 0);
    expect_stopccn(&peer, 2, 3);
    ck_assert_uint_eq(rig_counters()->bad_avp, 1);
}
END_TEST

/* --- addresses, 8.1 --- */

START_TEST(the_answer_goes_where_the_request_came_from)
{
    peer_begins(&peer, 40);
    peer.path.remote = (struct l2tpha_address){.len = 3, .bytes = {10, 0x9c, 0x40}};
    peer.path.local = (struct l2tpha_address){.len = 3, .bytes = {20, 0x06, 0xa5}};
    assert_ok(say_valid(&peer, SCCRQ));
    const struct heard *sccrp = expect(&peer, SCCRP);
    ck_assert_mem_eq(&sccrp->path, &peer.path, sizeof(peer.path));
}
END_TEST

START_TEST(an_sccrp_from_another_port_is_followed)
{
    node_calls(&peer, 1);
    peer.path.remote.bytes[1] = 50;
    assert_ok(say_valid(&peer, SCCRP));
    expect(&peer, SCCCN);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
}
END_TEST

/* ... with an id of the peer's, or with none. */
START_TEST(a_stopccn_from_another_port_is_the_answer)
{
    node_calls(&peer, 1);
    peer.path.remote.bytes[1] = 50;
    struct says stopccn = valid(&peer, STOPCCN);
    if (_i == 1)
        change(&stopccn, AVP_U16(9, 0));
    else if (_i == 2)
        leave_out(&stopccn, 9);
    if (_i > 0)
        peer.id = 0;
    say(&peer, &stopccn);
    expect_zlb(&peer);
    const struct told *told = expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    ck_assert_uint_eq(told->event.result, 1);
    ck_assert(told->event.by_peer);
    assert_error(say_again(&peer), L2TPHA_ERR_DUPLICATE);
    expect_zlb(&peer);
    rig_pass_ms(40000);
    expect_nothing(); /* nor is the SCCRQ sent again */
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
}
END_TEST

/* Not the first word, no acknowledgement of the SCCRQ, no SCCRQ outstanding. */
START_TEST(a_stopccn_from_another_port_that_answers_nothing_is_dropped)
{
    struct peer other;

    if (_i == 2)
        node_opens(&peer, 1);
    else
        node_calls(&peer, 1);
    uint64_t digest = rig_digest();
    other = peer;
    other.path.remote.bytes[1] = 50;
    if (_i == 0)
        other.ns++;
    else if (_i == 1)
        other.nr--;
    assert_error(say_valid(&other, STOPCCN), L2TPHA_ERR_WRONG_PEER);
    expect_nothing();
    expect_no_event();
    ck_assert_uint_eq(rig_counters()->wrong_peer, 1);
    ck_assert_uint_eq(rig_digest(), digest);
}
END_TEST

START_TEST(an_established_tunnel_stays_where_it_is)
{
    struct peer moved;

    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    uint64_t digest = rig_digest();
    moved = peer;
    moved.path.remote.bytes[1] = 50;
    assert_error(say_valid(&moved, HELLO), L2TPHA_ERR_WRONG_PEER);
    assert_error(say_valid(&moved, STOPCCN), L2TPHA_ERR_WRONG_PEER);
    expect_nothing();
    ck_assert_uint_eq(rig_counters()->wrong_peer, 2);
    ck_assert_uint_eq(rig_digest(), digest);
    node_says(call);
    expect(&peer, SLI);
}
END_TEST

Suite *suite_conform_channel(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("conform_channel", &tcase);

    tcase_add_test(tcase, lock_step_setup_has_the_numbers_of_appendix_b1);
    tcase_add_test(tcase, our_lock_step_setup_has_the_numbers_of_appendix_b1);
    tcase_add_test(tcase, a_lost_icrp_is_recovered_as_in_appendix_b2);
    tcase_add_test(tcase, ids_in_headers_are_those_of_the_recipient);
    tcase_add_test(tcase, every_duplicate_is_acknowledged_at_once_and_not_processed);
    tcase_add_loop_test(tcase, old_is_the_half_that_ends_at_the_last_one_received, 0, 6);
    tcase_add_test(tcase, messages_out_of_order_are_processed_in_order_and_once);
    tcase_add_test(tcase, a_zlb_takes_no_slot_and_moves_no_nr);
    tcase_add_test(tcase, acknowledgements_are_not_withheld);
    tcase_add_test(tcase, copies_back_off_from_one_second_and_the_peer_is_given_up);
    tcase_add_loop_test(tcase, the_number_of_copies_is_configurable, 1, 4);
    tcase_add_test(tcase, intervals_may_be_capped_but_not_below_eight_seconds);
    tcase_add_test(tcase, a_copy_carries_the_current_nr);
    tcase_add_loop_test(tcase, no_more_than_the_peers_window_is_outstanding, 0, 5);
    tcase_add_test(tcase, slow_start_doubles);
    tcase_add_test(tcase, a_timeout_makes_the_next_burst_one_message);
    tcase_add_test(tcase, a_window_of_one_may_be_advertised);
    tcase_add_test(tcase, a_window_of_zero_is_invalid);
    tcase_add_test(tcase, the_answer_goes_where_the_request_came_from);
    tcase_add_test(tcase, an_sccrp_from_another_port_is_followed);
    tcase_add_loop_test(tcase, a_stopccn_from_another_port_is_the_answer, 0, 3);
    tcase_add_loop_test(tcase, a_stopccn_from_another_port_that_answers_nothing_is_dropped, 0, 3);
    tcase_add_test(tcase, an_established_tunnel_stays_where_it_is);
    return suite;
}
