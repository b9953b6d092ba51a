/* SPDX-License-Identifier: MIT */
/* Recovery Time, RFC 4951 5.1, on the side that waits: how long a peer that does not answer is
 * kept, and what goes on meanwhile. With two retransmissions the control channel timeout is 7 s. */
#include "scenario/rig.h"

#define AVP_CAPABILITY 76
#define AVP_RECOVERY 77
#define CAN_CONTROL 1
#define CAN_DATA 2
#define TIMEOUT_MS 7000
#define GRANT_MS 20000
#define LATE_MS 10 /* each of the few timers before may be late by a grain */

static struct peer peer;
static uint64_t began; /* when the first message left that is not answered */

static const uint8_t *capability(unsigned bits, uint32_t ms)
{
    static uint8_t value[6];

    value[1] = (uint8_t)bits;
    for (int i = 0; i < 4; i++)
        value[2 + i] = (uint8_t)(ms >> (24 - 8 * i));
    return value;
}

static struct rig_avp announces(unsigned bits, uint32_t ms)
{
    return AVP_OCTETS(0, AVP_CAPABILITY, capability(bits, ms), 6);
}

static void opens(bool by_peer, unsigned bits, uint32_t ms)
{
    struct says setup;

    rig.config.retries = 2;
    if (by_peer) {
        peer_begins(&peer, 1);
        setup = valid(&peer, SCCRQ);
        add(&setup, announces(bits, ms));
        peer_opens_with(&peer, &setup);
        return;
    }
    node_calls(&peer, 1);
    setup = valid(&peer, SCCRP);
    add(&setup, announces(bits, ms));
    assert_ok(say(&peer, &setup));
    expect(&peer, SCCCN);
    assert_ok(peer_acks(&peer));
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
}

static void asks(uint16_t call)
{
    assert_ok(host_session_set_link_info(session_of_peer(&peer, call), 1, 2, rig.now));
    rig_drain();
}

/* A tunnel with a call, and an SLI that is not answered from now on. */
static uint16_t falls_silent(unsigned bits, uint32_t ms)
{
    opens(true, bits, ms);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    asks(call);
    expect(&peer, SLI);
    peer.nr--; /* lost */
    began = rig.now;
    return call;
}

/* Let time pass to so long after it began. */
static void pass_to(uint64_t ms)
{
    uint64_t at = began + ms * 1000;

    assert_true(at >= rig.now + 2000);
    rig_pass_ms((at - rig.now) / 1000 - 2);
}

static bool stands(void)
{
    return tunnel_state(&peer) == L2TPHA_TUNNEL_ESTABLISHED;
}

static bool responds(void)
{
    return l2tpha_tunnel_is_responsive(tunnel_of_peer(&peer));
}

static void falls_at(uint64_t ms)
{
    pass_to(ms - 1);
    assert_true(stands());
    pass_to(ms + LATE_MS);
    assert_true(!stands());
    if (rig.told && rig.told->event.kind == L2TPHA_EVENT_TUNNEL_UNRESPONSIVE)
        expect_event(L2TPHA_EVENT_TUNNEL_UNRESPONSIVE);
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
    ck_assert_int_eq(expect_event(L2TPHA_EVENT_TUNNEL_DOWN)->event.status, L2TPHA_ERR_TIMEOUT);
}

static void ends_at(uint64_t ms)
{
    falls_at(ms);
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
    expect_no_event();
}

/* Something of the peer comes all the time, so it is told. */
static void ends_with_a_word_at(uint64_t ms)
{
    falls_at(ms);
    expect_no_event();
    while (rig.heard && rig.heard->message.type != STOPCCN)
        expect(&peer, rig.heard->message.type);
    expect_stopccn(&peer, 2, 6);
    expect_nothing();
}

static void becomes_unresponsive(void)
{
    pass_to(TIMEOUT_MS - 1);
    assert_true(responds());
    expect_no_event();
    pass_to(TIMEOUT_MS + LATE_MS);
    assert_true(stands() && !responds());
    expect_event(L2TPHA_EVENT_TUNNEL_UNRESPONSIVE);
    expect_no_event();
    ck_assert_uint_eq(rig_counters()->tunnels_unresponsive, 1);
}

