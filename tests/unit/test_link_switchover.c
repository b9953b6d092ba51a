/* SPDX-License-Identifier: MIT */
/* Handing an epoch over, and announcing one. */
#include "sim/link_pair.h"

#define MS 1000u
#define SECOND (1000 * MS)

static void to_standby(void)
{
    linked_carry(&active, &standby, SIZE_MAX, 0, NULL);
}

static void to_active(void)
{
    linked_carry(&standby, &active, SIZE_MAX, 0, NULL);
}

static void offer(void)
{
    linked_sync();
    assert_ok(l2tpha_link_hand_over(active.link, 0));
}

/* --- an offer --- */

START_TEST(an_offer_taken_back_is_never_taken)
{
    offer();
    to_standby();
    assert_ok(l2tpha_link_withdraw(active.link, 0));
    assert_error(l2tpha_link_withdraw(active.link, 0), L2TPHA_ERR_STATE);
    to_active(); /* accepted, too late */
    ck_assert(!linked_info(&active).handed && !linked_info(&active).offered);
    linked_run(0, NULL, NULL);
    ck_assert(!linked_info(&standby).switchover);
    assert_ok(l2tpha_link_hand_over(active.link, 0)); /* once more */
    linked_run(0, NULL, NULL);
    ck_assert(linked_info(&standby).switchover && linked_info(&active).handed);
}
END_TEST

/* It went on alone meanwhile, or its host has it serve again and forgot to take the offer back. */
START_TEST(who_serves_again_gives_nothing)
{
    offer();
    to_standby();
    active.role = L2TPHA_ROLE_ACTIVE_SOLO;
    linked_run(0, NULL, NULL);
    ck_assert(!linked_info(&active).handed && !linked_info(&standby).switchover);
}
END_TEST

START_TEST(who_was_told_to_and_cannot_says_so)
{
    offer();
    assert_error(l2tpha_link_decline(standby.link, L2TPHA_ERR_NOMEM, 0), L2TPHA_ERR_STATE);
    linked_run(0, NULL, NULL);
    assert_error(l2tpha_link_decline(standby.link, 0, 0), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_link_decline(active.link, L2TPHA_ERR_NOMEM, 0), L2TPHA_ERR_ROLE);
    assert_ok(l2tpha_link_decline(standby.link, L2TPHA_ERR_NOMEM, 0));
    linked_run(0, NULL, NULL);
    ck_assert_uint_eq(active.resumes, 1);
    assert_error(linked_info(&active).declined, L2TPHA_ERR_NOMEM);
    ck_assert(!linked_info(&active).handed && !linked_info(&standby).switchover);
    assert_ok(l2tpha_link_hand_over(active.link, 0));
    ck_assert_int_eq(linked_info(&active).declined, 0);
}
END_TEST

/* Whoever has not told the standby to serve serves on; whoever has does not. */
START_TEST(the_end_of_the_stream_in_each_phase)
{
    offer();
    if (_i > 0)
        to_standby();
    if (_i > 1)
        to_active();
    if (_i > 2)
        to_standby();
    l2tpha_link_free(active.link, 0);
    active.link = NULL;
    ck_assert_uint_eq(active.stops, _i < 2);
    ck_assert_int_eq(linked_info(&standby).switchover, _i > 2);
    l2tpha_link_free(standby.link, 0);
    standby.link = NULL;
    ck_assert_uint_eq(standby.cuts, 1);
}
END_TEST

START_TEST(the_order_names_an_epoch_of_the_standbys_rank)
{
    active.rank = 1;
    standby.rank = 7;
    linked_sync();
    ck_assert_uint_eq(linked_info(&active).peer_rank, 7);
    ck_assert_uint_eq(linked_info(&standby).peer_rank, 1);
    assert_ok(l2tpha_link_hand_over(active.link, 0));
    linked_run(0, NULL, NULL); /* a wrong one would end the link */
    ck_assert(linked_info(&standby).switchover);
}
END_TEST

START_TEST(equal_ranks_are_refused_where_they_must_differ)
{
    const struct l2tpha_link_options options = {.size = sizeof(options), .ranks_differ = _i > 0};
    int error = 0;

    active.rank = standby.rank = 3;
    linked_open_end(&active, &options);
    linked_open_end(&standby, NULL);
    linked_run(0, &error, &(int){0});
    assert_error(error, _i ? L2TPHA_ERR_EXISTS : 0);
}
END_TEST

/* --- an announcement --- */

static void announce(bool force)
{
    assert_ok(l2tpha_link_announce(standby.link, 6, force, 0));
    ck_assert_int_eq(standby.role, L2TPHA_ROLE_UNHEARD); /* until it is answered */
    to_standby();
    ck_assert_int_eq(standby.role, L2TPHA_ROLE_UNHEARD);
}

