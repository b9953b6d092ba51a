/* SPDX-License-Identifier: MIT */
/* A client begins anew with the same address, port and tunnel id while words of its tunnel of
 * before are still on their way: late, twice, out of order. To the node they have the node's id of
 * the old tunnel, or none; what the node says has the client's id, which both tunnels share.
 * Nothing of the old one may pass for the new one's at either end, and a request that was forged
 * ends nothing. */
#include "dice.h"
#include "scenario/rig_recovery.h"

#define KEPT 16
#define HELLO_MS 60000
#define WINDOW 4
#define HUSH_MS 2000 /* an established tunnel may be silent for the sake of a new one */

static struct peer old, fresh, other;
static struct wire kept[KEPT]; /* what the client has said in its old tunnel, in order */
static unsigned kept_count;
static uint8_t data[8]; /* a frame of its call */

/* How the old tunnel is when the client begins anew. */
enum old_state {
    HALF_OPEN,
    DELAYED, /* ... and what completes it, and a call behind that, is on its way */
    UP,
    WITH_A_CALL,
    SPOKEN_TO, /* ... and something is said to it that it does not acknowledge */
    STOPPED_BY_PEER,
    STOPPED_BY_HOST,
    OLD_STATES
};

/* When the late words come. */
enum instant { BEFORE, ASKED, COMPLETED, CALLED, INSTANTS };

static void keep(const struct wire *wire)
{
    ck_assert_uint_lt(kept_count, KEPT);
    kept[kept_count++] = *wire;
}

static void says(struct peer *peer, const struct says *message)
{
    assert_ok(say(peer, message));
    if (peer == &old)
        keep(&peer->last);
}

static struct says request(const struct peer *peer, uint8_t tie)
{
    static uint8_t value[8];
    struct says sccrq = valid(peer, SCCRQ);

    value[7] = tie;
    add(&sccrq, AVP_OCTETS(0, 5, value, 8));
    return sccrq;
}

static void forget_others(void);

/* The next word of its tunnel, which another one's request may put off for a moment. */
static const struct heard *await(struct peer *peer, uint16_t type)
{
    for (uint32_t ms = 0; ms <= HUSH_MS; ms += 100) {
        forget_others();
        if (rig.heard)
            break;
        rig_pass_ms(100);
    }
    return expect_on(peer, type);
}

/* The call's id at the node. */
static uint16_t calls(struct peer *peer)
{
    struct says icrq = valid(peer, ICRQ);

    says(peer, &icrq);
    uint16_t call = heard_u16(await(peer, ICRP), 14);
    struct says iccn = valid_for(peer, ICCN, call);
    says(peer, &iccn);
    await(peer, ZLB);
    return call;
}

static void make_frame(uint16_t call)
{
    const uint8_t frame[] = {0, 2, 0, 0, 0, 0, 0xff, 3};

    memcpy(data, frame, sizeof(data));
    data[2] = (uint8_t)(old.node_id >> 8);
    data[3] = (uint8_t)old.node_id;
    data[4] = (uint8_t)(call >> 8);
    data[5] = (uint8_t)call;
}

/* Said by the old client, and not there yet. */
static void is_late(uint16_t type)
{
    struct says message = valid(&old, type);

    compose(&old, &message, &old.last);
    old.ns++;
    keep(&old.last);
}

static void begins(enum old_state state)
{
    kept_count = 0;
    memset(&fresh, 0, sizeof(fresh));
    rig.config.hello_ms = HELLO_MS;
    peer_begins(&old, 1);
    other.path = old.path;
    struct says message = request(&old, 1);
    says(&old, &message);
    expect_on(&old, SCCRP);
    make_frame(1);
    if (state == DELAYED) {
        is_late(SCCCN);
        is_late(ICRQ);
    }
    if (state == HALF_OPEN || state == DELAYED)
        return;
    message = valid(&old, SCCCN);
    says(&old, &message);
    rig_pass_ms(100);
    expect_zlb(&old);
    if (state >= WITH_A_CALL) {
        uint16_t call = calls(&old);
        make_frame(call);
        if (state == SPOKEN_TO)
            assert_ok(host_session_set_link_info(session_of_peer(&old, call), 1, 2, rig.now));
        message = valid_for(&old, CDN, call);
        if (state != SPOKEN_TO && state != WITH_A_CALL)
            says(&old, &message);
    }
    if (state == STOPPED_BY_PEER) {
        message = valid(&old, STOPCCN);
        says(&old, &message);
    }
    if (state == STOPPED_BY_HOST)
        assert_ok(close_tunnel(&old, 6));
    rig_drain();
    forget_datagrams();
    forget_events();
}