/* --- how long --- */

static const struct {
    unsigned bits;
    uint32_t ms;
    bool silent; /* this end has announced nothing */
    uint32_t most;
    uint32_t ends;
} grants[] = {
    {CAN_CONTROL, 0, false, 300000, TIMEOUT_MS},
    {CAN_CONTROL, 1, false, 300000, TIMEOUT_MS},
    {CAN_CONTROL, TIMEOUT_MS - 100, false, 300000, TIMEOUT_MS},
    {CAN_CONTROL, TIMEOUT_MS + 100, false, 300000, TIMEOUT_MS + 100},
    {CAN_CONTROL, GRANT_MS, false, 300000, GRANT_MS},
    {CAN_CONTROL | CAN_DATA, 300000, false, 300000, 300000},
    {CAN_CONTROL, 300001, false, 300000, 300000},
    {CAN_CONTROL, UINT32_MAX, false, 30000, 30000},
    {CAN_CONTROL, UINT32_MAX, false, 0, TIMEOUT_MS},
    {CAN_DATA, GRANT_MS, false, 300000, TIMEOUT_MS},
    {0, GRANT_MS, false, 300000, TIMEOUT_MS},
    {CAN_CONTROL, GRANT_MS, true, 300000, TIMEOUT_MS},
};
#define GRANTS (sizeof(grants) / sizeof(grants[0]))

/* R4951-5.1-07, -13, -14, -15, -17, -19, -20 */
START_TEST(the_later_of_timeout_and_recovery_time)
{
    bool by_peer = _i % 2;

    rig.config.recovery_max_ms = grants[_i / 2].most;
    rig.config.failover_capability = !grants[_i / 2].silent;
    opens(by_peer, grants[_i / 2].bits, grants[_i / 2].ms);
    asks(peer_dials(&peer, PEER_CALL));
    began = rig.now;
    ends_at(grants[_i / 2].ends);
    ck_assert_uint_eq(rig_counters()->tunnels_unresponsive, grants[_i / 2].ends > TIMEOUT_MS);
    forget_datagrams();
}
END_TEST

START_TEST(no_time_for_a_tunnel_that_is_being_set_up)
{
    rig.config.retries = 2;
    peer_begins(&peer, 1);
    struct says sccrq = valid(&peer, SCCRQ);
    add(&sccrq, announces(CAN_CONTROL, GRANT_MS));
    assert_ok(say(&peer, &sccrq));
    expect(&peer, SCCRP);
    began = rig.now;
    pass_to(TIMEOUT_MS - 1);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_WAIT_CTL_CONN);
    pass_to(TIMEOUT_MS + LATE_MS);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
    forget_datagrams();
}
END_TEST

/* --- meanwhile --- */

START_TEST(the_oldest_message_is_repeated_at_the_capped_interval)
{
    static const uint32_t at[] = {1000, 3000, 7000, 15000, 23000, 31000, 39000};

    rig.config.retransmit_cap_ms = 8000;
    falls_silent(CAN_CONTROL, 40000);
    uint16_t ns = peer.nr;
    pass_to(39900);
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        const struct heard *heard = expect(&peer, SLI);
        peer.nr = ns;
        ck_assert_uint_eq(heard->message.header.ns, ns);
        ck_assert_uint_ge(heard->at, began + at[i] * 1000);
        ck_assert_uint_le(heard->at, began + (at[i] + LATE_MS) * 1000);
    }
    expect_nothing(); /* no StopCCN either */
    ends_at(40000);
    expect_nothing();
}
END_TEST

static void data(uint16_t call)
{
    const struct l2tpha_path *path;
    struct l2tpha_frame frame;
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    struct wire wire = {0};
    size_t len;

    wire_u16(&wire, 2);
    wire_u16(&wire, peer.node_id);
    wire_u16(&wire, call);
    wire_octets(&wire, "\xff\x03", 2);
    assert_ok(l2tpha_data_receive(rig.node, &peer.path, wire.data, wire.len, rig.now, &frame));
    assert_ok(
        l2tpha_data_send(session_of_peer(&peer, call), 4, false, header, &len, &path, rig.now));
}

