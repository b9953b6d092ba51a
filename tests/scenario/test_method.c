/* SPDX-License-Identifier: MIT */
/* Which failover method a tunnel ends up with, and what is said of it on the wire: RFC 4951 5.1. */
#include "scenario/rig.h"

#define CAPABILITY 76
#define CONTROL 1u
#define DATA 2u
#define ABSENT 99u /* in place of bits: no AVP at all */
#define RESULT_GENERAL 2
#define ERROR_RESOURCES 4

static struct l2tpha_policy nothing_said(void)
{
    struct l2tpha_policy policy;

    l2tpha_policy_init(&policy);
    return policy;
}

static void say_capable(struct says *message, unsigned bits, uint32_t recovery_ms)
{
    static uint8_t value[6];
    const uint8_t octets[] = {0,
                              (uint8_t)bits,
                              (uint8_t)(recovery_ms >> 24),
                              (uint8_t)(recovery_ms >> 16),
                              (uint8_t)(recovery_ms >> 8),
                              (uint8_t)recovery_ms};

    memcpy(value, octets, sizeof(value));
    if (bits != ABSENT)
        add(message, AVP_OCTETS(0, CAPABILITY, value, sizeof(value)));
}

static struct l2tpha_tunnel_record record_of(const struct peer *peer)
{
    struct l2tpha_tunnel_record record = {.local_id = 0};

    ck_assert_ptr_nonnull(tunnel_of_peer(peer));
    l2tpha_tunnel_get(tunnel_of_peer(peer), &record);
    return record;
}

static void assert_methods(const struct peer *peer, uint8_t configured, uint8_t effective)
{
    ck_assert_uint_eq(record_of(peer).configured_method, configured);
    ck_assert_uint_eq(record_of(peer).effective_method, effective);
}

static void assert_protection(const struct peer *peer, const char *word)
{
    ck_assert_str_eq(l2tpha_tunnel_protection(tunnel_of_peer(peer)), word);
}

/* The node's SCCRQ goes out with this policy. Returns whether it announces. */
static bool node_asks_with(struct peer *peer, const struct l2tpha_policy *policy)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .policy = policy};
    struct l2tpha_tunnel *tunnel;

    peer_begins(peer, 1);
    options.path = peer->path;
    assert_ok(l2tpha_tunnel_open(rig_node(), &options, rig.now, &tunnel));
    return heard_has(expect(peer, SCCRQ), CAPABILITY);
}

static void peer_agrees(struct peer *peer, unsigned bits)
{
    struct says sccrp = valid(peer, SCCRP);

    say_capable(&sccrp, bits, 5000);
    assert_ok(say(peer, &sccrp));
    expect(peer, SCCCN);
    assert_ok(peer_acks(peer));
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
}

/* The peer's SCCRQ is admitted with this policy. Returns whether the SCCRP announces. */
static bool peer_asks_with(struct peer *peer, unsigned bits, const struct l2tpha_policy *policy)
{
    struct says sccrq;

    rig.admit_tunnel.policy = policy;
    peer_begins(peer, 1);
    sccrq = valid(peer, SCCRQ);
    say_capable(&sccrq, bits, 5000);
    assert_ok(say(peer, &sccrq));
    return heard_has(expect(peer, SCCRP), CAPABILITY);
}

static void peer_confirms(struct peer *peer)
{
    assert_ok(say_valid(peer, SCCCN));
    expect_zlb(peer);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
}

static void open_tunnel(struct peer *peer, bool by_peer, unsigned bits,
                        const struct l2tpha_policy *policy)
{
    if (by_peer) {
        peer_asks_with(peer, bits, policy);
        peer_confirms(peer);
    } else {
        node_asks_with(peer, policy);
        peer_agrees(peer, bits);
    }
}

/* --- what is settled --- */

/* Rows of the table in policy.h. */
static const struct {
    uint8_t configured, both, otherwise;
} settled[] = {
    {L2TPHA_FAILOVER_DISABLE, L2TPHA_FAILOVER_DISABLE, L2TPHA_FAILOVER_DISABLE},
    {L2TPHA_FAILOVER_PROTOCOL, L2TPHA_FAILOVER_PROTOCOL, L2TPHA_FAILOVER_DISABLE},
    {L2TPHA_FAILOVER_SILENT, L2TPHA_FAILOVER_SILENT, L2TPHA_FAILOVER_SILENT},
    {L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_SILENT},
};