/* What the client, which has begun anew, hears by other tunnels than its new one must mean nothing
 * to it: neither its next message, nor an acknowledgement of what it has said. */
static void hears_nothing_of_others(void)
{
    rig_drain();
    for (const struct heard *heard = rig.heard; heard; heard = heard->next) {
        const struct l2tpha_header *header = &heard->message.header;
        const char *name = l2tpha_message_name(heard->message.type);
        if (fresh.ns == 0 || heard->by == fresh.node_id || header->tunnel_id != fresh.id)
            continue;
        ck_assert_msg(heard->message.type == ZLB || (uint16_t)(header->ns - fresh.nr) >= WINDOW,
                      "%s with Ns %u would be taken", name, header->ns);
        ck_assert_msg(header->nr <= 1 || header->nr > fresh.ns,
                      "%s with Nr %u acknowledges something new", name, header->nr);
    }
}

static void forget_others(void)
{
    uint32_t by = fresh.node_id ? fresh.node_id : old.node_id;

    hears_nothing_of_others();
    while (rig.heard && rig.heard->by != by)
        expect(&other, rig.heard->message.type);
}

/* All that it has ever said, in this order or the other way round, twice; and a frame. */
static void late_words_come(bool backwards)
{
    for (unsigned i = 0; i < 2 * kept_count; i++) {
        const struct wire *wire = &kept[backwards ? kept_count - 1 - i / 2 : i % kept_count];
        struct l2tpha_frame frame;
        say_octets(&old, wire->data, wire->len);
        l2tpha_data_receive(rig.node, &old.path, data, sizeof(data), rig.now, &frame);
        forget_others();
    }
}

/* The new tunnel is set up as if there had been nothing else, with the late words at one of the
 * instants, and a loss of what completes it for so long. */
static void new_one_comes_up(enum instant instant, bool backwards, uint32_t lost_ms)
{
    memset(&fresh, 0, sizeof(fresh));
    fresh.path = old.path;
    fresh.id = old.id;
    if (instant == BEFORE)
        late_words_come(backwards);
    forget_datagrams();
    struct says sccrq = request(&fresh, 2);
    assert_ok(say(&fresh, &sccrq));
    const struct heard *sccrp = expect(&fresh, SCCRP);
    ck_assert_uint_eq(sccrp->message.header.ns, 0);
    fresh.node_id = heard_u16(sccrp, L2TPHA_AVP_ASSIGNED_TUNNEL_ID);
    ck_assert_uint_ne(fresh.node_id, old.node_id);
    fresh.ns = 3; /* SCCCN and ICRQ are on their way */
    if (instant == ASKED)
        late_words_come(backwards);
    for (uint32_t ms = 0; ms < lost_ms; ms += 100) {
        rig_pass_ms(100);
        hears_nothing_of_others();
        forget_datagrams();
    }
    fresh.ns = 1;
    struct says scccn = valid(&fresh, SCCCN);
    assert_ok(say(&fresh, &scccn));
    if (instant == COMPLETED)
        late_words_come(backwards);
    ck_assert_uint_eq(tunnel_state(&fresh), L2TPHA_TUNNEL_ESTABLISHED);
    await(&fresh, ZLB);
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_IDLE);
    uint16_t call = calls(&fresh);
    if (instant == CALLED)
        late_words_come(backwards);
    for (int i = 0; i < 100; i++) {
        rig_pass_ms(100);
        forget_others();
        forget_datagrams(); /* what was asked for by a late SCCRQ is half open beside it */
    }
    ck_assert_uint_eq(tunnel_state(&fresh), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(session_state(&fresh, call), L2TPHA_SESSION_ESTABLISHED);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&fresh)), 1);
}