START_TEST(data_goes_on_and_does_not_stop_the_timer)
{
    uint16_t call = falls_silent(CAN_CONTROL, GRANT_MS);

    for (unsigned ms = 1000; ms < GRANT_MS; ms += 1000) {
        pass_to(ms);
        data(call);
    }
    assert_true(!responds());
    ck_assert_uint_eq(rig_counters()->data_in, GRANT_MS / 1000 - 1);
    ends_with_a_word_at(GRANT_MS);
}
END_TEST

START_TEST(data_counts_for_the_next_hello)
{
    rig.config.hello_ms = 5000;
    opens(true, CAN_CONTROL, GRANT_MS);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    for (int i = 0; i < 10; i++) {
        rig_pass_ms(4000);
        data(call);
    }
    expect_nothing();
    rig_pass_ms(5000);
    began = expect(&peer, HELLO)->at;
    for (unsigned ms = 1000; ms < GRANT_MS; ms += 1000) {
        pass_to(ms);
        data(call);
    }
    expect_event(L2TPHA_EVENT_TUNNEL_UNRESPONSIVE);
    while (rig.heard)
        ck_assert_uint_eq(expect(&peer, HELLO)->message.header.ns, (uint16_t)(peer.nr - 1));
    ends_with_a_word_at(GRANT_MS);
}
END_TEST

/* R4951-5.1-16: neither a message nor an old acknowledgement is one */
START_TEST(what_acknowledges_nothing_does_not_stop_the_timer)
{
    falls_silent(CAN_CONTROL, GRANT_MS);
    becomes_unresponsive();
    forget_datagrams();
    pass_to(8000);
    assert_ok(say_valid(&peer, HELLO));
    expect_zlb(&peer);
    assert_ok(peer_acks(&peer));
    peer.nr++; /* acknowledges it: but from elsewhere */
    peer.path.remote.bytes[1]++;
    assert_error(peer_acks(&peer), L2TPHA_ERR_WRONG_PEER);
    peer.path.remote.bytes[1]--;
    peer.nr += 5; /* what was never sent */
    assert_ok(peer_acks(&peer));
    assert_true(!responds());
    expect_no_event();
    ends_with_a_word_at(GRANT_MS);
}
END_TEST

/* R4951-5.1-18 */
START_TEST(a_late_acknowledgement_restores_everything)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *waiting[3];

    falls_silent(CAN_CONTROL, GRANT_MS);
    becomes_unresponsive();
    for (int i = 0; i < 3; i++) {
        assert_ok(host_session_open(tunnel_of_peer(&peer), &options, rig.now, &waiting[i]));
        ck_assert_uint_eq(session_state(&peer, (uint16_t)l2tpha_session_id(waiting[i])),
                          L2TPHA_SESSION_WAIT_TUNNEL);
    }
    pass_to(GRANT_MS - 1);
    assert_true(stands() && !responds());
    forget_datagrams();
    expect_no_event();
    peer.nr++;
    assert_ok(peer_acks(&peer));
    assert_true(responds());
    expect_event(L2TPHA_EVENT_TUNNEL_RESPONSIVE);
    pass_to(GRANT_MS + LATE_MS);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(heard_u16(expect(&peer, ICRQ), 14), l2tpha_session_id(waiting[i]));
        assert_ok(peer_acks(&peer));
    }
    expect_nothing();
    rig_pass_ms(30000);
    assert_true(stands());
    expect_no_event();
    /* The next failure has all the time again. */
    forget_datagrams();
    began = rig.now;
    assert_ok(host_session_open(tunnel_of_peer(&peer), &options, rig.now, &waiting[0]));
    expect(&peer, ICRQ);
    pass_to(GRANT_MS - 1);
    assert_true(stands());
    expect_event(L2TPHA_EVENT_TUNNEL_UNRESPONSIVE);
    ck_assert_uint_eq(rig_counters()->tunnels_unresponsive, 2);
    pass_to(GRANT_MS + LATE_MS);
    assert_true(!stands());
    forget_datagrams();
}
END_TEST

