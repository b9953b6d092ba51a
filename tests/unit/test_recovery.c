/* SPDX-License-Identifier: MIT */
/* Recovery by RFC 4951 from either end, against a peer by hand that may lie. */
#include "failover/recovery.h"

#include "control/transaction.h"
#include "fixture.h"
#include "node/node.h"
#include "sim/fsm_expect.h"
#include "unit/raw_recovery.h"

#include <l2tpha/failover.h>
#include <string.h>

/* --- the machine --- */

#define IDLE RECOVERY_IDLE
#define WAITING RECOVERY_WAITING
#define SCCRQ_SENT RECOVERY_SCCRQ_SENT
#define RESET_SENT RECOVERY_RESET_SENT
#define BOTH_FAILED RECOVERY_BOTH_FAILED
#define PEER_RECOVERING RECOVERY_PEER_RECOVERING
#define PEER_RECOVERED RECOVERY_PEER_RECOVERED

/* clang-format off */
static const struct fsm_expect expected[] = {
    {"3.2.1, this end has failed", IDLE, RECOVERY_OPEN, WAITING, NULL},
    {"3.2.1, SCCRQ", WAITING, RECOVERY_BEGIN, SCCRQ_SENT, "call_peer"},
    {"3.2.1, in time or not at all", WAITING, RECOVERY_EXPIRED, IDLE, "give_up"},
    {"own failure", WAITING, RECOVERY_FAILED, WAITING, "try_again"},
    {"appendix B", WAITING, RECOVERY_REQUEST, BOTH_FAILED, "suspend_old"},
    {"3.2.2, reset upon SCCRP", SCCRQ_SENT, RECOVERY_SCCRP, RESET_SENT, "reset_to_suggestion"},
    {"3.2.1, tie lost", SCCRQ_SENT, RECOVERY_LOST, WAITING, "try_again"},
    {"3.2.1, StopCCN", SCCRQ_SENT, RECOVERY_REFUSED, IDLE, "clear_old"},
    {"3.2.1, in time or not at all", SCCRQ_SENT, RECOVERY_EXPIRED, IDLE, "give_up"},
    {"own failure", SCCRQ_SENT, RECOVERY_FAILED, IDLE, "give_up"},
    {"appendix B", SCCRQ_SENT, RECOVERY_REQUEST, BOTH_FAILED, "suspend_old"},
    {"3.2.2, SCCCN is delivered", RESET_SENT, RECOVERY_SCCCN_ACKED, IDLE, "finish_recovery"},
    {"3.2.1, the peer may have failed", RESET_SENT, RECOVERY_LOST, WAITING, "try_again"},
    {"3.2.1, StopCCN", RESET_SENT, RECOVERY_REFUSED, IDLE, "clear_old"},
    {"3.2.1, in time or not at all", RESET_SENT, RECOVERY_EXPIRED, IDLE, "give_up"},
    {"own failure", RESET_SENT, RECOVERY_FAILED, IDLE, "give_up"},
    {"appendix B", RESET_SENT, RECOVERY_REQUEST, BOTH_FAILED, "suspend_old"},
    {"the peer asks anew", BOTH_FAILED, RECOVERY_REQUEST, FSM_SAME, "suspend_old"},
    {"3.2.2, reset upon SCCCN", BOTH_FAILED, RECOVERY_CONNECTED, PEER_RECOVERED, "reset_old"},
    {"the peer has not come back", BOTH_FAILED, RECOVERY_LOST, WAITING, "try_again"},
    {"its time is over", BOTH_FAILED, RECOVERY_EXPIRED, IDLE, "give_up"},
    {"own failure", BOTH_FAILED, RECOVERY_FAILED, IDLE, "give_up"},
    {"3.2.1, remote endpoint", IDLE, RECOVERY_REQUEST, PEER_RECOVERING, "suspend_old"},
    {"the peer asks anew", PEER_RECOVERING, RECOVERY_REQUEST, FSM_SAME, "suspend_old"},
    {"3.2.2, reset upon SCCCN", PEER_RECOVERING, RECOVERY_CONNECTED, PEER_RECOVERED, "reset_old"},
    {"nothing is proven for long", PEER_RECOVERING, RECOVERY_EXPIRED, FSM_SAME, "resume_unproven"},
    {"3.2.1, nothing is proven", PEER_RECOVERING, RECOVERY_LOST, IDLE, "resume_old"},
    {"1, one that closes is not recovered", PEER_RECOVERING, RECOVERY_CLOSED, IDLE, "refuse_peer"},
    {"own failure", PEER_RECOVERING, RECOVERY_FAILED, IDLE, "resume_old"},
    {"3.2.2, the peer closes", PEER_RECOVERED, RECOVERY_LOST, IDLE, "ask_about_sessions"},
    {"3.2.2, either end may", PEER_RECOVERED, RECOVERY_EXPIRED, IDLE, "close_recovered"},
    {"the peer fails again", PEER_RECOVERED, RECOVERY_REQUEST, PEER_RECOVERING, "suspend_old"},
    {"own failure", PEER_RECOVERED, RECOVERY_FAILED, IDLE, "resume_old"},
    {"own failure", IDLE, RECOVERY_FAILED, IDLE, NULL},
};
/* clang-format on */