static const unsigned peers_bits[] = {ABSENT, 0, DATA, CONTROL, CONTROL | DATA, 0xfc, 0xfd};
#define BITS (sizeof(peers_bits) / sizeof(peers_bits[0]))

/* Every method against every peer, announced or not, whoever asked. */
START_TEST(the_method_is_fixed_by_both_ends)
{
    bool by_peer = _i & 1, announce = _i & 2;
    unsigned bits = peers_bits[(unsigned)_i / 4 % BITS];
    size_t row = (unsigned)_i / 4 / BITS;
    struct l2tpha_policy policy = nothing_said();
    struct peer peer;
    bool both = announce && bits != ABSENT && bits & CONTROL;

    policy.radius = settled[row].configured;
    policy.announce = announce;
    open_tunnel(&peer, by_peer, bits, &policy);
    assert_methods(&peer, settled[row].configured,
                   both ? settled[row].both : settled[row].otherwise);
    ck_assert_uint_eq(record_of(&peer).remote_failover, bits == ABSENT ? 0 : bits & 3);
    ck_assert_uint_eq(!!(record_of(&peer).flags & L2TPHA_TUNNEL_INCAPABLE),
                      settled[row].configured == L2TPHA_FAILOVER_PROTOCOL && !both);
    ck_assert_uint_eq(!!(record_of(&peer).flags & L2TPHA_TUNNEL_MUTE), !announce);
    if (settled[row].configured == L2TPHA_FAILOVER_PROTOCOL && !both)
        assert_protection(&peer, "peer-incapable");
    else if (settled[row].configured == L2TPHA_FAILOVER_DISABLE)
        assert_protection(&peer, "disabled");
    else
        assert_protection(&peer, "no-standby");
}
END_TEST

/* The same by the node's own method. */
START_TEST(without_a_policy_the_nodes_method_is_fixed)
{
    struct peer peer;
    bool both = _i & 4;
    size_t row = (size_t)_i & 3;

    rig.config.failover = settled[row].configured;
    open_tunnel(&peer, true, both ? CONTROL : ABSENT, NULL);
    assert_methods(&peer, settled[row].configured,
                   both ? settled[row].both : settled[row].otherwise);
}
END_TEST

START_TEST(the_default_is_the_protocol_with_silence_behind_it)
{
    struct peer able, unable;

    open_tunnel(&able, true, CONTROL, NULL);
    assert_methods(&able, L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_FALLBACK);
    rig.admit_tunnel.policy = NULL;
    peer_opens(&unable, 2);
    assert_methods(&unable, L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_SILENT);
}
END_TEST

/* What the peer can do is not known before: an exact record goes on silently. */
START_TEST(half_open_it_is_silent_or_nothing)
{
    bool by_peer = _i & 1;
    uint8_t method = settled[_i / 2].configured;
    struct l2tpha_policy policy = nothing_said();
    struct peer peer;

    policy.profile = method;
    if (by_peer)
        peer_asks_with(&peer, CONTROL, &policy);
    else
        node_asks_with(&peer, &policy);
    if (!by_peer)
        peer.node_id = (uint16_t)l2tpha_tunnel_id(l2tpha_tunnel_next(rig_node(), NULL));
    assert_methods(&peer, method,
                   method == L2TPHA_FAILOVER_DISABLE ? L2TPHA_FAILOVER_DISABLE
                                                     : L2TPHA_FAILOVER_SILENT);
}
END_TEST

/* --- switches --- */