START_TEST(an_acknowledgement_of_the_oldest_alone_begins_anew)
{
    uint16_t call = falls_silent(CAN_CONTROL, GRANT_MS);

    asks(call); /* leaves with the first */
    pass_to(_i ? 10000 : 5000);
    peer.nr++;
    assert_ok(peer_acks(&peer));
    if (_i) {
        expect_event(L2TPHA_EVENT_TUNNEL_UNRESPONSIVE);
        expect_event(L2TPHA_EVENT_TUNNEL_RESPONSIVE);
    }
    assert_true(responds());
    began = rig.now;
    ends_at(GRANT_MS);
    forget_datagrams();
}
END_TEST

START_TEST(the_host_may_close_what_does_not_respond)
{
    falls_silent(CAN_CONTROL, GRANT_MS);
    becomes_unresponsive();
    forget_datagrams();
    assert_ok(close_tunnel(&peer, 1));
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
    expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    if (_i) { /* it answers after all, and there is nothing to go on with */
        peer.nr++;
        assert_ok(peer_acks(&peer));
        expect_stopccn(&peer, 1, 0);
        assert_ok(peer_acks(&peer));
    } else {
        pass_to(GRANT_MS);
        forget_datagrams();
    }
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
    expect_no_event();
}
END_TEST

/* R4951-2-04: it is the peer that has failed and asks, whatever this end would do if it had failed
 * itself. Not even when the time is over. */
START_TEST(who_waits_asks_for_no_recovery)
{
    static const uint8_t methods[] = {L2TPHA_FAILOVER_SILENT, L2TPHA_FAILOVER_PROTOCOL,
                                      L2TPHA_FAILOVER_FALLBACK};

    rig.config.failover = methods[_i];
    falls_silent(CAN_CONTROL | CAN_DATA, GRANT_MS);
    becomes_unresponsive();
    ends_at(GRANT_MS);
    rig_pass_ms(GRANT_MS);
    ck_assert_ptr_nonnull(rig.heard);
    for (struct heard *heard = rig.heard; heard; heard = heard->next) {
        ck_assert_uint_eq(heard->message.type, SLI); /* copies */
        ck_assert(!heard_has(heard, AVP_RECOVERY));
        ck_assert_uint_eq(heard->message.header.tunnel_id, peer.id);
    }
    ck_assert_uint_eq(rig_counters()->recovery_attempts, 0);
    forget_datagrams();
}
END_TEST

/* --- attempts to recover it --- */

/* A recovery SCCRQ; nothing follows, so that the attempt ends after 7 s. */
static struct peer attempts(void)
{
    struct peer attempt = peer;
    uint8_t pair[10] = {0};

    attempt.ns = attempt.nr = attempt.node_id = 0;
    attempt.id = (uint16_t)(2000 + rig.now / 1000 % 10000);
    pair[4] = (uint8_t)(peer.id >> 8);
    pair[5] = (uint8_t)peer.id;
    pair[8] = (uint8_t)(peer.node_id >> 8);
    pair[9] = (uint8_t)peer.node_id;
    forget_datagrams();
    struct says sccrq = valid(&attempt, SCCRQ);
    add(&sccrq, AVP_OCTETS(WIRE_M, AVP_RECOVERY, pair, 10));
    assert_ok(say(&attempt, &sccrq));
    expect(&attempt, SCCRP);
    ck_assert_int_eq(expect_event(L2TPHA_EVENT_TUNNEL_RECOVERING)->event.by_peer, true);
    return attempt;
}

/* Nothing of the old tunnel leaves while it rests. */
static void only_sccrp(void)
{
    for (struct heard *heard = rig.heard; heard; heard = heard->next)
        ck_assert_uint_eq(heard->message.type, SCCRP);
    forget_datagrams();
}

