/* SPDX-License-Identifier: MIT */
/* A client that always has the same address, port and tunnel id begins anew: after its StopCCN,
 * after a reboot without a word, in the middle of a set-up, twice at once. It is answered at once;
 * what it had falls when what it asks for is established, and not before, so that a forged request
 * ends nothing. */
#include "dice.h"
#include "scenario/rig_recovery.h"

#define CYCLE_MS 32000 /* more than a full retransmission cycle */
#define HUSH_MS 2000   /* a tunnel may be silent for the sake of one that was asked for later */

static struct peer old, fresh, other;

/* The same address and id, and nothing remembered. */
static void begin_anew(struct peer *peer)
{
    const struct l2tpha_path path = old.path; /* peer may be the old one itself */
    uint16_t id = old.id;

    memset(peer, 0, sizeof(*peer));
    peer->path = path;
    peer->id = id;
}

/* Its SCCRQ; tie = 0: without any Tie Breaker, as clients that always say the same. */
static struct says request(const struct peer *peer, uint32_t tie)
{
    static uint8_t value[8];
    struct says sccrq = valid(peer, SCCRQ);

    memcpy(value, &tie, sizeof(tie));
    if (tie)
        add(&sccrq, AVP_OCTETS(0, 5, value, 8));
    return sccrq;
}

static int ask(struct peer *peer, uint32_t tie)
{
    begin_anew(peer);
    struct says sccrq = request(peer, tie);
    return say(peer, &sccrq);
}

/* An SCCRP for a tunnel of its own, and nothing else. */
static void expect_new(struct peer *peer)
{
    const struct heard *sccrp = expect_on(peer, SCCRP);

    ck_assert_uint_eq(sccrp->message.header.ns, 0);
    ck_assert_uint_eq(sccrp->message.header.nr, 1);
    ck_assert_uint_ne(peer->node_id, old.node_id);
    expect_nothing();
}

static void complete(struct peer *peer)
{
    assert_ok(say_valid(peer, SCCCN));
    struct peer same_id = *peer;
    for (uint32_t ms = 0; ms <= HUSH_MS && !rig.heard; ms += 100) {
        rig_pass_ms(100);
        while (rig.heard && rig.heard->by != peer->node_id) /* of those asked for later */
            expect(&same_id, SCCRP);
    }
    expect_zlb(peer);
    ck_assert_uint_eq(tunnel_state(peer), L2TPHA_TUNNEL_ESTABLISHED);
}

static void old_has_fallen(void)
{
    const struct told *down = expect_event(L2TPHA_EVENT_TUNNEL_DOWN);

    ck_assert_uint_eq(down->event.tunnel_id, old.node_id);
    ck_assert_int_eq(down->event.status, L2TPHA_ERR_REPLACED);
    ck_assert_str_eq(down->text, "the peer has begun anew");
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
    ck_assert_uint_eq(expect_event(L2TPHA_EVENT_TUNNEL_UP)->event.tunnel_id, fresh.node_id);
    expect_no_event();
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_IDLE);
    ck_assert_uint_eq(rig_counters()->tunnels_replaced, 1);
    expect_nothing(); /* not a word about it to the peer */
}

START_TEST(after_its_stopccn_a_request_is_new)
{
    peer_opens(&old, 1);
    assert_ok(say_valid(&old, STOPCCN));
    expect_zlb(&old);
    forget_events();
    assert_ok(ask(&fresh, 0));
    expect_new(&fresh);
    complete(&fresh);
    ck_assert_uint_eq(tunnels_of_node(), 1);
    /* The StopCCN comes once more, late: it is nobody's. */
    assert_error(say_again(&old), L2TPHA_ERR_NOT_OURS);
    expect_nothing();
    assert_alive(&fresh);
}
END_TEST

static void end_by_host(void)
{
    assert_ok(close_tunnel(&old, 1));
    expect_stopccn(&old, 1, 0);
    forget_events();
}

/* Its host has closed the tunnel, which the client has not heard. What repeats the StopCCN until
 * then would end the new one. */
START_TEST(the_end_of_the_old_one_is_not_repeated)
{
    peer_opens(&old, 1);
    end_by_host();
    assert_ok(ask(&fresh, 0));
    expect_new(&fresh);
    complete(&fresh);
    rig_pass_ms(40000);
    expect_nothing();
    assert_alive(&fresh);
}
END_TEST