START_TEST(ha_needs_both_switches)
{
    bool node_on = _i & 1, group_on = _i & 2, by_peer = _i & 4;
    uint8_t method = settled[_i / 8].configured;
    struct l2tpha_policy policy = nothing_said();
    struct peer peer;

    rig.config.ha = node_on;
    policy.ha = group_on;
    policy.profile = method;
    open_tunnel(&peer, by_peer, CONTROL, &policy);
    assert_methods(&peer, method, node_on && group_on ? method : L2TPHA_FAILOVER_DISABLE);
    ck_assert_uint_eq(!!(record_of(&peer).flags & L2TPHA_TUNNEL_NO_HA), !(node_on && group_on));
    if (!group_on)
        assert_protection(&peer, "group-off");
    else if (!node_on)
        assert_protection(&peer, "ha-off");
    else
        assert_protection(&peer, method == L2TPHA_FAILOVER_DISABLE ? "disabled" : "no-standby");
}
END_TEST

START_TEST(turning_the_nodes_switch_touches_new_tunnels_only)
{
    struct peer before, between, after;

    peer_opens(&before, 1);
    assert_ok(l2tpha_node_set_ha(rig_node(), false));
    peer_opens(&between, 2);
    assert_ok(l2tpha_node_set_ha(rig_node(), true));
    peer_opens(&after, 3);
    assert_protection(&before, "no-standby");
    assert_protection(&between, "ha-off");
    assert_protection(&after, "no-standby");
    ck_assert_uint_eq(record_of(&between).effective_method, L2TPHA_FAILOVER_DISABLE);
}
END_TEST

/* The switches count as they are when the tunnel comes up. */
START_TEST(a_switch_turned_while_half_open_counts)
{
    struct peer peer;

    rig.config.ha = _i & 1;
    peer_asks_with(&peer, ABSENT, NULL);
    ck_assert_uint_eq(record_of(&peer).effective_method,
                      _i & 1 ? L2TPHA_FAILOVER_SILENT : L2TPHA_FAILOVER_DISABLE);
    assert_ok(l2tpha_node_set_ha(rig_node(), !(_i & 1)));
    peer_confirms(&peer);
    assert_protection(&peer, _i & 1 ? "ha-off" : "no-standby");
}
END_TEST

/* --- changes --- */

START_TEST(a_change_of_the_nodes_method_spares_tunnels_that_are_up)
{
    struct peer before, after;

    open_tunnel(&before, true, CONTROL, NULL);
    assert_methods(&before, L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_FALLBACK);
    assert_ok(l2tpha_node_set_failover(rig_node(), L2TPHA_FAILOVER_DISABLE));
    assert_methods(&before, L2TPHA_FAILOVER_DISABLE, L2TPHA_FAILOVER_FALLBACK);
    assert_protection(&before, "no-standby");
    peer_opens(&after, 2);
    assert_methods(&after, L2TPHA_FAILOVER_DISABLE, L2TPHA_FAILOVER_DISABLE);
    assert_protection(&after, "disabled");
    assert_ok(l2tpha_node_set_failover(rig_node(), L2TPHA_FAILOVER_SILENT));
    assert_methods(&after, L2TPHA_FAILOVER_SILENT, L2TPHA_FAILOVER_DISABLE);
    assert_protection(&after, "disabled");
}
END_TEST

START_TEST(a_change_of_the_nodes_method_reaches_what_is_half_open)
{
    struct peer peer;

    peer_asks_with(&peer, CONTROL, NULL);
    assert_ok(l2tpha_node_set_failover(rig_node(), L2TPHA_FAILOVER_PROTOCOL));
    peer_confirms(&peer);
    assert_methods(&peer, L2TPHA_FAILOVER_PROTOCOL, L2TPHA_FAILOVER_PROTOCOL);
}
END_TEST

START_TEST(the_nodes_method_must_be_one)
{
    static const uint8_t wrong[] = {4, 77, 254, L2TPHA_FAILOVER_NOT_CONFIGURED};

    for (size_t i = 0; i < sizeof(wrong); i++)
        assert_error(l2tpha_node_set_failover(rig_node(), wrong[i]), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_node_set_failover(NULL, L2TPHA_FAILOVER_SILENT), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_node_set_ha(NULL, true), L2TPHA_ERR_INVALID);
    ck_assert_uint_eq(l2tpha_node_config(rig_node())->failover, L2TPHA_FAILOVER_FALLBACK);
}
END_TEST

static struct {
    struct l2tpha_node *node;
    int failover, ha, resync;
} meddled;