START_TEST(table_is_sound)
{
    assert_ok(fsm_check(&recovery_fsm));
}
END_TEST

START_TEST(every_state_with_every_event)
{
    fsm_expect_all(&recovery_fsm, expected, sizeof(expected) / sizeof(expected[0]));
}
END_TEST

/* --- a tunnel to be recovered --- */

/* The node has failed, and its successor asks for a recovery; the peer is about to answer. */
static void fail_over(void)
{
    struct l2tpha_tunnel_recovery named = {0};
    uint16_t id = 0;

    peer.trust = L2TPHA_TRUST_UNCERTAIN;
    raw_take_over(&peer);
    raw_pass(&peer, 10);
    const struct l2tpha_message *sccrq = raw_expect(&peer, L2TPHA_MESSAGE_SCCRQ);
    ck_assert(
        l2tpha_avp_tunnel_recovery(l2tpha_message_find(sccrq, L2TPHA_AVP_TUNNEL_RECOVERY), &named));
    ck_assert_uint_eq(named.tunnel_id, old.node_id);
    ck_assert_uint_eq(named.remote_tunnel_id, old.id);
    ck_assert(l2tpha_message_has(sccrq, L2TPHA_AVP_TIE_BREAKER));
    ck_assert(l2tpha_message_u16(sccrq, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &id));
    to_recovery_tunnel(id, 0, 1);
    raw_forget(&peer);
}

/* An AVP with these octets behind what has been begun, and off with it. */
static int send_with(uint16_t type, const uint8_t *octets, size_t count)
{
    size_t len;

    assert_ok(l2tpha_builder_end(&peer.builder, &len));
    put_u16(peer.build + len, (uint16_t)(6 + count));
    put_u16(peer.build + len + 2, 0);
    put_u16(peer.build + len + 4, type);
    if (count)
        memcpy(peer.build + len + 6, octets, count);
    len += 6 + count;
    put_u16(peer.build + 2, (uint16_t)len);
    l2tpha_header_stamp(peer.build, peer.ns++, peer.nr);
    return raw_feed(&peer, peer.build, len);
}

static void put_suggestion(uint16_t ns, uint16_t nr)
{
    const struct l2tpha_suggested_sequence suggested = {.ns = ns, .nr = nr};

    l2tpha_builder_put_suggested_sequence(&peer.builder, &suggested);
}

static const struct l2tpha_message *expect_old_hello(void)
{
    const struct l2tpha_message *hello = raw_expect(&peer, L2TPHA_MESSAGE_HELLO);

    ck_assert_uint_eq(hello->header.tunnel_id, old.id);
    return hello;
}

/* --- 3 and 100: which number is whose (RFC 4951 5.3) --- */