START_TEST(late_words_are_nobodys)
{
    enum old_state state = (enum old_state)(_i % OLD_STATES);
    enum instant instant = (enum instant)(_i / OLD_STATES % INSTANTS);

    begins(state);
    new_one_comes_up(instant, _i / OLD_STATES / INSTANTS, 0);
}
END_TEST

/* The client's SCCCN is lost: nearly 2 s, in which all timers of the old tunnel run. It is as idle
 * as it can be, so that its next number and the new one's are the same. */
START_TEST(the_old_one_does_not_speak_meanwhile)
{
    begins((enum old_state)(_i % OLD_STATES));
    new_one_comes_up(ASKED, false, 1800);
}
END_TEST

static void closes(void)
{
    assert_ok(close_tunnel(&old, 6));
}

static void waits_for_hello(void)
{
    rig_pass_ms(HELLO_MS - 200);
}

/* With Ns 1, which the client expects behind the SCCRP. */
START_TEST(what_the_old_one_wants_to_say_waits)
{
    static void (*const prepare[])(void) = {closes, waits_for_hello};

    begins(UP);
    prepare[_i]();
    new_one_comes_up(ASKED, false, 1800);
}
END_TEST

static void dials_again(void)
{
    fresh = old;
    fresh.ns = fresh.nr = fresh.node_id = 0;
    struct says sccrq = request(&fresh, 2);
    assert_ok(say(&fresh, &sccrq));
    expect_on(&fresh, SCCRP);
}

/* It ends before it is established: what waited for it is said then. */
START_TEST(what_waited_is_said_when_the_new_one_is_given_up)
{
    begins(UP);
    dials_again();
    closes();
    rig_drain();
    expect_nothing();
    struct says stopccn = valid(&fresh, STOPCCN);
    assert_ok(say(&fresh, &stopccn));
    expect_zlb(&fresh);
    ck_assert_uint_eq(expect_stopccn(&old, 6, 0)->by, old.node_id);
}
END_TEST

/* Nobody may be there to complete it: it was a late copy that asked. */
START_TEST(what_an_end_wants_to_say_waits_for_a_moment)
{
    begins(UP);
    closes();
    rig_drain();
    forget_datagrams();
    dials_again();
    uint32_t ms = 0;
    for (; ms < 8000 && !(rig.heard && rig.heard->by == old.node_id); ms += 100) {
        forget_datagrams();
        rig_pass_ms(100);
    }
    ck_assert_uint_ge(ms, 1800);
    ck_assert_uint_lt(ms, 8000);
    ck_assert_int_eq(rig.heard->message.type, STOPCCN);
}
END_TEST

/* It has acknowledged nothing, so it may have heard nothing: the same words are a copy. */
START_TEST(an_end_that_was_not_heard_is_said_to_a_copy)
{
    rig.config.failover = L2TPHA_FAILOVER_SILENT;
    begins(HALF_OPEN);
    closes();
    rig_drain();
    if (_i == 1)
        node_fails();
    rig_pass_ms(1000);
    forget_datagrams();
    assert_error(say_octets(&old, kept[0].data, kept[0].len), L2TPHA_ERR_DUPLICATE);
    for (int i = 0; i < 10 && !rig.heard; i++)
        rig_pass_ms(100);
    ck_assert_ptr_nonnull(rig.heard);
    ck_assert_uint_eq(rig.heard->by, old.node_id);
    ck_assert_int_eq(rig.heard->message.type, SCCRP);
    ck_assert_uint_eq(tunnels_of_node(), 1);
}
END_TEST