static void meddle(void *user, const struct l2tpha_peer *peer, const struct l2tpha_message *sccrq,
                   struct l2tpha_verdict *verdict)
{
    (void)user;
    (void)peer;
    (void)sccrq;
    verdict->result = 0;
    meddled.failover = l2tpha_node_set_failover(meddled.node, L2TPHA_FAILOVER_DISABLE);
    meddled.ha = l2tpha_node_set_ha(meddled.node, false);
    meddled.resync = l2tpha_node_set_resync(meddled.node, 1);
}

static int same_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    memset(dst, 7, len);
    return 0;
}

START_TEST(a_callback_may_not_change_the_node)
{
    const struct l2tpha_host host = {
        .size = sizeof(host), .random = same_random, .admit_tunnel = meddle};
    struct says sccrq;
    struct wire wire;
    struct peer peer;

    assert_ok(l2tpha_node_new(root, &rig.config, &host, rig.now, &meddled.node));
    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    compose(&peer, &sccrq, &wire);
    assert_ok(l2tpha_feed(meddled.node, &peer.path, wire.data, wire.len, rig.now));
    assert_error(meddled.failover, L2TPHA_ERR_REENTERED);
    assert_error(meddled.ha, L2TPHA_ERR_REENTERED);
    assert_error(meddled.resync, L2TPHA_ERR_REENTERED);
    ck_assert_uint_eq(l2tpha_node_config(meddled.node)->failover, L2TPHA_FAILOVER_FALLBACK);
    ck_assert(l2tpha_node_config(meddled.node)->ha);
    l2tpha_node_free(meddled.node);
}
END_TEST

START_TEST(a_policy_set_while_up_shows_and_waits)
{
    struct l2tpha_policy policy = nothing_said();
    struct peer peer;

    policy.radius = L2TPHA_FAILOVER_PROTOCOL;
    policy.resync_packets = 20;
    open_tunnel(&peer, true, CONTROL, &policy);
    policy.radius = L2TPHA_FAILOVER_SILENT;
    policy.resync_packets = 30;
    policy.ha = policy.announce = false;
    assert_ok(l2tpha_tunnel_set_policy(tunnel_of_peer(&peer), &policy, rig.now));
    assert_methods(&peer, L2TPHA_FAILOVER_SILENT, L2TPHA_FAILOVER_PROTOCOL);
    ck_assert_uint_eq(record_of(&peer).resync_packets, 20);
    assert_protection(&peer, "no-standby");
    assert_ok(l2tpha_tunnel_set_policy(tunnel_of_peer(&peer), NULL, rig.now));
    assert_methods(&peer, L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_PROTOCOL);
}
END_TEST

START_TEST(a_policy_set_while_half_open_counts)
{
    struct l2tpha_policy policy = nothing_said();
    struct peer peer;

    node_calls(&peer, 1);
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(rig_node(), NULL);
    policy.profile = L2TPHA_FAILOVER_PROTOCOL;
    policy.resync_packets = L2TPHA_RESYNC_PACKETS_MAX;
    assert_ok(l2tpha_tunnel_set_policy(tunnel, &policy, rig.now));
    peer_agrees(&peer, CONTROL);
    assert_methods(&peer, L2TPHA_FAILOVER_PROTOCOL, L2TPHA_FAILOVER_PROTOCOL);
    ck_assert_uint_eq(record_of(&peer).resync_packets, L2TPHA_RESYNC_PACKETS_MAX);
}
END_TEST

/* --- policies out of range --- */

static struct l2tpha_policy bad_policy(int which)
{
    struct l2tpha_policy policy = nothing_said();

    switch (which) {
    case 0:
        policy.size--;
        break;
    case 1:
        policy.profile = 4;
        break;
    case 2:
        policy.radius = 254;
        break;
    default:
        policy.resync_packets = L2TPHA_RESYNC_PACKETS_MAX + 1;
    }
    return policy;
}
#define BAD_POLICIES 4

