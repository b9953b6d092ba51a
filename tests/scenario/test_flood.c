/* SPDX-License-Identifier: MIT */
/* Strangers that ask for tunnels and complete none, from one address, from many, from those of
 * others: whoever answers at once gets in, what is established stays, and a third party whose
 * address was forged is sent little. */
#include "scenario/rig_recovery.h"

#define MOST 64
#define OF_ONE 16

static struct peer honest, live, flood;
static uint16_t next_id;

/* struct sockaddr_in, or sockaddr_in6, as on Linux, begins with the family in the machine's order.
 */
static void begin_address(struct peer *peer, uint16_t family, uint8_t len)
{
    memset(peer->path.remote.bytes, 0, len);
    memcpy(peer->path.remote.bytes, &family, sizeof(family));
    peer->path.remote.len = len;
}

static void from_ipv4(struct peer *peer, uint32_t address, uint16_t port)
{
    begin_address(peer, 2, 16);
    put_u16(peer->path.remote.bytes + 2, port);
    put_u32(peer->path.remote.bytes + 4, address);
}

static void from_ipv6(struct peer *peer, uint16_t subnet, uint16_t host)
{
    uint8_t *bytes = peer->path.remote.bytes;

    begin_address(peer, 10, 28);
    bytes[8] = 0x20;
    put_u16(bytes + 14, subnet);
    put_u16(bytes + 22, host);
}

static void begin(void)
{
    rig.config.max_half_open = MOST;
    rig.config.max_half_open_per_source = OF_ONE;
    peer_begins(&live, 1);
    from_ipv4(&live, 0x0a000001, 1701);
    struct says sccrq = valid(&live, SCCRQ);
    peer_opens_with(&live, &sccrq);
    next_id = 1000;
}

static void live_is_well(void)
{
    forget_datagrams();
    assert_ok(say_valid(&live, HELLO));
    expect_zlb(&live);
}

/* From one address, another one each time, or another subnet's. */
enum { ONE_ADDRESS, ANY_ADDRESS, ONE_SUBNET };

static void flood_of(unsigned count, int where)
{
    for (unsigned i = 0; i < count; i++) {
        next_id++;
        peer_begins(&flood, 2);
        flood.id = next_id;
        if (where == ONE_SUBNET)
            from_ipv6(&flood, 7, next_id);
        else
            from_ipv4(&flood, where == ONE_ADDRESS ? 0x0a090909 : 0x0b000000u + next_id, next_id);
        assert_ok(say_valid(&flood, SCCRQ));
    }
    forget_datagrams();
}

static void honest_asks(uint32_t address)
{
    peer_begins(&honest, 3);
    from_ipv4(&honest, address, 4711);
    assert_ok(say_valid(&honest, SCCRQ));
    honest.node_id = heard_u16(expect(&honest, SCCRP), L2TPHA_AVP_ASSIGNED_TUNNEL_ID);
}

static void honest_completes(void)
{
    assert_ok(say_valid(&honest, SCCCN));
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
    expect_zlb(&honest);
}

START_TEST(one_source_takes_its_share_and_no_more)
{
    begin();
    honest_asks(0x0a000002);
    flood_of(500, _i ? ONE_SUBNET : ONE_ADDRESS);
    ck_assert_uint_eq(tunnels_of_node(), 2 + OF_ONE);
    ck_assert_uint_eq(rig_counters()->half_open_ended_source, 500 - OF_ONE);
    ck_assert_uint_eq(rig_counters()->half_open_ended, 0);
    honest_completes();
    live_is_well();
}
END_TEST

/* Behind the same address, and where all addresses are forged: in while fewer than the limit ask
 * between our answer and the client's. */
START_TEST(whoever_answers_at_once_gets_in)
{
    begin();
    flood_of(500, _i ? ANY_ADDRESS : ONE_ADDRESS);
    honest_asks(_i ? 0x0a000002 : 0x0a090909);
    flood_of((_i ? MOST : OF_ONE) - 1, _i ? ANY_ADDRESS : ONE_ADDRESS);
    honest_completes();
    live_is_well();
}
END_TEST

/* Who is too slow asks again, and is not held up by having asked before. */
START_TEST(whoever_was_too_slow_asks_again)
{
    begin();
    honest_asks(0x0a000002);
    flood_of(MOST, ANY_ADDRESS);
    assert_error(say_valid(&honest, SCCCN), L2TPHA_ERR_NOT_OURS);
    honest_asks(0x0a000002);
    honest_completes();
    ck_assert_uint_eq(rig_counters()->half_open_ended, 2);
    live_is_well();
}
END_TEST

/* Who has acknowledged the SCCRP starts anew. */
START_TEST(who_has_proved_the_address_is_younger)
{
    begin();
    honest_asks(0x0a000002);
    flood_of(MOST - 1, ANY_ADDRESS);
    assert_ok(peer_acks(&honest));
    flood_of(MOST - 1, ANY_ADDRESS);
    honest_completes();
}
END_TEST

START_TEST(under_pressure_nobody_waits_for_long)
{
    begin();
    flood_of(MOST / 2 + 1, ANY_ADDRESS);
    rig_pass_ms(3500);
    flood_of(1, ANY_ADDRESS);
    flood_of(1, ANY_ADDRESS);
    ck_assert_uint_le(tunnels_of_node(), 1 + MOST / 2 + 1);
    ck_assert_uint_ge(rig_counters()->half_open_ended, 2);
    live_is_well();
}
END_TEST