START_TEST(recovery_end_goes_on_with_the_numbers_as_suggested)
{
    open_old(L2TPHA_FAILOVER_PROTOCOL);
    fail_over();
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    put_suggestion(3, 100);
    assert_ok(raw_send(&peer));
    raw_expect(&peer, L2TPHA_MESSAGE_SCCCN);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_HELLO), 0); /* the peer may not know yet */
    assert_ok(raw_ack(&peer));
    const struct l2tpha_message *hello = expect_old_hello();
    ck_assert_uint_eq(hello->header.ns, 3);
    ck_assert_uint_eq(hello->header.nr, 100);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
    ck_assert_uint_eq(raw_counters(&peer)->recoveries, 1);
    /* A call of the peer's with Ns 100 is heard. */
    raw_forget(&peer);
    to_old_tunnel(100, 4);
    raw_begin_request(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(raw_expect(&peer, L2TPHA_MESSAGE_ICRP)->header.ns, 4);
    ck_assert(!(old_tunnel()->entry.record.flags & L2TPHA_TUNNEL_RESET_SENT));
}
END_TEST

START_TEST(remote_end_goes_on_with_them_the_other_way_round)
{
    struct l2tpha_suggested_sequence suggested = {0};
    const struct l2tpha_session_options incoming = {
        .size = sizeof(incoming), .call = L2TPHA_CALL_INCOMING, .framing = 1};
    struct l2tpha_session *session;

    open_old(L2TPHA_FAILOVER_PROTOCOL);
    ask_recovery(1);
    assert_ok(raw_send(&peer));
    const struct l2tpha_message *sccrp = raw_expect(&peer, L2TPHA_MESSAGE_SCCRP);
    ck_assert(l2tpha_avp_suggested_sequence(
        l2tpha_message_find(sccrp, L2TPHA_AVP_SUGGESTED_SEQUENCE), &suggested));
    ck_assert_uint_ne(suggested.ns, suggested.nr);
    ck_assert(old_tunnel()->channel.suspended);
    raw_begin(&peer, L2TPHA_MESSAGE_SCCCN, 0);
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
    raw_forget(&peer);
    to_old_tunnel(suggested.ns, suggested.nr);
    assert_ok(l2tpha_session_open(old_tunnel(), &incoming, peer.now, &session));
    raw_drain(&peer);
    const struct l2tpha_message *icrq = raw_expect(&peer, L2TPHA_MESSAGE_ICRQ);
    ck_assert_uint_eq(icrq->header.ns, suggested.nr);
    ck_assert_uint_eq(icrq->header.nr, suggested.ns);
    raw_begin_reply(&peer, L2TPHA_MESSAGE_ICRP, l2tpha_session_id(session));
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(raw_expect(&peer, L2TPHA_MESSAGE_ICCN)->header.ns,
                      (uint16_t)(suggested.nr + 1));
}
END_TEST

/* --- a peer that lies --- */

static const struct {
    uint16_t type;
    uint8_t octets[10];
    size_t count;
    bool believed;
} replies[] = {
    {L2TPHA_AVP_SUGGESTED_SEQUENCE, {0, 0, 0, 3, 0, 100}, 5, false},
    {L2TPHA_AVP_SUGGESTED_SEQUENCE, {0, 0, 0, 3, 0, 100}, 7, false},
    {L2TPHA_AVP_SUGGESTED_SEQUENCE, {0}, 0, false},
    {L2TPHA_AVP_TUNNEL_RECOVERY, {0, 0, 0, 0, 0, 1, 0, 0, 0, 1}, 10, false}, /* another pair */
    {L2TPHA_AVP_TUNNEL_RECOVERY, {0}, 10, false},
    {L2TPHA_AVP_TUNNEL_RECOVERY, {0}, 3, false},
    {L2TPHA_AVP_FAILOVER_CAPABILITY, {0, 3, 0, 0, 0, 0}, 6, true}, /* out of place, no harm */
    {L2TPHA_AVP_FAILOVER_CAPABILITY, {0}, 1, true},
};

#define REPLIES (int)(sizeof(replies) / sizeof(replies[0]))

