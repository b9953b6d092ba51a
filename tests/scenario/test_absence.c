/* SPDX-License-Identifier: MIT */
/* A node that was stopped goes on: what it does before it has read what came meanwhile, and what a
 * standby's copy is worth by what is known of it. */
#include "node/node.h"
#include "node/sight.h"
#include "scenario/rig_trio.h"
#include "state/ledger_private.h"

#include <string.h>

#define MS 1000u
#define SECOND (1000u * MS)

/* Later than it has asked for. */
static void sleep_ms(uint64_t ms)
{
    uint64_t due = l2tpha_deadline(trio.near);

    ck_assert_uint_ne(due, L2TPHA_NEVER);
    trio.now = (due > trio.now ? due : trio.now) + ms * MS;
}

/* --- alone: input before silence --- */

/* The acknowledgement waits in the socket while the time to give the peer up passes. */
START_TEST(an_acknowledgement_that_waits_is_read_first)
{
    struct l2tpha_path path = {.remote = {.len = 1, .bytes = {2}}};
    struct l2tpha_output output;
    uint8_t answer[1024];
    size_t len = 0;

    trio.config.retries = 1;
    trio_begin(false);
    trio_tunnel(trio.near);
    trio_pass_ms(1000);
    trio.deaf = true;
    trio_dial(first_tunnel(trio.near));
    trio_settle();                             /* the far node has it */
    for (int i = 0; i < 10 && len == 0; i++) { /* it says once more what was lost */
        trio.now = l2tpha_deadline(trio.far);
        assert_ok(l2tpha_expire(trio.far, trio.now));
        if (l2tpha_poll(trio.far, &output, 1, trio.now) && output.kind == L2TPHA_OUTPUT_DATAGRAM &&
            output.len <= sizeof(answer)) {
            len = output.len;
            memcpy(answer, output.data, len);
        }
    }
    ck_assert_uint_gt(len, 0);
    trio.deaf = false;
    for (int i = 0; i < 3; i++) { /* stopped again and again, for longer than all its tries */
        sleep_ms(60000);
        assert_ok(l2tpha_expire(trio.near, trio.now));
        ck_assert_uint_eq(l2tpha_deadline(trio.near), trio.now + 20 * MS);
    }
    assert_ok(l2tpha_feed(trio.near, &path, answer, len, trio.now + MS));
    trio.now += 25 * MS;
    assert_ok(l2tpha_expire(trio.near, trio.now));
    trio_settle();
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_DOWN), 0);
    ck_assert_ptr_nonnull(first_tunnel(trio.near));
    ck_assert_uint_eq(l2tpha_counters(trio.near)->absences, 3);
}
END_TEST

/* Every turn of its host takes too long, and its calls come at the end of it: its timers run all
 * the same. */
START_TEST(who_is_always_late_repeats_what_was_lost)
{
    trio_begin(false);
    trio_tunnel(trio.near);
    trio_pass_ms(1000);
    trio.deaf = true;
    trio_dial(first_tunnel(trio.near));
    trio_settle();
    trio.deaf = false;
    uint64_t before = trio.datagrams;
    for (int i = 0; i < 10; i++) {
        trio.now += 1500 * MS;
        assert_ok(l2tpha_expire(trio.near, trio.now));
        trio_settle();
    }
    ck_assert_uint_gt(trio.datagrams, before);
}
END_TEST

START_TEST(a_node_without_a_standby_is_sure)
{
    trio_begin(false);
    trio_tunnel(trio.near);
    trio_pass_ms(1000);
    sleep_ms(5000);
    assert_ok(l2tpha_expire(trio.near, trio.now));
    ck_assert(!info_of(trio.near).unsure);
}
END_TEST

/* --- with a standby: nothing leaves --- */