START_TEST(a_failed_attempt_does_not_begin_the_time_anew)
{
    falls_silent(CAN_CONTROL, GRANT_MS);
    pass_to(_i ? 8000 : 5000);
    if (_i)
        expect_event(L2TPHA_EVENT_TUNNEL_UNRESPONSIVE);
    attempts();
    pass_to((_i ? 8000 : 5000) + TIMEOUT_MS - 1);
    only_sccrp();
    pass_to((_i ? 8000 : 5000) + TIMEOUT_MS + LATE_MS);
    expect(&peer, SLI); /* the answer may have been dropped */
    ends_at(GRANT_MS);
    forget_datagrams();
}
END_TEST

START_TEST(an_attempt_at_the_end_is_waited_for)
{
    falls_silent(CAN_CONTROL, GRANT_MS);
    becomes_unresponsive();
    pass_to(18000);
    attempts();
    pass_to(18000 + TIMEOUT_MS - 1);
    only_sccrp();
    assert_true(stands());
    if (_i == 0) { /* it may answer once more */
        ends_at(18000 + TIMEOUT_MS + 1000);
    } else if (_i == 1) { /* and does */
        pass_to(18000 + TIMEOUT_MS + 500);
        expect(&peer, SLI);
        assert_ok(peer_acks(&peer));
        expect_event(L2TPHA_EVENT_TUNNEL_RESPONSIVE);
        rig_pass_ms(60000);
        assert_true(stands() && responds());
    } else { /* attempt upon attempt do not keep it */
        pass_to(18000 + TIMEOUT_MS + 500);
        attempts();
        ends_at(18000 + 2 * TIMEOUT_MS + 500);
    }
    forget_datagrams();
}
END_TEST

START_TEST(an_attempt_that_is_proven_stops_the_timer)
{
    uint16_t call = falls_silent(CAN_CONTROL, GRANT_MS);
    becomes_unresponsive();
    pass_to(GRANT_MS - 100);
    struct peer attempt = attempts();
    assert_true(!responds());
    pass_to(GRANT_MS + 1000);
    only_sccrp();
    assert_true(stands() && !responds());
    assert_ok(say_valid(&attempt, SCCCN));
    expect_event(L2TPHA_EVENT_TUNNEL_RESPONSIVE);
    expect_event(L2TPHA_EVENT_TUNNEL_RECOVERED);
    assert_true(responds());
    ck_assert_uint_eq(session_state(&peer, call), L2TPHA_SESSION_ESTABLISHED);
    pass_to(GRANT_MS + 5000);
    assert_true(stands());
    forget_datagrams();
    forget_events();
}
END_TEST

Suite *suite_recovery_time(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("recovery_time", &tcase);

    tcase_add_loop_test(tcase, the_later_of_timeout_and_recovery_time, 0, 2 * GRANTS);
    tcase_add_test(tcase, no_time_for_a_tunnel_that_is_being_set_up);
    tcase_add_test(tcase, the_oldest_message_is_repeated_at_the_capped_interval);
    tcase_add_test(tcase, data_goes_on_and_does_not_stop_the_timer);
    tcase_add_test(tcase, data_counts_for_the_next_hello);
    tcase_add_test(tcase, what_acknowledges_nothing_does_not_stop_the_timer);
    tcase_add_test(tcase, a_late_acknowledgement_restores_everything);
    tcase_add_loop_test(tcase, an_acknowledgement_of_the_oldest_alone_begins_anew, 0, 2);
    tcase_add_loop_test(tcase, the_host_may_close_what_does_not_respond, 0, 2);
    tcase_add_loop_test(tcase, who_waits_asks_for_no_recovery, 0, 3);
    tcase_add_loop_test(tcase, a_failed_attempt_does_not_begin_the_time_anew, 0, 2);
    tcase_add_loop_test(tcase, an_attempt_at_the_end_is_waited_for, 0, 3);
    tcase_add_test(tcase, an_attempt_that_is_proven_stops_the_timer);
    return suite;
}