START_TEST(no_tunnel_is_opened_with_a_bad_policy)
{
    struct l2tpha_policy policy = bad_policy(_i);
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .policy = &policy};
    struct l2tpha_tunnel *tunnel;

    assert_error(l2tpha_tunnel_open(rig_node(), &options, rig.now, &tunnel), L2TPHA_ERR_INVALID);
    expect_nothing();
    ck_assert_ptr_null(l2tpha_tunnel_next(rig_node(), NULL));
}
END_TEST

START_TEST(a_bad_policy_is_not_set)
{
    struct l2tpha_policy policy = bad_policy(_i);
    struct peer peer;

    peer_opens(&peer, 1);
    uint64_t before = rig_digest();
    assert_error(l2tpha_tunnel_set_policy(tunnel_of_peer(&peer), &policy, rig.now),
                 L2TPHA_ERR_INVALID);
    ck_assert_uint_eq(rig_digest(), before);
    assert_error(l2tpha_tunnel_set_policy(NULL, NULL, rig.now), L2TPHA_ERR_INVALID);
}
END_TEST

START_TEST(a_bad_policy_from_the_host_refuses_the_peer)
{
    struct l2tpha_policy policy = bad_policy(_i);
    struct peer peer;

    rig.admit_tunnel.policy = &policy;
    peer_begins(&peer, 1);
    assert_error(say_valid(&peer, SCCRQ), L2TPHA_ERR_REFUSED);
    expect_stopccn(&peer, RESULT_GENERAL, ERROR_RESOURCES);
}
END_TEST

/* --- the wire --- */

/* silent-failover and disable, or no HA at all: the peer may fail over all the same. */
START_TEST(every_method_announces)
{
    struct l2tpha_policy policy = nothing_said();
    struct peer asked, asking;

    policy.profile = settled[_i & 3].configured;
    policy.ha = _i & 4;
    ck_assert(node_asks_with(&asked, &policy));
    ck_assert(peer_asks_with(&asking, DATA, &policy));
}
END_TEST

START_TEST(a_mute_node_or_policy_says_nothing)
{
    struct l2tpha_policy policy = nothing_said();
    struct peer peer;

    rig.config.failover_capability = _i & 1;
    policy.announce = _i & 2;
    bool announces = _i == 3;
    ck_assert_uint_eq(node_asks_with(&peer, &policy), announces);
    ck_assert_uint_eq(peer_asks_with(&peer, CONTROL | DATA, &policy), announces);
}
END_TEST

/* An answer is given only to who has asked (RFC 4951 3.1), and C=D=0 is no capability (5.1). */
START_TEST(sccrp_announces_when_sccrq_did)
{
    unsigned bits = peers_bits[_i];
    struct peer peer;

    ck_assert_uint_eq(peer_asks_with(&peer, bits, NULL), bits != ABSENT && bits & 3);
}
END_TEST

START_TEST(what_is_announced_is_what_is_configured)
{
    static const uint32_t times[] = {0, 1, 60000, 3600000};
    struct peer peer;

    rig.config.recovery_ms = times[_i / 2];
    rig.config.data_reset_frames = _i & 1 ? 5 : 0;
    peer_begins(&peer, 1);
    struct says sccrq = valid(&peer, SCCRQ);
    say_capable(&sccrq, CONTROL, 0);
    assert_ok(say(&peer, &sccrq));
    const struct heard *sccrp = expect(&peer, SCCRP);
    struct l2tpha_failover_capability said;
    ck_assert(
        l2tpha_avp_failover_capability(l2tpha_message_find(&sccrp->message, CAPABILITY), &said));
    ck_assert(said.control);
    ck_assert_uint_eq(said.data, _i & 1);
    ck_assert_uint_eq(said.recovery_time_ms, times[_i / 2]);
}
END_TEST

/* RFC 4951 5.1: the Recovery Time of a peer is cut to what is granted, and is nothing without C. */
START_TEST(the_recovery_time_is_clamped)
{
    static const struct {
        unsigned bits;
        uint32_t said, taken;
    } rows[] = {
        {CONTROL, 0, 0},
        {CONTROL, 1, 1},
        {CONTROL, 299999, 299999},
        {CONTROL, 300000, 300000},
        {CONTROL | DATA, 300001, 300000},
        {CONTROL, 0x7fffffff, 300000},
        {CONTROL, UINT32_MAX, 300000},
        {DATA, 60000, 0},
        {0, 60000, 0},
    };
    struct peer peer;

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        peer_begins(&peer, i + 1);
        struct says sccrq = valid(&peer, SCCRQ);
        say_capable(&sccrq, rows[i].bits, rows[i].said);
        peer_opens_with(&peer, &sccrq);
        ck_assert_uint_eq(record_of(&peer).remote_recovery_ms, rows[i].taken);
    }
}
END_TEST