static void begin_unsure(void)
{
    trio_begin(true);
    trio_tunnel(trio.near);
    trio_dial(first_tunnel(trio.near));
    trio_settle();
    trio_pass_ms(1000);
    sleep_ms(5000);
    trio.confirm = false;
    assert_ok(l2tpha_expire(trio.near, trio.now));
    ck_assert(info_of(trio.near).unsure);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->absences, 1);
}

static unsigned datagrams(uint32_t *events)
{
    struct l2tpha_output outputs[8];
    unsigned count = 0;
    size_t got;

    *events = 0;
    while ((got = l2tpha_poll(trio.near, outputs, 8, trio.now)) > 0)
        for (size_t i = 0; i < got; i++) {
            count += outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM;
            *events += outputs[i].kind == L2TPHA_OUTPUT_EVENT && outputs[i].tunnel_id;
        }
    return count;
}

/* A HELLO of the peer's is due an answer, and it has hung up. */
START_TEST(datagrams_data_and_events_are_held)
{
    const struct l2tpha_path *path;
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    uint32_t events;
    size_t len;

    begin_unsure();
    uint64_t until = l2tpha_deadline(trio.near);
    ck_assert_uint_gt(until, trio.now + 100 * MS);
    ck_assert_uint_le(until, trio.now + SECOND);
    ck_assert_uint_eq(datagrams(&events), 0);
    ck_assert_uint_eq(events, 0);
    assert_error(
        l2tpha_data_send(first_session(trio.near), 9, false, header, &len, &path, trio.now),
        L2TPHA_ERR_UNCONFIRMED);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->unsure_drops, 1);
    trio.now += 300 * MS;
    assert_ok(l2tpha_expire(trio.near, trio.now));
    ck_assert_uint_eq(datagrams(&events), 0);
    trio.now += 700 * MS;
    assert_ok(l2tpha_expire(trio.near, trio.now));
    ck_assert(!info_of(trio.near).unsure); /* that was long enough */
    assert_ok(l2tpha_data_send(first_session(trio.near), 9, false, header, &len, &path, trio.now));
    uint64_t before = trio.datagrams;
    trio.confirm = true;
    trio_settle();
    ck_assert_uint_gt(trio.datagrams, before); /* a HELLO was due */
}
END_TEST

/* Heard on a link; told by a host that has no link; or a newer epoch is heard of. */
START_TEST(what_ends_the_uncertainty)
{
    begin_unsure();
    if (_i == 0)
        node_see_again(trio.near, trio.now);
    else if (_i == 1)
        assert_ok(l2tpha_checkpoint_done(trio.near, trio.shipped, 0, trio.now));
    else
        assert_ok(l2tpha_fence(trio.near, 99, trio.now));
    ck_assert(!info_of(trio.near).unsure);
    ck_assert_int_eq(info_of(trio.near).role, _i < 2 ? L2TPHA_ROLE_ACTIVE : L2TPHA_ROLE_FENCED);
}
END_TEST

/* Any entry finds it out, and the standby's silence is measured anew. */
START_TEST(the_first_entry_finds_it_out)
{
    struct l2tpha_output output;
    struct l2tpha_path path = {.remote = {.len = 1, .bytes = {2}}};

    trio_begin(true);
    trio_tunnel(trio.near);
    trio_pass_ms(1000);
    trio.confirm = false;
    trio_dial(first_tunnel(trio.near));
    (void)l2tpha_poll(trio.near, &output, 1, trio.now); /* a checkpoint is on its way */
    sleep_ms(5000);
    if (_i == 0)
        (void)l2tpha_poll(trio.near, &output, 1, trio.now);
    else if (_i == 1)
        (void)l2tpha_feed(trio.near, &path, (const uint8_t *)"", 0, trio.now);
    else if (_i == 2)
        assert_ok(l2tpha_expire(trio.near, trio.now));
    else
        (void)trio_dial(first_tunnel(trio.near));
    ck_assert(info_of(trio.near).unsure);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    ck_assert_uint_eq(l2tpha_deadline(trio.near), trio.now + 200 * MS);
}
END_TEST