/* Half of the runs: what the tunnel may fall back to. */
START_TEST(reply_that_lies_is_not_believed)
{
    int row = _i / 2;
    bool fallback = _i % 2;

    open_old(fallback ? L2TPHA_FAILOVER_FALLBACK : L2TPHA_FAILOVER_PROTOCOL);
    uint16_t ns = old_tunnel()->entry.record.ns;
    fail_over();
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    if (send_with(replies[row].type, replies[row].octets, replies[row].count) == L2TPHA_OK)
        ck_assert(replies[row].believed);
    if (replies[row].believed) {
        /* RFC 4951 5.3: nothing suggested, so both begin with 0. */
        raw_expect(&peer, L2TPHA_MESSAGE_SCCCN);
        ck_assert_uint_eq(old_tunnel()->entry.record.ns, 0);
        ck_assert_uint_eq(raw_counters(&peer)->recoveries_degraded, 1);
        return;
    }
    raw_expect(&peer, L2TPHA_MESSAGE_STOPCCN);
    ck_assert(old_tunnel()->channel.suspended); /* another attempt may fare better */
    raw_pass(&peer, fallback ? 10000 : 60000);
    ck_assert_uint_eq(raw_counters(&peer)->recoveries_failed, 1);
    if (fallback)
        ck_assert_uint_eq(expect_old_hello()->header.ns, ns);
    else
        ck_assert_ptr_null(old_tunnel());
}
END_TEST

/* 0 stands for the right one, 1 to 3 for wrong ones. */
static const struct {
    uint8_t mine, yours;
    bool twice;
} requests[] = {{1, 0, false}, {0, 1, false}, {2, 0, false}, {0, 2, false}, {2, 2, false},
                {3, 3, false}, {0, 3, false}, {3, 0, false}, {0, 0, true}};

static uint32_t wrong_id(uint8_t how, uint16_t right, uint16_t other)
{
    const uint32_t ids[] = {right, right + 1u, 0, other};

    return ids[how];
}

static void pair_octets(uint8_t octets[10], uint32_t mine, uint32_t yours)
{
    put_u16(octets, 0);
    put_u32(octets + 2, mine);
    put_u32(octets + 6, yours);
}

START_TEST(request_that_names_no_tunnel_harms_none)
{
    uint8_t octets[10];

    open_old(L2TPHA_FAILOVER_PROTOCOL);
    struct l2tpha_tunnel_record before = old_tunnel()->entry.record;
    pair_octets(octets, wrong_id(requests[_i].mine, old.id, old.node_id),
                wrong_id(requests[_i].yours, old.node_id, old.id));
    if (requests[_i].twice) {
        ask_recovery(1);
    } else {
        to_recovery_tunnel(0, 0, 0);
        raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    }
    int error = send_with(L2TPHA_AVP_TUNNEL_RECOVERY, octets, sizeof(octets));
    ck_assert_int_ne(error, L2TPHA_OK);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_SCCRP), 0);
    raw_pass(&peer, 40000);
    const struct l2tpha_tunnel *tunnel = old_tunnel();
    ck_assert_ptr_nonnull(tunnel);
    ck_assert(!tunnel->channel.suspended);
    ck_assert_uint_eq(tunnel->entry.record.state, L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(tunnel->entry.record.nr, before.nr);
    ck_assert_uint_eq(tunnel->entry.record.ns, before.ns);
    ck_assert_uint_eq(peer.node->engine.recovering, 0);
    to_old_tunnel(old.ns, old.nr);
    raw_begin_request(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    assert_ok(raw_send(&peer));
    raw_expect(&peer, L2TPHA_MESSAGE_ICRP);
}
END_TEST

/* --- deadlines --- */

START_TEST(silent_peer_loses_the_tunnel_at_the_deadline)
{
    open_old(L2TPHA_FAILOVER_PROTOCOL);
    fail_over();
    raw_pass(&peer, 59000);
    ck_assert_ptr_nonnull(old_tunnel());
    raw_pass(&peer, 1100);
    ck_assert_ptr_null(old_tunnel());
    for (uint32_t i = 0; i < peer.sent_count; i++)
        ck_assert_uint_eq(peer.sent[i].type, L2TPHA_MESSAGE_SCCRQ); /* not a word on the old one */
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_DOWN), 1);
    raw_pass(&peer, 60000);
    ck_assert_uint_eq(peer.node->engine.recovering, 0);
}
END_TEST