/* After a takeover the old one is asked by HELLO, but not at once. */
START_TEST(a_takeover_waits_with_its_hello)
{
    rig.config.failover = L2TPHA_FAILOVER_SILENT;
    begins(UP);
    dials_again();
    node_fails();
    for (int i = 0; i < 18; i++) {
        rig_pass_ms(100);
        hears_nothing_of_others();
    }
    forget_datagrams();
    assert_ok(say_valid(&fresh, SCCCN));
    ck_assert_uint_eq(tunnel_state(&fresh), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_IDLE);
}
END_TEST

/* Forged requests come all the time, and the true client lives in its old tunnel. It answers what
 * it hears; what it says is acknowledged before it loses patience, and so is what is said to it. */
START_TEST(forged_requests_do_not_silence_the_old_one)
{
    uint32_t acknowledged = 0;

    begins(WITH_A_CALL);
    fresh = old;
    for (uint32_t i = 0; i < 400; i++) {
        fresh.ns = fresh.nr = fresh.node_id = 0;
        struct says sccrq = request(&fresh, (uint8_t)(2 + i % 200));
        say(&fresh, &sccrq);
        rig_pass_ms(500);
        bool asked = false;
        while (rig.heard) {
            bool own = rig.heard->by == old.node_id;
            acknowledged += own && rig.heard->message.header.nr == old.ns;
            asked |= own && rig.heard->message.type != ZLB;
            expect(own ? &old : &other, rig.heard->message.type);
        }
        if (asked)
            assert_ok(peer_acks(&old));
        if (i % 40 == 0)
            assert_ok(say_valid(&old, HELLO));
        else if (i % 4 == 0)
            say_again(&old);
        ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_ESTABLISHED);
    }
    ck_assert_uint_gt(acknowledged, 10);
    expect_no_event();
}
END_TEST

/* A client that has never heard of our id says so (RFC 2661 5.7), dials again, and the same StopCCN
 * comes once more. */