/* A host that is always late, and whose standby is dead, does not wait for it for ever. */
START_TEST(who_is_always_late_goes_on_alone)
{
    struct l2tpha_output output;
    int turns = 0;

    trio_begin(true);
    trio_tunnel(trio.near);
    trio_pass_ms(1000);
    trio.confirm = false;
    trio_dial(first_tunnel(trio.near));
    for (; info_of(trio.near).role == L2TPHA_ROLE_ACTIVE && turns < 100; turns++) {
        while (l2tpha_poll(trio.near, &output, 1, trio.now) > 0)
            ck_assert_int_ne(output.kind, L2TPHA_OUTPUT_DATAGRAM);
        sleep_ms(150);
        assert_ok(l2tpha_expire(trio.near, trio.now));
    }
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE_SOLO);
    ck_assert_int_le(turns, 15);
    ck_assert_int_gt(turns, 8);
}
END_TEST

/* --- what a copy is worth --- */

enum sight { COLD, HOT, UNHEARD, UNHEARD_OLD, CUT, CUT_OLD, LOST, SERVING, SIGHTS };

static void get_into(enum sight sight)
{
    uint64_t old = trio.now - 11 * SECOND, fresh = trio.now - 9 * SECOND;

    switch (sight) {
    case UNHEARD:
    case UNHEARD_OLD:
        node_lose_sight(trio.standby, sight == UNHEARD ? fresh : old, trio.now);
        return;
    case CUT:
    case CUT_OLD:
        node_cut_off(trio.standby, sight == CUT ? fresh : old, trio.now);
        return;
    case LOST: /* one checkpoint is missing */
        trio.connected = false;
        trio_dial(first_tunnel(trio.near));
        trio_settle();
        trio.connected = true;
        assert_ok(l2tpha_checkpoint_stop(trio.near, trio.now));
        trio.connected = false;
        ck_assert_int_eq(role_step(&trio.standby->role, ROLE_LOST_THREAD, 1, "test"), 0);
        return;
    case SERVING:
        assert_ok(l2tpha_takeover(trio.standby, 0, trio.now));
        return;
    case COLD:
        l2tpha_node_free(trio.standby);
        trio.config.standby = true;
        assert_ok(l2tpha_node_new(root, &trio.config, &trio.host, trio.now, &trio.standby));
        trio.config.standby = false;
        return;
    default:
        return;
    }
}

/* By role and by how far the host trusts the copy: 0, or why not. */
static const int allowed[SIGHTS][5] = {
#define STALE L2TPHA_ERR_STALE
#define NOT L2TPHA_ERR_NOT_IN_SYNC
#define ROLE L2TPHA_ERR_ROLE
    /* auto, exact, uncertain, stale, empty */
    [COLD] = {NOT, NOT, NOT, NOT, 0},
    [HOT] = {0, 0, 0, 0, 0},
    [UNHEARD] = {0, 0, 0, 0, 0},
    [UNHEARD_OLD] = {STALE, 0, 0, 0, 0},
    [CUT] = {0, 0, 0, 0, 0},
    [CUT_OLD] = {STALE, 0, 0, 0, 0},
    [LOST] = {STALE, STALE, STALE, 0, 0},
    [SERVING] = {ROLE, ROLE, ROLE, ROLE, ROLE},
};