START_TEST(silent_peer_is_recovered_silently_when_patience_is_over)
{
    open_old(L2TPHA_FAILOVER_FALLBACK);
    uint16_t ns = old_tunnel()->entry.record.ns;
    fail_over();
    raw_pass(&peer, 9500);
    ck_assert(old_tunnel()->channel.suspended);
    raw_forget(&peer);
    raw_pass(&peer, 600);
    ck_assert_uint_eq(expect_old_hello()->header.ns, ns);
    /* It may have answered all the same, and rest the old tunnel until it is told. */
    ck_assert_uint_eq(peer.node->engine.recovering, 1);
    to_recovery_tunnel(0, 1, 1);
    raw_pass(&peer, 16000);
    ck_assert_uint_ge(raw_count(&peer, L2TPHA_MESSAGE_SCCRQ), 1);
    ck_assert_ptr_nonnull(old_tunnel());
}
END_TEST

START_TEST(peer_that_never_completes_gets_its_tunnel_back)
{
    open_old(L2TPHA_FAILOVER_PROTOCOL);
    struct l2tpha_tunnel_record before = old_tunnel()->entry.record;
    ask_recovery(1);
    assert_ok(raw_send(&peer));
    raw_expect(&peer, L2TPHA_MESSAGE_SCCRP);
    raw_forget(&peer);
    to_old_tunnel(old.ns, old.nr);
    raw_begin_request(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    assert_ok(raw_send(&peer)); /* dropped: the old channel rests */
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_ICRP), 0);
    ck_assert_uint_eq(raw_counters(&peer)->suspended_drops, 1);
    raw_pass(&peer, 61000);
    ck_assert(!old_tunnel()->channel.suspended);
    ck_assert_uint_eq(old_tunnel()->entry.record.nr, before.nr);
    raw_forget(&peer);
    peer.ns = old.ns;
    raw_begin_request(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    assert_ok(raw_send(&peer));
    raw_expect(&peer, L2TPHA_MESSAGE_ICRP);
}
END_TEST

/* A request that comes late, or one of a node that fails again, must not cost the earlier recovery
 * its queries. */
START_TEST(attempt_that_comes_to_nothing_does_not_keep_from_asking)
{
    open_old(L2TPHA_FAILOVER_PROTOCOL);
    ask_recovery(1);
    assert_ok(raw_send(&peer));
    raw_begin(&peer, L2TPHA_MESSAGE_SCCCN, 0);
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
    to_recovery_tunnel(0, 0, 0);
    peer.id = RECOVERY_ID + 1;
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    const struct l2tpha_tunnel_recovery named = {.tunnel_id = old.id,
                                                 .remote_tunnel_id = old.node_id};
    l2tpha_builder_put_tunnel_recovery(&peer.builder, &named);
    assert_ok(raw_send(&peer));
    ck_assert(old_tunnel()->channel.suspended);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSIONS_SYNCED), 0);
    raw_pass(&peer, 61000);
    ck_assert(!old_tunnel()->channel.suspended);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSIONS_SYNCED), 1);
}
END_TEST

/* --- failing again --- */

START_TEST(recovery_begins_in_every_generation)
{
    open_old(L2TPHA_FAILOVER_PROTOCOL);
    for (int generation = 0; generation < 4; generation++) {
        fail_over();
        raw_protect(&peer, NULL);
    }
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    put_suggestion(3, 100);
    assert_ok(raw_send(&peer));
    assert_ok(raw_ack(&peer));
    ck_assert_uint_eq(expect_old_hello()->header.ns, 3);
}
END_TEST

/* The numbers of the claim that its predecessor made may be known to nobody else. */
START_TEST(a_tunnel_with_a_reset_sent_is_never_recovered_silently)
{
    open_old(L2TPHA_FAILOVER_FALLBACK);
    fail_over();
    raw_protect(&peer, NULL);
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    put_suggestion(3, 100);
    assert_ok(raw_send(&peer));
    for (int generation = 0; generation < 2; generation++) {
        fail_over();
        raw_protect(&peer, NULL);
    }
    raw_pass(&peer, 59000);
    ck_assert_ptr_nonnull(old_tunnel());
    raw_pass(&peer, 1100);
    ck_assert_ptr_null(old_tunnel());
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_HELLO), 0);
}
END_TEST