START_TEST(an_active_in_sync_steps_down)
{
    int active_error = 0, standby_error = 0;

    linked_sync();
    announce(_i > 0);
    linked_run(0, &active_error, &standby_error);
    assert_error(active_error, L2TPHA_ERR_FENCED);
    assert_error(standby_error, L2TPHA_ERR_FENCED);
    ck_assert_uint_eq(active.fenced_by, 6);
    ck_assert(linked_info(&standby).stepped_down);
    ck_assert_int_eq(standby.role, L2TPHA_ROLE_CUT_OFF);
}
END_TEST

START_TEST(one_that_has_gone_on_alone_declines)
{
    static const enum l2tpha_role roles[] = {L2TPHA_ROLE_ACTIVE_SOLO, L2TPHA_ROLE_ACTIVE_BULK};

    linked_sync();
    active.role = roles[_i];
    announce(false);
    linked_run(0, NULL, NULL);
    assert_error(linked_info(&standby).declined, L2TPHA_ERR_NOT_IN_SYNC);
    ck_assert(!linked_info(&standby).stepped_down);
    ck_assert_int_eq(active.role, roles[_i]);
    assert_ok(l2tpha_link_expire(standby.link, 50 * MS));
    ck_assert(!linked_info(&standby).unanswered);
    assert_ok(l2tpha_link_announce(standby.link, 6, true, 0)); /* then by force */
    linked_run(0, &(int){0}, &(int){0});
    ck_assert_uint_eq(active.fenced_by, 6);
}
END_TEST

static void drive(struct fake *fake, uint64_t to)
{
    uint64_t now;

    while ((now = l2tpha_link_deadline(fake->link)) <= to)
        assert_ok(l2tpha_link_expire(fake->link, now));
}

START_TEST(an_answer_that_does_not_come_is_told)
{
    linked_sync();
    assert_ok(l2tpha_link_announce(standby.link, 6, false, 0));
    drive(&standby, 220 * MS - 1);
    ck_assert(!linked_info(&standby).unanswered);
    drive(&standby, 220 * MS);
    ck_assert(linked_info(&standby).unanswered);
}
END_TEST

/* The answer may lie unread. */
START_TEST(an_answer_is_not_missed_by_who_was_away)
{
    linked_sync();
    active.role = L2TPHA_ROLE_ACTIVE_SOLO;
    assert_ok(l2tpha_link_announce(standby.link, 6, false, 0));
    to_active();
    for (int i = 0; i < 3; i++)
        assert_ok(l2tpha_link_expire(standby.link, 900 * MS + (uint64_t)i * 10 * MS));
    ck_assert(!linked_info(&standby).unanswered);
    linked_run(900 * MS, NULL, NULL);
    assert_error(linked_info(&standby).declined, L2TPHA_ERR_NOT_IN_SYNC);
}
END_TEST

START_TEST(an_announcement_must_be_new_and_possible)
{
    linked_open();
    assert_error(l2tpha_link_announce(standby.link, 6, false, 0), L2TPHA_ERR_STATE);
    linked_carry(&active, &standby, SIZE_MAX, 0, NULL);
    /* It holds nothing of that epoch yet, but has heard of it. */
    assert_error(l2tpha_link_announce(standby.link, 5, false, 0), L2TPHA_ERR_STALE_EPOCH);
    linked_run(0, NULL, NULL);
    assert_error(l2tpha_link_announce(active.link, 6, false, 0), L2TPHA_ERR_ROLE);
    assert_error(l2tpha_link_announce(standby.link, 5, false, 0), L2TPHA_ERR_STALE_EPOCH);
    assert_ok(l2tpha_link_announce(standby.link, 6, false, 0));
    assert_error(l2tpha_link_announce(standby.link, 7, false, 0), L2TPHA_ERR_STATE);
}
END_TEST

/* --- epochs --- */

/* A stranger's number ends no epoch. */
START_TEST(an_epoch_too_far_ahead_fences_nobody)
{
    const uint64_t ahead = UINT64_C(4096) * 256;
    int error = 0;

    standby.role = L2TPHA_ROLE_STANDBY_HOT;
    standby.epoch = active.epoch + ahead + (uint64_t)_i;
    linked_open();
    linked_run(0, &error, &(int){0});
    assert_error(error, _i ? L2TPHA_ERR_EPOCH : L2TPHA_ERR_FENCED);
    ck_assert_uint_eq(active.fenced_by, _i ? 0 : standby.epoch);
}
END_TEST

