/* SPDX-License-Identifier: MIT */
/* Failover Capability in the setup of ordinary tunnels: RFC 4951 3.1 and 5.1. */
#include "scenario/rig_recovery.h"

static struct peer peer;

/* What the node announces in this message. */
static void announces(const struct heard *heard, unsigned bits, uint32_t recovery_ms)
{
    struct rig_avp wanted = avp_capability(bits, recovery_ms);
    const struct l2tpha_avp *avp = l2tpha_message_find(&heard->message, 76);

    ck_assert_ptr_nonnull(avp);
    ck_assert_uint_eq(avp->len, wanted.len);
    ck_assert_mem_eq(avp->value, wanted.value, wanted.len);
}

static struct says request_with(unsigned bits, uint32_t recovery_ms)
{
    peer_begins(&peer, 1);
    struct says sccrq = valid(&peer, SCCRQ);
    add(&sccrq, avp_capability(bits, recovery_ms));
    return sccrq;
}

static bool is_capable(void)
{
    struct l2tpha_tunnel_record record = record_of(&peer);

    return record.remote_failover & CONTROL && record.flags & L2TPHA_TUNNEL_ANNOUNCED;
}

START_TEST(sccrq_and_sccrp_announce_what_is_configured)
{
    static const struct {
        uint32_t frames, recovery_ms;
        unsigned bits;
    } rows[] = {{5, 60000, CONTROL | DATA},
                {0, 60000, CONTROL},
                {5, 0, CONTROL | DATA},
                {5, 90000, CONTROL | DATA}};

    rig.config.data_reset_frames = rows[_i % 4].frames;
    rig.config.recovery_ms = rows[_i % 4].recovery_ms;
    if (_i < 4) {
        struct l2tpha_tunnel_options options = {.size = sizeof(options)};
        struct l2tpha_tunnel *tunnel;
        peer_begins(&peer, 1);
        options.path = peer.path;
        assert_ok(l2tpha_tunnel_open(rig_node(), &options, rig.now, &tunnel));
        announces(expect(&peer, SCCRQ), rows[_i].bits, rows[_i].recovery_ms);
        return;
    }
    struct says sccrq = request_with(CONTROL, 1000);
    assert_ok(say(&peer, &sccrq));
    announces(expect(&peer, SCCRP), rows[_i - 4].bits, rows[_i - 4].recovery_ms);
}
END_TEST

START_TEST(switched_off_nothing_is_announced)
{
    rig.config.failover_capability = false;
    if (_i) {
        struct says sccrq = request_with(CONTROL | DATA, 1000);
        assert_ok(say(&peer, &sccrq));
        ck_assert(!heard_has(expect(&peer, SCCRP), 76));
        assert_ok(say_valid(&peer, SCCCN));
        expect_zlb(&peer);
    } else {
        struct l2tpha_tunnel_options options = {.size = sizeof(options)};
        struct l2tpha_tunnel *tunnel;
        peer_begins(&peer, 1);
        options.path = peer.path;
        assert_ok(l2tpha_tunnel_open(rig_node(), &options, rig.now, &tunnel));
        ck_assert(!heard_has(expect(&peer, SCCRQ), 76));
        struct says sccrp = valid(&peer, SCCRP);
        add(&sccrp, avp_capability(CONTROL | DATA, 1000));
        assert_ok(say(&peer, &sccrp));
        expect(&peer, SCCCN);
    }
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert(!is_capable());
}
END_TEST

START_TEST(sccrp_announces_only_to_who_has_announced)
{
    peer_begins(&peer, 1);
    assert_ok(say_valid(&peer, SCCRQ));
    ck_assert(!heard_has(expect(&peer, SCCRP), 76));
    assert_ok(say_valid(&peer, SCCCN));
    expect_zlb(&peer);
    ck_assert(!is_capable());
}
END_TEST

START_TEST(a_peer_without_the_extension_has_a_tunnel_without_failover)
{
    node_opens(&peer, 1);
    ck_assert(!is_capable());
    ck_assert_uint_eq(record_of(&peer).remote_failover, 0);
    ck_assert_uint_eq(record_of(&peer).remote_recovery_ms, 0);
}
END_TEST