START_TEST(tunnel_whose_scccn_may_be_lost_is_recovered_silently)
{
    raw_protect(&peer, NULL);
    raw_open(&peer);
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    put_capability();
    assert_ok(raw_send(&peer));
    raw_expect(&peer, L2TPHA_MESSAGE_SCCCN);
    old = (struct channel_ends){peer.id, peer.node_id, peer.ns, peer.nr};
    set_method(old_tunnel(), L2TPHA_FAILOVER_PROTOCOL);
    peer.nr = 1;
    raw_take_over(&peer);
    raw_expect(&peer, L2TPHA_MESSAGE_SCCCN);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_SCCRQ), 0);
    ck_assert(!old_tunnel()->channel.suspended);
}
END_TEST

/* The peer has acknowledged our SCCRQ and died; what its successor asks with loses the tie. */
START_TEST(recovery_that_the_peer_has_forgotten_is_begun_anew)
{
    open_old(L2TPHA_FAILOVER_PROTOCOL);
    fail_over();
    assert_ok(raw_ack(&peer));
    ask_recovery(0xff);
    assert_error(raw_send(&peer), L2TPHA_ERR_REFUSED);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_SCCRP), 0);
    raw_pass(&peer, 200);
    ask_recovery(0xff); /* its first retransmission */
    assert_ok(raw_send(&peer));
    raw_expect(&peer, L2TPHA_MESSAGE_SCCRP);
    raw_begin(&peer, L2TPHA_MESSAGE_SCCCN, 0);
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
}
END_TEST

/* A late copy of a loser must not begin anew once the winner has done its work. */
START_TEST(copy_of_a_loser_is_dropped)
{
    open_old(L2TPHA_FAILOVER_PROTOCOL);
    fail_over();
    uint16_t node_id = peer.node_id;
    ask_recovery(0xff);
    assert_error(raw_send(&peer), L2TPHA_ERR_REFUSED);
    to_recovery_tunnel(node_id, 0, 1);
    peer.id = RECOVERY_ID + 1;
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    put_suggestion(3, 100);
    assert_ok(raw_send(&peer));
    assert_ok(raw_ack(&peer));
    expect_old_hello();
    ask_recovery(0xff);
    ck_assert_int_ne(raw_send(&peer), L2TPHA_OK);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_SCCRP), 0);
    ck_assert(!old_tunnel()->channel.suspended);
}
END_TEST

Suite *suite_recovery(void);
Suite *suite_recovery(void)
{
    Suite *suite = suite_create("recovery");
    TCase *tcase = tcase_create("recovery");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, table_is_sound);
    tcase_add_test(tcase, every_state_with_every_event);
    tcase_add_test(tcase, recovery_end_goes_on_with_the_numbers_as_suggested);
    tcase_add_test(tcase, remote_end_goes_on_with_them_the_other_way_round);
    tcase_add_loop_test(tcase, reply_that_lies_is_not_believed, 0, 2 * REPLIES);
    tcase_add_loop_test(tcase, request_that_names_no_tunnel_harms_none, 0,
                        (int)(sizeof(requests) / sizeof(requests[0])));
    tcase_add_test(tcase, silent_peer_loses_the_tunnel_at_the_deadline);
    tcase_add_test(tcase, silent_peer_is_recovered_silently_when_patience_is_over);
    tcase_add_test(tcase, peer_that_never_completes_gets_its_tunnel_back);
    tcase_add_test(tcase, attempt_that_comes_to_nothing_does_not_keep_from_asking);
    tcase_add_test(tcase, recovery_begins_in_every_generation);
    tcase_add_test(tcase, a_tunnel_with_a_reset_sent_is_never_recovered_silently);
    tcase_add_test(tcase, tunnel_whose_scccn_may_be_lost_is_recovered_silently);
    tcase_add_test(tcase, recovery_that_the_peer_has_forgotten_is_begun_anew);
    tcase_add_test(tcase, copy_of_a_loser_is_dropped);
    suite_add_tcase(suite, tcase);
    return suite;
}