/* A node that has a link already tells whoever serves in an older epoch, whichever side it is, and
 * begins nothing with anybody. */
START_TEST(a_node_that_is_taken_tells_an_old_active)
{
    const struct l2tpha_link_options taken = {.size = sizeof(taken), .taken = true};
    int error = 0, other = 0;

    active.role = _i ? L2TPHA_ROLE_STANDBY_HOT : L2TPHA_ROLE_ACTIVE;
    standby.role = L2TPHA_ROLE_ACTIVE_SOLO;
    active.epoch = standby.epoch + 1;
    linked_open_end(&active, &taken);
    linked_open_end(&standby, NULL);
    linked_run(0, &error, &other);
    assert_error(error, L2TPHA_ERR_STALE_EPOCH);
    assert_error(other, L2TPHA_ERR_FENCED);
    ck_assert_uint_eq(standby.fenced_by, active.epoch);
    ck_assert_uint_eq(active.bulks + active.stops + active.cuts, 0);
}
END_TEST

START_TEST(a_node_that_is_taken_has_no_word_for_others)
{
    const struct l2tpha_link_options taken = {.size = sizeof(taken), .taken = true};
    const uint8_t *data;
    int error = 0;

    standby.role = _i ? L2TPHA_ROLE_ACTIVE_SOLO : L2TPHA_ROLE_STANDBY_COLD;
    standby.epoch = active.epoch;
    linked_open_end(&active, &taken);
    linked_open_end(&standby, NULL);
    ck_assert_uint_eq(l2tpha_link_poll(active.link, &data, 0), 0);
    linked_carry(&standby, &active, SIZE_MAX, 0, &error);
    assert_error(error, L2TPHA_ERR_LIMIT);
    ck_assert_uint_eq(l2tpha_link_poll(active.link, &data, 0), 0);
    ck_assert_uint_eq(active.bulks + active.stops, 0);
    ck_assert_int_eq(active.role, L2TPHA_ROLE_ACTIVE_SOLO);
}
END_TEST

START_TEST(a_node_that_is_taken_hears_of_a_newer_epoch)
{
    const struct l2tpha_link_options taken = {.size = sizeof(taken), .taken = true};
    int error = 0, other = 0;

    standby.role = L2TPHA_ROLE_ACTIVE_SOLO;
    standby.epoch = active.epoch + 1;
    linked_open_end(&active, &taken);
    linked_open_end(&standby, NULL);
    linked_run(0, &error, &other);
    assert_error(error, L2TPHA_ERR_FENCED);
    assert_error(other, L2TPHA_ERR_STALE_EPOCH);
    ck_assert_uint_eq(active.fenced_by, standby.epoch);
}
END_TEST

START_TEST(each_tells_the_other_its_epoch)
{
    linked_sync();
    ck_assert_uint_eq(standby.met, 5);
}
END_TEST

Suite *suite_link_switchover(void)
{
    Suite *suite = suite_create("link_switchover");
    TCase *tcase = tcase_create("switchover");

    tcase_add_checked_fixture(tcase, linked_setup, linked_teardown);
    tcase_add_test(tcase, an_offer_taken_back_is_never_taken);
    tcase_add_test(tcase, who_serves_again_gives_nothing);
    tcase_add_test(tcase, who_was_told_to_and_cannot_says_so);
    tcase_add_loop_test(tcase, the_end_of_the_stream_in_each_phase, 0, 4);
    tcase_add_test(tcase, the_order_names_an_epoch_of_the_standbys_rank);
    tcase_add_loop_test(tcase, equal_ranks_are_refused_where_they_must_differ, 0, 2);
    tcase_add_loop_test(tcase, an_active_in_sync_steps_down, 0, 2);
    tcase_add_loop_test(tcase, one_that_has_gone_on_alone_declines, 0, 2);
    tcase_add_test(tcase, an_answer_that_does_not_come_is_told);
    tcase_add_test(tcase, an_answer_is_not_missed_by_who_was_away);
    tcase_add_test(tcase, an_announcement_must_be_new_and_possible);
    tcase_add_loop_test(tcase, an_epoch_too_far_ahead_fences_nobody, 0, 2);
    tcase_add_test(tcase, each_tells_the_other_its_epoch);
    tcase_add_loop_test(tcase, a_node_that_is_taken_tells_an_old_active, 0, 2);
    tcase_add_loop_test(tcase, a_node_that_is_taken_has_no_word_for_others, 0, 2);
    tcase_add_test(tcase, a_node_that_is_taken_hears_of_a_newer_epoch);
    suite_add_tcase(suite, tcase);
    return suite;
}