START_TEST(every_role_with_every_trust)
{
    enum sight sight = (enum sight)(_i / 5);
    enum l2tpha_trust trust = (enum l2tpha_trust)(_i % 5);

    trio.now = 100 * SECOND;
    trio_begin(true);
    trio_tunnel(trio.near);
    get_into(sight);
    assert_error(l2tpha_takeover_as(trio.standby, 0, trust, trio.now), allowed[sight][trust]);
    if (allowed[sight][trust])
        return;
    const char *reason = info_of(trio.standby).reason;
    bool doubted = trust == L2TPHA_TRUST_UNCERTAIN ||
                   (trust == L2TPHA_TRUST_AUTO && (sight == UNHEARD || sight == CUT));
    ck_assert_str_eq(reason, trust == L2TPHA_TRUST_STALE   ? "took over, from a stale copy"
                             : trust == L2TPHA_TRUST_EMPTY ? "took over, from nothing"
                             : doubted ? "took over, from a copy that may be behind"
                                       : "took over");
    ck_assert_int_eq(first_tunnel(trio.standby) != NULL, trust != L2TPHA_TRUST_EMPTY);
    ck_assert_uint_eq(info_of(trio.standby).since, 0);
}
END_TEST

START_TEST(an_epoch_of_another_rank_is_refused)
{
    trio.config.rank = 7;
    trio_begin(true);
    uint64_t epoch = info_of(trio.near).epoch;
    ck_assert_uint_eq(epoch, 7);
    assert_error(l2tpha_takeover_as(trio.standby, epoch + 1, L2TPHA_TRUST_AUTO, trio.now),
                 L2TPHA_ERR_INVALID);
    assert_error(l2tpha_takeover_as(trio.standby, epoch, L2TPHA_TRUST_AUTO, trio.now),
                 L2TPHA_ERR_STALE_EPOCH);
    assert_error(l2tpha_takeover_as(trio.standby, 0, (enum l2tpha_trust)5, trio.now),
                 L2TPHA_ERR_INVALID);
    assert_ok(l2tpha_takeover(trio.standby, 0, trio.now));
    ck_assert_uint_eq(info_of(trio.standby).epoch, epoch + 256);
}
END_TEST

/* A second cut counts from the second: the copy in between was whole. */
START_TEST(a_new_copy_is_as_new_as_it_is)
{
    trio.now = 100 * SECOND;
    trio_begin(true);
    trio_tunnel(trio.near);
    node_cut_off(trio.standby, trio.now - 50 * SECOND, trio.now);
    ck_assert_uint_eq(info_of(trio.standby).since, 50 * SECOND);
    node_cut_off(trio.standby, trio.now, trio.now); /* a stream on which nothing was said */
    node_lose_sight(trio.standby, trio.now, trio.now);
    ck_assert_uint_eq(info_of(trio.standby).since, 50 * SECOND);
    node_see_again(trio.standby, trio.now);
    assert_ok(l2tpha_checkpoint_bulk(trio.near, trio.now));
    trio_settle();
    ck_assert_int_eq(info_of(trio.standby).role, L2TPHA_ROLE_STANDBY_HOT);
    ck_assert_uint_eq(info_of(trio.standby).since, 0);
    node_cut_off(trio.standby, trio.now - SECOND, trio.now);
    assert_ok(l2tpha_takeover(trio.standby, 0, trio.now));
}
END_TEST

/* A copy that completes on a stream of which nothing is known is not hot. */
START_TEST(a_copy_read_blindly_is_not_hot)
{
    trio_begin(true);
    assert_ok(l2tpha_checkpoint_bulk(trio.near, trio.now));
    node_lose_sight(trio.standby, trio.now, trio.now);
    trio_settle();
    ck_assert_int_eq(info_of(trio.standby).role, L2TPHA_ROLE_UNHEARD);
    node_see_again(trio.standby, trio.now);
    ck_assert_int_eq(info_of(trio.standby).role, L2TPHA_ROLE_STANDBY_HOT);
}
END_TEST

/* --- whole nodes and a link between them --- */

static struct l2tpha_link *links[2];

static void carry(int from, int to, uint64_t now)
{
    const uint8_t *data;
    size_t len;

    while (links[from] && (len = l2tpha_link_poll(links[from], &data, now)) > 0) {
        (void)l2tpha_link_feed(links[to], data, len, now);
        l2tpha_link_sent(links[from], len);
    }
}