START_TEST(a_copy_of_a_stopccn_without_id_ends_nothing_new)
{
    begins(HALF_OPEN);
    struct peer unknowing = old;
    unknowing.node_id = unknowing.nr = 0;
    struct says stopccn = valid(&unknowing, STOPCCN);
    if (_i == 0)
        assert_ok(say(&unknowing, &stopccn)); /* before the new request, and after it */
    forget_datagrams();
    dials_again();
    for (int i = 0; i < 3; i++) {
        compose(&unknowing, &stopccn, &unknowing.last);
        if (_i == 0)
            unknowing.last.data[9] = 1; /* the same Ns */
        say_wire(&unknowing, &unknowing.last);
        ck_assert_uint_eq(tunnel_state(&fresh), L2TPHA_TUNNEL_WAIT_CTL_CONN);
    }
    assert_ok(say_valid(&fresh, SCCCN));
    ck_assert_uint_eq(tunnel_state(&fresh), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

/* It has begun anew with the same words, as one that cannot do otherwise. That is taken for a copy
 * at first, and then the old numbers are no answer: some clients would take them for one. */
START_TEST(a_copy_is_not_answered_with_old_numbers)
{
    begins(_i ? WITH_A_CALL : UP);
    for (int i = 0; i < 2; i++) {
        assert_error(say_octets(&old, kept[0].data, kept[0].len), L2TPHA_ERR_DUPLICATE);
        expect_nothing();
        rig_pass_ms(100);
        expect_nothing();
    }
    assert_alive(&old);
}
END_TEST

/* --- at random --- */

/* Not the SCCRQ as long as nobody has asked anew: that would be the new request itself. */
static void one_late_word(void)
{
    unsigned from = fresh.ns == 0 && kept_count > 1;
    const struct wire *wire = &kept[from + below(kept_count - from)];
    struct l2tpha_frame frame;

    if (below(5) == 0)
        l2tpha_data_receive(rig.node, &old.path, data, sizeof(data), rig.now, &frame);
    else
        say_octets(&old, wire->data, wire->len);
}

static bool
    takeovers; /* a copy of the node does not tell which of two half-open tunnels is older */

/* Time, late words and now and then a takeover, for so long. */
static void something_happens(uint32_t ms)
{
    uint64_t until = rig.now + ms * UINT64_C(1000);

    while (rig.now < until) {
        uint64_t left = (until - rig.now) / 1000 + 1;
        if (takeovers && below(40) == 0) {
            rig_drain();
            forget_others();
            forget_datagrams();
            node_fails();
        } else if (below(2)) {
            one_late_word();
        } else {
            uint32_t pause = 1 + below(400);
            rig_pass_ms(pause < left ? pause : left);
        }
        hears_nothing_of_others();
        forget_datagrams();
    }
}

/* The answer to what it has said last; its node may have died with the first one. What else is said
 * to it is acknowledged. */
static uint16_t answered_with(struct peer *peer, uint16_t type, uint16_t avp)
{
    for (int tries = 0; tries < 40; tries++) {
        if (tries > 0)
            say_again(peer);
        rig_pass_ms(100);
        hears_nothing_of_others();
        while (rig.heard) {
            bool own = rig.heard->by == peer->node_id;
            if (own && rig.heard->message.type == type)
                return heard_u16(expect(peer, type), avp);
            expect(own ? peer : &other, rig.heard->message.type);
        }
        peer_acks(peer);
    }
    ck_abort_msg("no %s", l2tpha_message_name(type));
}

START_TEST(at_random)
{
    rig.config.failover = L2TPHA_FAILOVER_SILENT;
    random_state = (uint64_t)_i + 1;
    for (unsigned round = 0; round < 20; round++) {
        enum old_state state = (enum old_state)below(OLD_STATES);
        begins(state);
        takeovers = state != HALF_OPEN && state != DELAYED;
        something_happens(below(3) ? 0 : below(5000));
        memset(&fresh, 0, sizeof(fresh));
        fresh.path = old.path;
        fresh.id = old.id;
        struct says sccrq = request(&fresh, (uint8_t)(2 + below(100)));
        assert_ok(say(&fresh, &sccrq));
        fresh.node_id = heard_u16(expect(&fresh, SCCRP), L2TPHA_AVP_ASSIGNED_TUNNEL_ID);
        fresh.ns = 3;
        something_happens(below(1800));
        fresh.ns = 1;
        assert_ok(say_valid(&fresh, SCCCN));
        ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_IDLE);
        something_happens(below(3000));
        assert_ok(say_valid(&fresh, ICRQ));
        uint16_t call = answered_with(&fresh, ICRP, 14);
        assert_ok(say_valid_for(&fresh, ICCN, call));
        something_happens(below(3000));
        ck_assert_uint_eq(tunnel_state(&fresh), L2TPHA_TUNNEL_ESTABLISHED);
        ck_assert_uint_eq(session_state(&fresh, call), L2TPHA_SESSION_ESTABLISHED);
        ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&fresh)), 1);
        say_valid(&fresh, STOPCCN);
        rig_pass_ms(100000); /* all of it is forgotten */
        forget_datagrams();
        forget_events();
        ck_assert_uint_eq(tunnels_of_node(), 0);
    }
}
END_TEST

Suite *suite_late_words(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("late_words", &tcase);

    tcase_add_loop_test(tcase, late_words_are_nobodys, 0, OLD_STATES * INSTANTS * 2);
    tcase_add_loop_test(tcase, the_old_one_does_not_speak_meanwhile, 0, OLD_STATES);
    tcase_add_loop_test(tcase, what_the_old_one_wants_to_say_waits, 0, 2);
    tcase_add_test(tcase, what_waited_is_said_when_the_new_one_is_given_up);
    tcase_add_test(tcase, what_an_end_wants_to_say_waits_for_a_moment);
    tcase_add_loop_test(tcase, an_end_that_was_not_heard_is_said_to_a_copy, 0, 2);
    tcase_add_test(tcase, a_takeover_waits_with_its_hello);
    tcase_add_test(tcase, forged_requests_do_not_silence_the_old_one);
    tcase_add_loop_test(tcase, a_copy_of_a_stopccn_without_id_ends_nothing_new, 0, 2);
    tcase_add_loop_test(tcase, a_copy_is_not_answered_with_old_numbers, 0, 2);
    tcase_add_loop_test(tcase, at_random, 0, 20);
    return suite;
}