START_TEST(what_the_peer_announces_is_known)
{
    static const struct {
        unsigned bits;
        uint32_t sent, known;
    } rows[] = {
        {CONTROL | DATA, 20000, 20000},
        {CONTROL, 20000, 20000},
        {DATA, 20000, 0},         /* counts with C only */
        {0, 20000, 0},            /* means nothing */
        {CONTROL, 0, 0},          /* no additional time, but capable */
        {0xfffc | CONTROL, 7, 7}, /* reserved bits */
        {0xfffc, 7, 0},
        {CONTROL, 0xffffffff, 300000}, /* as long as is configured */
    };

    struct says sccrq = request_with(rows[_i].bits, rows[_i].sent);
    peer_opens_with(&peer, &sccrq);
    ck_assert_uint_eq(record_of(&peer).remote_failover, rows[_i].bits & 3);
    ck_assert_uint_eq(record_of(&peer).remote_recovery_ms, rows[_i].known);
    ck_assert_uint_eq(is_capable(), (rows[_i].bits & CONTROL) != 0);
}
END_TEST

/* RFC 2661 4.1 with M=0: it is as if it were not there. */
START_TEST(a_malformed_capability_is_none)
{
    static const uint8_t octets[10] = {0, 3, 0, 0, 1, 0};

    peer_begins(&peer, 1);
    struct says sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_OCTETS(0, 76, octets, _i ? 7 : 5));
    peer_opens_with(&peer, &sccrq);
    ck_assert_uint_eq(record_of(&peer).remote_failover, 0);
}
END_TEST

START_TEST(a_capability_may_be_hidden)
{
    uint8_t digest[16];

    rig.secret = "our secret";
    peer_begins(&peer, 1);
    struct says sccrq = valid(&peer, SCCRQ);
    add(&sccrq, hiding_vector());
    add(&sccrq, hidden_avp(avp_capability(CONTROL | DATA, 20000)));
    assert_ok(say(&peer, &sccrq));
    const struct heard *sccrp = expect(&peer, SCCRP);
    announces(sccrp, CONTROL | DATA, RECOVERY_TIME);
    respond(sccrp, SCCCN, rig.secret, digest);
    struct says scccn = valid(&peer, SCCCN);
    add(&scccn, AVP_OCTETS(WIRE_M, 13, digest, 16));
    assert_ok(say(&peer, &scccn));
    ck_assert(is_capable());
    ck_assert_uint_eq(record_of(&peer).remote_recovery_ms, 20000);
}
END_TEST

/* It is the peer's word of the setup, not of later messages, and goes to the standby. */
START_TEST(the_capability_outlives_the_node)
{
    struct says sccrq = request_with(CONTROL, 20000);

    peer_opens_with(&peer, &sccrq);
    struct l2tpha_tunnel_record before = record_of(&peer);
    node_fails();
    ck_assert_uint_eq(record_of(&peer).remote_failover, before.remote_failover);
    ck_assert_uint_eq(record_of(&peer).remote_recovery_ms, 20000);
    ck_assert(is_capable());
}
END_TEST

START_TEST(ordinary_messages_have_none_of_the_other_avps)
{
    struct says sccrq = request_with(CONTROL | DATA, 20000);

    assert_ok(say(&peer, &sccrq));
    const struct heard *sccrp = expect(&peer, SCCRP);
    ck_assert(!heard_has(sccrp, 77));
    ck_assert(!heard_has(sccrp, 78));
    ck_assert(!heard_has(sccrp, 79));
    /* Nor does what the peer says there mean anything. */
    node_calls(&peer, 2);
    struct says reply = valid(&peer, SCCRP);
    add(&reply, avp_suggested(3, 100));
    assert_ok(say(&peer, &reply));
    ck_assert_uint_eq(expect(&peer, SCCCN)->message.header.ns, 1);
    ck_assert_uint_eq(record_of(&peer).ns, 2);
    ck_assert_uint_eq(record_of(&peer).nr, 1);
}
END_TEST

Suite *suite_conform_capability(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("conform_capability", &tcase);

    tcase_add_loop_test(tcase, sccrq_and_sccrp_announce_what_is_configured, 0, 8);
    tcase_add_loop_test(tcase, switched_off_nothing_is_announced, 0, 2);
    tcase_add_test(tcase, sccrp_announces_only_to_who_has_announced);
    tcase_add_test(tcase, a_peer_without_the_extension_has_a_tunnel_without_failover);
    tcase_add_loop_test(tcase, what_the_peer_announces_is_known, 0, 8);
    tcase_add_loop_test(tcase, a_malformed_capability_is_none, 0, 2);
    tcase_add_test(tcase, a_capability_may_be_hidden);
    tcase_add_test(tcase, the_capability_outlives_the_node);
    tcase_add_test(tcase, ordinary_messages_have_none_of_the_other_avps);
    return suite;
}