static void link_up(void)
{
    struct l2tpha_output output;

    trio_begin(true);
    assert_ok(l2tpha_checkpoint_stop(trio.near, trio.now));
    l2tpha_node_free(trio.standby);
    trio.config.standby = true;
    assert_ok(l2tpha_node_new(root, &trio.config, &trio.host, trio.now, &trio.standby));
    trio.config.standby = false;
    assert_ok(l2tpha_link_new(trio.near, NULL, trio.now, &links[0]));
    assert_ok(l2tpha_link_new(trio.standby, NULL, trio.now, &links[1]));
    for (int i = 0; i < 20; i++) {
        while (l2tpha_poll(trio.near, &output, 1, trio.now) > 0)
            if (output.kind == L2TPHA_OUTPUT_CHECKPOINT)
                assert_ok(
                    l2tpha_link_send(links[0], output.position, output.data, output.len, trio.now));
        carry(0, 1, trio.now);
        carry(1, 0, trio.now);
    }
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    ck_assert_int_eq(info_of(trio.standby).role, L2TPHA_ROLE_STANDBY_HOT);
}

/* It has asked for nothing for a long time, but its link has: the node's own entries know that. */
START_TEST(an_idle_node_with_a_link_knows_that_it_was_away)
{
    struct l2tpha_output output;

    link_up();
    ck_assert_uint_eq(l2tpha_deadline(trio.near), L2TPHA_NEVER);
    trio.now += SECOND;
    (void)l2tpha_poll(trio.near, &output, 1, trio.now);
    ck_assert(info_of(trio.near).unsure);
    l2tpha_link_free(links[0], trio.now);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE_SOLO);
    ck_assert(info_of(trio.near).unsure); /* whatever the link's end was about */
}
END_TEST

/* ... and one that has gone on alone has a standby that may be told to serve all the same. */
START_TEST(a_node_alone_with_a_link_is_unsure_too)
{
    struct l2tpha_link_info info = {.size = sizeof(info)};

    link_up();
    l2tpha_link_get(links[0], &info);
    assert_ok(l2tpha_consumer_done(trio.near, info.consumer, 0, L2TPHA_ERR_RECORD, trio.now));
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE_SOLO);
    trio.now += SECOND;
    assert_ok(l2tpha_expire(trio.near, trio.now));
    ck_assert(info_of(trio.near).unsure);
    carry(0, 1, trio.now); /* asks, */
    carry(1, 0, trio.now); /* hears, */
    carry(0, 1, trio.now);
    ck_assert(!info_of(trio.near).unsure);
}
END_TEST

/* A standby that was stopped and told to serve first of all knows no more what its copy is worth.
 */
START_TEST(a_standby_that_was_away_does_not_take_its_copy_for_exact)
{
    link_up();
    trio.now += _i ? 12 * SECOND : SECOND;
    assert_error(l2tpha_takeover(trio.standby, 0, trio.now), _i ? L2TPHA_ERR_STALE : 0);
    if (!_i)
        ck_assert_str_eq(info_of(trio.standby).reason, "took over, from a copy that may be behind");
}
END_TEST

/* Announced and not answered: whoever is asked may have gone on alone. */
START_TEST(an_unanswered_announcement_leaves_it_uncertain)
{
    link_up();
    assert_ok(l2tpha_link_announce(links[1], 2, false, trio.now));
    ck_assert_int_eq(info_of(trio.standby).role, L2TPHA_ROLE_UNHEARD);
    assert_ok(l2tpha_takeover(trio.standby, 2, trio.now));
    ck_assert_str_eq(info_of(trio.standby).reason, "took over, from a copy that may be behind");
    carry(1, 0, trio.now);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_FENCED);
}
END_TEST

/* The standby is stopped just then: no timer of the active's makes it serve again, though what has
 * been acknowledged since is still to be told. */