/* RFC 4951 5.1: any other length is malformed; M=0 has it ignored, and the tunnel comes up
 * without. */
START_TEST(a_capability_of_wrong_length_is_none)
{
    static const uint8_t value[8] = {0, 3, 0, 0, 0, 9};
    static const size_t lengths[] = {0, 1, 2, 5, 7, 8};
    struct peer peer;

    peer_begins(&peer, 1);
    struct says sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_OCTETS(0, CAPABILITY, value, lengths[_i]));
    peer_opens_with(&peer, &sccrq);
    ck_assert_uint_eq(record_of(&peer).remote_failover, 0);
    assert_methods(&peer, L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_SILENT);
}
END_TEST

/* RFC 4951 5.1 has it in SCCRQ and SCCRP alone; a vendor puts it into StopCCN. */
START_TEST(a_capability_in_stopccn_is_tolerated)
{
    struct peer peer;

    open_tunnel(&peer, true, CONTROL, NULL);
    struct says stopccn = valid(&peer, STOPCCN);
    say_capable(&stopccn, CONTROL, 0);
    assert_ok(say(&peer, &stopccn));
    expect_zlb(&peer);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPED);
    const struct told *down = expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    ck_assert(down->event.by_peer);
    ck_assert_uint_eq(down->event.result, 1);
}
END_TEST

Suite *suite_method(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("method", &tcase);

    tcase_add_loop_test(tcase, the_method_is_fixed_by_both_ends, 0, 4 * (int)BITS * 4);
    tcase_add_loop_test(tcase, without_a_policy_the_nodes_method_is_fixed, 0, 8);
    tcase_add_test(tcase, the_default_is_the_protocol_with_silence_behind_it);
    tcase_add_loop_test(tcase, half_open_it_is_silent_or_nothing, 0, 8);
    tcase_add_loop_test(tcase, ha_needs_both_switches, 0, 32);
    tcase_add_test(tcase, turning_the_nodes_switch_touches_new_tunnels_only);
    tcase_add_loop_test(tcase, a_switch_turned_while_half_open_counts, 0, 2);
    tcase_add_test(tcase, a_change_of_the_nodes_method_spares_tunnels_that_are_up);
    tcase_add_test(tcase, a_change_of_the_nodes_method_reaches_what_is_half_open);
    tcase_add_test(tcase, the_nodes_method_must_be_one);
    tcase_add_test(tcase, a_callback_may_not_change_the_node);
    tcase_add_test(tcase, a_policy_set_while_up_shows_and_waits);
    tcase_add_test(tcase, a_policy_set_while_half_open_counts);
    tcase_add_loop_test(tcase, no_tunnel_is_opened_with_a_bad_policy, 0, BAD_POLICIES);
    tcase_add_loop_test(tcase, a_bad_policy_is_not_set, 0, BAD_POLICIES);
    tcase_add_loop_test(tcase, a_bad_policy_from_the_host_refuses_the_peer, 0, BAD_POLICIES);
    tcase_add_loop_test(tcase, every_method_announces, 0, 8);
    tcase_add_loop_test(tcase, a_mute_node_or_policy_says_nothing, 0, 4);
    tcase_add_loop_test(tcase, sccrp_announces_when_sccrq_did, 0, (int)BITS);
    tcase_add_loop_test(tcase, what_is_announced_is_what_is_configured, 0, 8);
    tcase_add_test(tcase, the_recovery_time_is_clamped);
    tcase_add_loop_test(tcase, a_capability_of_wrong_length_is_none, 0, 6);
    tcase_add_test(tcase, a_capability_in_stopccn_is_tolerated);
    return suite;
}