/* In whatever they differ. */
START_TEST(another_request_is_new_at_once)
{
    rig.secret = _i == 1 ? "secret" : NULL;
    if (_i == 1)
        peer_begins(&old, 1);
    else
        peer_opens(&old, 1);
    if (_i == 1) {
        struct says first = valid(&old, SCCRQ);
        add(&first, AVP_TEXT(WIRE_M, 11, "challenge"));
        assert_ok(say(&old, &first));
        expect_on(&old, SCCRP);
    }
    begin_anew(&fresh);
    struct says sccrq = request(&fresh, _i == 0);
    if (_i == 1)
        add(&sccrq, AVP_TEXT(WIRE_M, 11, "another"));
    if (_i == 2)
        change(&sccrq, AVP_TEXT(WIRE_M, 7, "another"));
    assert_ok(say(&fresh, &sccrq));
    expect_new(&fresh);
    if (_i == 1)
        return;
    rig_pass_ms(HUSH_MS);
    forget_datagrams(); /* the SCCRP again */
    assert_alive(&old);
    complete(&fresh);
    old_has_fallen();
}
END_TEST

START_TEST(the_same_request_is_new_after_a_cycle)
{
    peer_opens(&old, 1);
    rig_pass_ms(CYCLE_MS);
    assert_ok(ask(&fresh, 0));
    expect_new(&fresh);
    complete(&fresh);
    old_has_fallen();
}
END_TEST

/* What comes after a takeover may have waited for it, and its sender live in the tunnel. */
START_TEST(a_copy_after_a_takeover_is_one)
{
    rig.config.failover = L2TPHA_FAILOVER_SILENT;
    peer_opens(&old, 1);
    node_fails();
    expect(&old, HELLO);
    assert_error(ask(&fresh, 0), L2TPHA_ERR_DUPLICATE);
    assert_ok(peer_acks(&old));
    expect_nothing();
    ck_assert_uint_eq(tunnels_of_node(), 1);
}
END_TEST

/* One may be late on the wire. A client that has its answer does not repeat itself. */
START_TEST(the_same_request_is_new_when_it_is_repeated)
{
    peer_opens(&old, 1);
    uint64_t digest = rig_digest();
    assert_error(ask(&fresh, 0), L2TPHA_ERR_DUPLICATE);
    ck_assert_uint_eq(rig_digest(), digest);
    forget_datagrams();
    rig_pass_ms(100);
    assert_error(ask(&fresh, 0), L2TPHA_ERR_DUPLICATE); /* both were late */
    forget_datagrams();
    rig_pass_ms(900);
    assert_ok(ask(&fresh, 0));
    expect_new(&fresh);
    complete(&fresh);
    old_has_fallen();
}
END_TEST

/* Nobody completes what was forged. */
START_TEST(a_forged_request_ends_nothing)
{
    uint16_t call;

    peer_opens(&old, 1);
    other.path = old.path;
    call = peer_dials(&old, PEER_CALL);
    forget_events();
    for (uint32_t i = 1; i <= 20; i++) {
        assert_ok(ask(&fresh, i));
        forget_datagrams();
        ck_assert_uint_le(tunnels_of_node(), 1 + 4);
    }
    rig_pass_ms(HUSH_MS);
    forget_datagrams();
    /* All of them are given up, and none of it is said with a word that would end the true one. */
    for (unsigned i = 0; i < 90; i++) {
        assert_alive(&old);
        rig_pass_ms(1000);
        while (rig.heard) {
            ck_assert(rig.heard->message.type == SCCRP || rig.heard->message.type == ZLB ||
                      rig.heard->message.type == HELLO);
            expect(&other, rig.heard->message.type);
        }
    }
    ck_assert_uint_eq(tunnels_of_node(), 1);
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_ESTABLISHED);
    expect_no_event();
}
END_TEST