START_TEST(who_has_said_go_stays_silent)
{
    struct l2tpha_output output;

    link_up();
    trio.near->engine.draining = true;
    assert_ok(l2tpha_link_hand_over(links[0], trio.now));
    carry(0, 1, trio.now);
    carry(1, 0, trio.now); /* accepted; GO */
    /* What is marked and waits would be a tunnel's, and here is none: an audit finds that. */
    trio.near->engine.audit = NULL;
    trio.near->engine.ledger->deferred_since = trio.now;
    ck_assert_uint_eq(l2tpha_deadline(trio.near), L2TPHA_NEVER);
    for (int i = 0; i < 100; i++) {
        trio.now += 10 * MS;
        assert_ok(l2tpha_expire(trio.near, trio.now));
        while (l2tpha_poll(trio.near, &output, 1, trio.now) > 0)
            ck_assert_int_eq(output.kind, L2TPHA_OUTPUT_EVENT);
    }
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    ck_assert(info_of(trio.near).handing_over);
    l2tpha_link_free(links[0], trio.now);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE); /* as silent as before */
    assert_ok(l2tpha_switchover_cancel(trio.near, trio.now));
    ck_assert(!info_of(trio.near).handing_over);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE_SOLO); /* without a standby */
}
END_TEST

/* A standby that holds nothing has still heard of the epoch. */
START_TEST(the_next_epoch_is_newer_than_any_heard_of)
{
    trio.config.epoch = 900;
    trio_begin(true);
    trio.config.epoch = 1;
    l2tpha_node_free(trio.standby);
    trio.config.standby = true;
    assert_ok(l2tpha_node_new(root, &trio.config, &trio.host, trio.now, &trio.standby));
    trio.config.standby = false;
    assert_ok(l2tpha_checkpoint_stop(trio.near, trio.now));
    assert_ok(l2tpha_link_new(trio.near, NULL, trio.now, &links[0]));
    assert_ok(l2tpha_link_new(trio.standby, NULL, trio.now, &links[1]));
    carry(0, 1, trio.now);
    assert_error(l2tpha_takeover_as(trio.standby, 5, L2TPHA_TRUST_EMPTY, trio.now),
                 L2TPHA_ERR_STALE_EPOCH);
    assert_ok(l2tpha_takeover_as(trio.standby, 0, L2TPHA_TRUST_EMPTY, trio.now));
    ck_assert_uint_eq(info_of(trio.standby).epoch, 901);
}
END_TEST

Suite *suite_absence(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("absence", &tcase);

    tcase_add_test(tcase, an_acknowledgement_that_waits_is_read_first);
    tcase_add_test(tcase, who_is_always_late_repeats_what_was_lost);
    tcase_add_test(tcase, a_node_without_a_standby_is_sure);
    tcase_add_test(tcase, datagrams_data_and_events_are_held);
    tcase_add_loop_test(tcase, what_ends_the_uncertainty, 0, 3);
    tcase_add_loop_test(tcase, the_first_entry_finds_it_out, 0, 4);
    tcase_add_test(tcase, who_is_always_late_goes_on_alone);
    tcase_add_loop_test(tcase, every_role_with_every_trust, 0, SIGHTS * 5);
    tcase_add_test(tcase, an_epoch_of_another_rank_is_refused);
    tcase_add_test(tcase, a_new_copy_is_as_new_as_it_is);
    tcase_add_test(tcase, a_copy_read_blindly_is_not_hot);
    tcase_add_test(tcase, an_idle_node_with_a_link_knows_that_it_was_away);
    tcase_add_test(tcase, a_node_alone_with_a_link_is_unsure_too);
    tcase_add_loop_test(tcase, a_standby_that_was_away_does_not_take_its_copy_for_exact, 0, 2);
    tcase_add_test(tcase, an_unanswered_announcement_leaves_it_uncertain);
    tcase_add_test(tcase, who_has_said_go_stays_silent);
    tcase_add_test(tcase, the_next_epoch_is_newer_than_any_heard_of);
    return suite;
}
