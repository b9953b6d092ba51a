/* SPDX-License-Identifier: MIT */
/* A standby of which it is known that a bucket differs: until that is repaired it is no hot one,
 * whatever an operator believes. */
#include "node/node.h"
#include "scenario/rig_trio.h"
#include "sim/differ.h"

#define ROUND_MS 40000 /* each bucket is compared within it */

static struct l2tpha_link *links[2]; /* the active's end, the standby's */
static bool stopped;                 /* the active does not read that they differ */

static bool move(struct l2tpha_link *from, struct l2tpha_link *to)
{
    const uint8_t *data;
    size_t len = l2tpha_link_poll(from, &data, trio.now);

    if (len == 0)
        return false;
    assert_ok(l2tpha_link_feed(to, data, len, trio.now));
    l2tpha_link_sent(from, len);
    return true;
}

static uint64_t different(void)
{
    return l2tpha_counters(trio.standby)->digests_different;
}

static bool carry(void)
{
    bool any = move(links[0], links[1]);

    return (!(stopped && different()) && move(links[1], links[0])) || any;
}

static void ship(const struct l2tpha_output *output)
{
    assert_ok(l2tpha_link_send(links[0], output->position, output->data, output->len, trio.now));
}

static enum l2tpha_role role_of(const struct l2tpha_node *node)
{
    return info_of(node).role;
}

static void pass(void)
{
    trio_pass_ms(100);
    for (int i = 0; i < 2; i++)
        assert_ok(l2tpha_link_expire(links[i], trio.now));
    trio_settle();
}

/* A tunnel with a call, and a standby in sync that has another speed of it. */
static void begin(void)
{
    const struct l2tpha_link_options options = {
        .size = sizeof(options), .heartbeat_ms = 20000, .silence_ms = 90000};

    stopped = false;
    trio_begin(false);
    trio.config.standby = true;
    assert_ok(l2tpha_node_new(root, &trio.config, &trio.host, trio.now, &trio.standby));
    trio.config.standby = false;
    trio.ship = ship;
    trio.carry = carry;
    assert_ok(l2tpha_link_new(trio.near, &options, trio.now, &links[0]));
    assert_ok(l2tpha_link_new(trio.standby, &options, trio.now, &links[1]));
    trio_settle();
    trio_dial(trio_tunnel(trio.near));
    trio_settle();
    ck_assert_int_eq(role_of(trio.near), L2TPHA_ROLE_ACTIVE);
    ck_assert_int_eq(role_of(trio.standby), L2TPHA_ROLE_STANDBY_HOT);
    assert_true(differ(trio.standby->engine.table, DIFFER_SESSION, UINT64_C(1) << 32));
}

static void end(void)
{
    for (int i = 0; i < 2; i++)
        l2tpha_link_free(links[i], trio.now);
}

static void find_out(void)
{
    for (unsigned ms = 0; ms < ROUND_MS && !different(); ms += 100)
        pass();
    ck_assert_uint_eq(different(), 1);
}

/* Its answer is on its way: the standby alone knows. */
START_TEST(nobody_takes_it_for_exact)
{
    begin();
    stopped = true;
    find_out();
    ck_assert_int_eq(role_of(trio.standby), L2TPHA_ROLE_STANDBY_BULK);
    ck_assert_str_eq(info_of(trio.standby).reason, "differs from the active");
    assert_error(l2tpha_takeover(trio.standby, 0, trio.now), L2TPHA_ERR_STALE);
    assert_error(l2tpha_takeover_as(trio.standby, 0, L2TPHA_TRUST_EXACT, trio.now),
                 L2TPHA_ERR_STALE);
    assert_error(l2tpha_takeover_as(trio.standby, 0, L2TPHA_TRUST_UNCERTAIN, trio.now),
                 L2TPHA_ERR_STALE);
    ck_assert_int_eq(role_of(trio.standby), L2TPHA_ROLE_STANDBY_BULK);
    end();
}
END_TEST

/* Who has nobody else may have it, as what it is. */
START_TEST(an_operator_may_have_it_as_stale)
{
    begin();
    stopped = true;
    find_out();
    end();
    links[0] = links[1] = NULL;
    assert_ok(l2tpha_takeover_as(trio.standby, 0, L2TPHA_TRUST_STALE, trio.now));
    ck_assert_int_eq(role_of(trio.standby), L2TPHA_ROLE_ACTIVE_SOLO);
}
END_TEST

/* The active knows as well: nothing is offered to that standby, nor counted on. */
START_TEST(nothing_is_handed_over_to_it)
{
    begin();
    stopped = true;
    find_out();
    stopped = false;
    assert_true(move(links[1], links[0]));
    ck_assert_int_ne(role_of(trio.near), L2TPHA_ROLE_ACTIVE);
    assert_error(l2tpha_link_hand_over(links[0], trio.now), L2TPHA_ERR_NOT_IN_SYNC);
    end();
}
END_TEST

START_TEST(a_repaired_one_is_as_any_other)
{
    begin();
    find_out();
    trio_settle();
    ck_assert_uint_eq(l2tpha_counters(trio.standby)->digest_repairs, 1);
    ck_assert_int_eq(role_of(trio.near), L2TPHA_ROLE_ACTIVE);
    ck_assert_int_eq(role_of(trio.standby), L2TPHA_ROLE_STANDBY_HOT);
    assert_ok(l2tpha_takeover_as(trio.standby, 0, L2TPHA_TRUST_EXACT, trio.now));
    end();
}
END_TEST

Suite *suite_differs(void);
Suite *suite_differs(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("differs", &tcase);

    tcase_add_test(tcase, nobody_takes_it_for_exact);
    tcase_add_test(tcase, an_operator_may_have_it_as_stale);
    tcase_add_test(tcase, nothing_is_handed_over_to_it);
    tcase_add_test(tcase, a_repaired_one_is_as_any_other);
    return suite;
}