/* In the middle of a set-up with the same words: the answer is the same, and comes at once. */
START_TEST(a_half_open_tunnel_answers_again)
{
    peer_begins(&old, 1);
    assert_ok(say_valid(&old, SCCRQ));
    expect_on(&old, SCCRP);
    rig_pass_ms(5000);
    forget_datagrams();
    assert_error(ask(&fresh, 0), L2TPHA_ERR_DUPLICATE);
    expect_on(&fresh, SCCRP);
    expect_nothing();
    ck_assert_uint_eq(fresh.node_id, old.node_id);
    complete(&fresh);
    ck_assert_uint_eq(tunnels_of_node(), 1);
}
END_TEST

/* Whichever the client completes: the older ones go, the younger are still to come. */
START_TEST(of_several_half_open_the_older_fall)
{
    peer_begins(&old, 1);
    assert_ok(ask(&fresh, 1));
    expect_on(&fresh, SCCRP);
    assert_ok(ask(&old, 2));
    expect_on(&old, SCCRP);
    assert_ok(ask(&other, 3));
    expect_on(&other, SCCRP);
    complete(&old);
    ck_assert_uint_eq(tunnel_state(&fresh), L2TPHA_TUNNEL_IDLE);
    ck_assert_uint_eq(tunnel_state(&other), L2TPHA_TUNNEL_WAIT_CTL_CONN);
    forget_events();
    complete(&other);
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_IDLE);
    expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
}
END_TEST

/* It does not know our id: it means what is half open, and the first of it. */
START_TEST(a_stopccn_without_id_spares_what_is_up)
{
    peer_opens(&old, 1);
    assert_ok(ask(&fresh, 1));
    expect_new(&fresh);
    uint16_t id = fresh.node_id;
    fresh.node_id = 0;
    fresh.nr = 0;
    assert_ok(say_valid(&fresh, STOPCCN));
    fresh.node_id = id;
    expect_zlb(&fresh);
    ck_assert_uint_eq(tunnel_state(&fresh), L2TPHA_TUNNEL_STOPPED);
    assert_alive(&old);
}
END_TEST

/* Both are with the standby, which goes on with both. */
START_TEST(a_takeover_keeps_both)
{
    rig.config.failover = L2TPHA_FAILOVER_SILENT;
    peer_opens(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    assert_ok(ask(&fresh, 1));
    expect_new(&fresh);
    node_fails();
    forget_datagrams(); /* HELLO, and the SCCRP again */
    ck_assert_uint_eq(tunnels_of_node(), 2);
    assert_ok(peer_acks(&old));
    assert_error(ask(&other, 1), L2TPHA_ERR_DUPLICATE); /* the same request is known for it still */
    forget_datagrams();
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_ESTABLISHED);
    forget_events();
    assert_ok(say_valid(&fresh, SCCCN));
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_IDLE);
    ck_assert_uint_eq(tunnel_state(&fresh), L2TPHA_TUNNEL_ESTABLISHED);
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
    expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
}
END_TEST

/* RFC 4951: while the old tunnel is being recovered it is not known what has become of the peer. */
START_TEST(the_same_request_waits_for_a_recovery)
{
    peer_opens_capable(&old, 1);
    struct peer recovery;
    peer_asks_back(&recovery, &old);
    forget_datagrams();
    begin_anew(&fresh);
    struct says sccrq = request(&fresh, 0);
    assert_ok(say(&fresh, &sccrq));
    expect_nothing();
    ck_assert_uint_eq(rig_counters()->suspended_drops, 1);
}
END_TEST

/* --- many times --- */

/* Until the client hears an SCCRP it repeats itself, each second. */
static uint32_t dial(uint32_t tie)
{
    struct says sccrq;
    uint32_t waited = 0;

    begin_anew(&fresh);
    sccrq = request(&fresh, tie);
    say(&fresh, &sccrq);
    for (;;) {
        rig_drain();
        while (rig.heard && rig.heard->message.type != SCCRP)
            expect(&other, rig.heard->message.type);
        if (rig.heard)
            break;
        rig_pass_ms(50);
        waited += 50;
        if (waited % 1000 == 0)
            say_again(&fresh);
        ck_assert_uint_le(waited, 5000);
    }
    expect_on(&fresh, SCCRP);
    return waited;
}

static void pause_somewhat(void)
{
    static const uint32_t ms[] = {1, 30, 400, 1500, 5000, 20000, 40000, 90000};

    rig_pass_ms(1 + below(ms[below(8)]));
    forget_datagrams();
}