/* To end what one has begun is no way to more places; they are kept for copies of the StopCCN. */
START_TEST(begun_and_ended_still_counts)
{
    begin();
    for (unsigned i = 0; i < 3 * MOST; i++) {
        flood_of(1, ANY_ADDRESS);
        assert_ok(say_valid(&flood, STOPCCN));
    }
    ck_assert_uint_eq(tunnels_of_node(), 1 + MOST);
    live_is_well();
}
END_TEST

/* All places are taken: what is over goes first, then who has not completed; nobody else does. */
START_TEST(a_full_table_keeps_what_is_established)
{
    struct peer over;

    rig.config.max_tunnels = 3;
    begin();
    peer_opens(&over, 5);
    assert_ok(say_valid(&over, STOPCCN));
    forget_events();
    flood_of(1, ANY_ADDRESS);
    honest_asks(0x0a000002);
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
    honest_completes();
    flood_of(5, ANY_ADDRESS);
    live_is_well();
    ck_assert_uint_eq(tunnel_state(&honest), L2TPHA_TUNNEL_ESTABLISHED);
    rig_pass_ms(120000);
    honest_asks(0x0a000003);
    honest_completes();
    peer_begins(&flood, 6);
    assert_error(say_valid(&flood, SCCRQ), L2TPHA_ERR_LIMIT);
    live_is_well();
}
END_TEST

/* --- what is sent to an address that may be another's --- */

static size_t bytes_heard(void)
{
    size_t sum = 0;

    for (const struct heard *heard = rig.heard; heard; heard = heard->next)
        sum += heard->len;
    forget_datagrams();
    return sum;
}

/* 0: a request; 1: asked again; 2: refused by the host; 3: malformed; 4: the node has a long name;
 * 5: authentication; 6: for a tunnel to be recovered, in vain */
START_TEST(a_forged_address_is_sent_less_than_three_times_as_much)
{
    static char name[256];
    struct says sccrq;
    size_t said = 0;

    memset(name, 'n', 255);
    if (_i == 4)
        rig.config.name = name;
    if (_i == 5)
        rig.secret = "secret";
    peer_begins(&flood, 1);
    sccrq = _i == 6 ? recovery_request(&flood, &flood) : valid(&flood, SCCRQ);
    if (_i == 2)
        rig.admit_tunnel = (struct l2tpha_verdict){.result = 4};
    if (_i == 3)
        leave_out(&sccrq, 7);
    for (int copies = 0; copies < (_i == 1 ? 5 : 1); copies++) {
        flood.ns = 0;
        say(&flood, &sccrq);
        said += flood.last.len;
    }
    rig_pass_ms(200000);
    ck_assert_uint_lt(bytes_heard(), 3 * said);
    ck_assert_uint_eq(tunnels_of_node(), 0);
    ck_assert_uint_gt(rig_counters()->datagrams_out + (_i == 4), 0);
}
END_TEST

/* Our answer was lost: the copy has it sent again, at once, and not an acknowledgement that would
 * keep the peer from asking. */
START_TEST(who_asks_again_is_answered_again)
{
    peer_begins(&honest, 1);
    assert_ok(say_valid(&honest, SCCRQ));
    forget_datagrams();
    for (int copies = 0; copies < 4; copies++) {
        rig_pass_ms(1000);
        forget_datagrams();
        assert_error(say_again(&honest), L2TPHA_ERR_DUPLICATE);
        honest.nr = 0;
        honest.node_id = heard_u16(expect(&honest, SCCRP), L2TPHA_AVP_ASSIGNED_TUNNEL_ID);
    }
    honest_completes();
}
END_TEST

/* Too long for what the first request pays for. */
START_TEST(a_long_answer_leaves_with_a_copy)
{
    static char name[256];

    memset(name, 'n', 255);
    rig.config.name = name;
    peer_begins(&honest, 1);
    assert_ok(say_valid(&honest, SCCRQ));
    for (int copies = 0; copies < 3 && !rig.heard; copies++)
        assert_error(say_again(&honest), L2TPHA_ERR_DUPLICATE);
    honest.node_id = heard_u16(expect(&honest, SCCRP), L2TPHA_AVP_ASSIGNED_TUNNEL_ID);
    honest_completes();
}
END_TEST

Suite *suite_flood(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("flood", &tcase);

    tcase_add_loop_test(tcase, one_source_takes_its_share_and_no_more, 0, 2);
    tcase_add_loop_test(tcase, whoever_answers_at_once_gets_in, 0, 2);
    tcase_add_test(tcase, whoever_was_too_slow_asks_again);
    tcase_add_test(tcase, who_has_proved_the_address_is_younger);
    tcase_add_test(tcase, under_pressure_nobody_waits_for_long);
    tcase_add_test(tcase, begun_and_ended_still_counts);
    tcase_add_test(tcase, a_full_table_keeps_what_is_established);
    tcase_add_loop_test(tcase, a_forged_address_is_sent_less_than_three_times_as_much, 0, 7);
    tcase_add_test(tcase, who_asks_again_is_answered_again);
    tcase_add_test(tcase, a_long_answer_leaves_with_a_copy);
    return suite;
}