/* What another client with another port and the same id has, and one with another id. */
static void others_are_up(struct peer *by_port, struct peer *by_id)
{
    for (int i = 0; i < 2; i++) {
        struct peer *peer = i ? by_port : by_id;
        peer_begins(peer, 2 + (unsigned)i);
        if (i)
            peer->id = old.id;
        else
            peer->path = old.path;
        forget_datagrams();
        assert_ok(say_valid(peer, SCCRQ));
        expect_on(peer, SCCRP);
        assert_ok(say_valid(peer, SCCCN));
        rig_pass_ms(100);
        forget_datagrams();
    }
}

/* They answer whatever asks for it; the client that is gone does not. */
static void others_answer(struct peer *by_port, struct peer *by_id)
{
    rig_drain();
    while (rig.heard) {
        uint16_t type = rig.heard->message.type;
        struct peer *peer = &other;
        if (rig.heard->path.remote.bytes[1] != old.path.remote.bytes[1])
            peer = by_port;
        else if (rig.heard->message.header.tunnel_id == by_id->id)
            peer = by_id;
        expect(peer, type);
        if (type != ZLB && peer != &other)
            assert_ok(peer_acks(peer));
    }
}

static void others_stay_up(const struct peer *by_port, const struct peer *by_id)
{
    ck_assert_uint_eq(tunnel_state(by_port), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(tunnel_state(by_id), L2TPHA_TUNNEL_ESTABLISHED);
}

/* Redials at random moments. A client that says the same each time is heard with its first
 * repetition at the latest, any other one at once. */
START_TEST(redials_at_random_moments)
{
    struct peer by_port, by_id;
    uint32_t tie = 0;
    bool same = _i % 2;

    rig.config.hello_ms = 0;
    rig.config.failover = L2TPHA_FAILOVER_SILENT;
    random_state = (uint64_t)_i + 1;
    peer_begins(&old, 1);
    others_are_up(&by_port, &by_id);
    other.path = old.path;
    for (unsigned i = 0; i < 100; i++) {
        if (!same)
            tie++;
        uint32_t waited = dial(tie);
        ck_assert_uint_le(waited, same ? 1000 : 0);
        uint32_t what = below(5);
        if (what == 0) /* dies in the middle of it */
            continue;
        if (what == 1 && !same) { /* twice at once */
            struct peer twin = fresh;
            dial(++tie);
            if (below(2))
                fresh = twin;
        }
        assert_ok(say_valid(&fresh, SCCCN));
        ck_assert_uint_eq(tunnel_state(&fresh), L2TPHA_TUNNEL_ESTABLISHED);
        pause_somewhat();
        others_stay_up(&by_port, &by_id);
        if (what == 2) { /* says good-bye, which may come twice */
            say_valid(&fresh, STOPCCN);
            pause_somewhat();
            say_again(&fresh);
        }
        if (what == 3) {
            node_fails();
            others_answer(&by_port, &by_id);
        }
        forget_events();
        forget_datagrams();
        ck_assert_uint_le(tunnels_of_node(), 2 + 6);
    }
    others_stay_up(&by_port, &by_id);
}
END_TEST

Suite *suite_redial(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("redial", &tcase);

    tcase_add_test(tcase, after_its_stopccn_a_request_is_new);
    tcase_add_test(tcase, the_end_of_the_old_one_is_not_repeated);
    tcase_add_loop_test(tcase, another_request_is_new_at_once, 0, 3);
    tcase_add_test(tcase, the_same_request_is_new_after_a_cycle);
    tcase_add_test(tcase, a_copy_after_a_takeover_is_one);
    tcase_add_test(tcase, the_same_request_is_new_when_it_is_repeated);
    tcase_add_test(tcase, a_forged_request_ends_nothing);
    tcase_add_test(tcase, a_half_open_tunnel_answers_again);
    tcase_add_test(tcase, of_several_half_open_the_older_fall);
    tcase_add_test(tcase, a_stopccn_without_id_spares_what_is_up);
    tcase_add_test(tcase, a_takeover_keeps_both);
    tcase_add_test(tcase, the_same_request_waits_for_a_recovery);
    tcase_add_loop_test(tcase, redials_at_random_moments, 0, 6);
    return suite;
}
