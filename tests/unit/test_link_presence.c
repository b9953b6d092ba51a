/* SPDX-License-Identifier: MIT */
/* Who is there: what an end makes of its own absence and of the other's silence, in whatever order
 * its host makes its calls. */
#include "sim/link_pair.h"

#define MS 1000u
#define SECOND (1000 * MS)
#define SLEEP (1500 * MS) /* longer than a silence */

/* What the standby has to say waits unread. */
static uint8_t held[4096];
static size_t held_len;

static void hold(uint64_t now)
{
    const uint8_t *data;

    held_len = l2tpha_link_poll(standby.link, &data, now);
    ck_assert_uint_le(held_len, sizeof(held));
    for (size_t i = 0; i < held_len; i++)
        held[i] = data[i];
    l2tpha_link_sent(standby.link, held_len);
}

/* A host that is always there. */
static void drive(struct fake *fake, uint64_t to)
{
    uint64_t now;

    while ((now = l2tpha_link_deadline(fake->link)) <= to)
        assert_ok(l2tpha_link_expire(fake->link, now));
}

static void promote(uint64_t now)
{
    standby.role = L2TPHA_ROLE_ACTIVE_SOLO;
    standby.epoch = active.epoch + 1;
    hold(now);
}

enum entry { EXPIRE, FEED, POLL, SEND, ENTRIES };

static int call(enum entry entry, uint64_t now)
{
    const uint8_t *data;

    switch (entry) {
    case EXPIRE:
        return l2tpha_link_expire(active.link, now);
    case FEED:
        return l2tpha_link_feed(active.link, held, held_len, now);
    case POLL:
        (void)l2tpha_link_poll(active.link, &data, now);
        return 0;
    default:
        active.last++;
        return linked_send_one(&active, active.last, INCREMENT, now);
    }
}

/* The newer epoch is read whichever call comes first: before it is, nothing has been given up, and
 * the node knows that it was away. */
START_TEST(no_order_of_calls_hides_a_newer_epoch)
{
    int left = _i, order[ENTRIES] = {EXPIRE, FEED, POLL, SEND};

    for (int i = ENTRIES; i > 1; left /= i, i--) {
        int at = left % i, last = order[i - 1];
        order[i - 1] = order[at];
        order[at] = last;
    }
    linked_sync();
    promote(300 * MS);
    for (int i = 0; i < ENTRIES && active.role != L2TPHA_ROLE_FENCED; i++) {
        int error = call(order[i], SLEEP);
        assert_error(error, order[i] == FEED ? L2TPHA_ERR_FENCED : L2TPHA_OK);
        ck_assert_uint_eq(active.stops, 0);
        ck_assert_uint_eq(active.aways, 1);
    }
    ck_assert_int_eq(active.role, L2TPHA_ROLE_FENCED);
    ck_assert_uint_eq(active.fenced_by, standby.epoch);
}
END_TEST

START_TEST(an_end_that_is_freed_first_was_away_too)
{
    linked_sync();
    l2tpha_link_free(active.link, SLEEP);
    active.link = NULL;
    ck_assert_uint_eq(active.aways, 1);
    ck_assert_uint_eq(active.stops, 1);
}
END_TEST

/* Its own absence is not the other's silence: that is measured from here on. */
START_TEST(silence_is_measured_anew)
{
    linked_sync();
    assert_ok(l2tpha_link_expire(active.link, SLEEP));
    drive(&active, SLEEP + SECOND);
    assert_ok(l2tpha_link_expire(active.link, SLEEP + SECOND));
    drive(&active, SLEEP + SECOND + 20 * MS - 1);
    assert_error(l2tpha_link_expire(active.link, SLEEP + SECOND + 20 * MS), L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_eq(active.aways, 1);
}
END_TEST

/* It is stopped for a moment, over and over: the time in between adds up. */
START_TEST(absences_hide_no_silence)
{
    uint64_t now = 0;

    linked_sync();
    drive(&active, 900 * MS);
    now = l2tpha_link_deadline(active.link) + 300 * MS;
    assert_ok(l2tpha_link_expire(active.link, now));
    ck_assert_uint_eq(active.aways, 1);
    drive(&active, now + 90 * MS);
    now = l2tpha_link_deadline(active.link) + 300 * MS;
    assert_ok(l2tpha_link_expire(active.link, now));
    ck_assert_uint_eq(active.aways, 2);
    int error = 0;
    for (uint64_t at = now; !error && at < now + 100 * MS; at = l2tpha_link_deadline(active.link))
        error = l2tpha_link_expire(active.link, at);
    assert_error(error, L2TPHA_ERR_TIMEOUT);
}
END_TEST

/* Every turn of its host takes longer than it should: it notices all the same. */
START_TEST(who_is_always_late_notices_a_silence)
{
    uint64_t now = 0;
    int error = 0, turns = 0;

    linked_sync();
    for (; !error && turns < 100; turns++)
        error = l2tpha_link_expire(active.link, now += 300 * MS);
    assert_error(error, L2TPHA_ERR_TIMEOUT);
    ck_assert_int_le(turns, 15);
    ck_assert_uint_eq(active.stops, 1);
}
END_TEST

/* A silence that is due since long must not make each entry find an absence either. */
START_TEST(what_is_overdue_is_no_absence)
{
    const uint8_t *data;
    uint64_t now = 0;

    linked_sync();
    for (int turns = 0; turns < 20; turns++)
        (void)l2tpha_link_poll(active.link, &data, now += 300 * MS);
    ck_assert_uint_eq(active.aways, 20);
    uint64_t frames = linked_info(&active).frames_out;
    for (int i = 0; i < 5; i++)
        (void)l2tpha_link_poll(active.link, &data, now + 100 * MS);
    ck_assert_uint_eq(active.aways, 21);
    ck_assert_uint_eq(linked_info(&active).frames_out, frames + 1);
}
END_TEST

START_TEST(who_is_always_late_hears_all_the_same)
{
    uint64_t now = 0;

    linked_sync();
    for (int turns = 0; turns < 100; turns++) {
        now += 300 * MS;
        assert_ok(l2tpha_link_expire(active.link, now));
        assert_ok(l2tpha_link_expire(standby.link, now));
        linked_carry(&active, &standby, SIZE_MAX, now, NULL);
        linked_carry(&standby, &active, SIZE_MAX, now, NULL);
    }
    ck_assert_uint_eq(active.stops, 0);
}
END_TEST

/* ... nor does it wait for an answer for ever. */
START_TEST(who_is_always_late_misses_an_answer)
{
    uint64_t now = 0;
    int turns = 0;

    linked_sync();
    assert_ok(l2tpha_link_announce(standby.link, 6, false, 0));
    for (; !linked_info(&standby).unanswered && turns < 100; turns++)
        assert_ok(l2tpha_link_expire(standby.link, now += 300 * MS));
    ck_assert_int_le(turns, 12);
    ck_assert_int_gt(turns, 8); /* its own absences are not the active's silence */
}
END_TEST

/* Twice is not enough: a turn of the host that reads and then looks may be followed by one that
 * looks and then reads. */
START_TEST(a_silence_is_looked_at_in_three_turns)
{
    linked_sync();
    drive(&active, SECOND - 1);
    assert_ok(l2tpha_link_expire(active.link, SECOND));
    assert_ok(l2tpha_link_expire(active.link, SECOND + 10 * MS));
    assert_ok(l2tpha_link_expire(standby.link, 50 * MS));
    hold(50 * MS);
    assert_ok(l2tpha_link_feed(active.link, held, held_len, SECOND + 15 * MS));
    assert_ok(l2tpha_link_expire(active.link, SECOND + 20 * MS));
    ck_assert_uint_eq(active.stops, 0);
}
END_TEST

/* What is read first may be old: only the answer to the question that was asked after the absence
 * says that everything before it has been read. */
START_TEST(old_bytes_are_no_news)
{
    linked_sync();
    assert_ok(l2tpha_link_expire(standby.link, 50 * MS));
    hold(50 * MS);
    assert_ok(l2tpha_link_feed(active.link, held, held_len, SLEEP));
    unsigned heards = active.heards;
    assert_ok(l2tpha_link_feed(active.link, held, held_len, SLEEP + 1));
    ck_assert_uint_eq(active.heards, heards);
    linked_carry(&active, &standby, SIZE_MAX, SLEEP + 2, NULL); /* the question */
    linked_carry(&standby, &active, SIZE_MAX, SLEEP + 3, NULL); /* and its answer */
    ck_assert_uint_eq(active.heards, heards + 1);
}
END_TEST

/* Of two questions the newer one counts. */
START_TEST(an_answer_of_before_is_none)
{
    linked_sync();
    assert_ok(l2tpha_link_expire(active.link, SLEEP));
    linked_carry(&active, &standby, SIZE_MAX, 0, NULL);
    hold(0);
    unsigned heards = active.heards;
    assert_ok(l2tpha_link_feed(active.link, held, held_len, 2 * SLEEP));
    ck_assert_uint_eq(active.aways, 2);
    ck_assert_uint_eq(active.heards, heards);
    linked_run(2 * SLEEP, NULL, NULL);
    ck_assert_uint_eq(active.heards, heards + 1);
}
END_TEST

/* It was said soon and came late: the stream hung behind it. */
START_TEST(an_answer_that_was_long_on_its_way_is_none)
{
    const uint8_t *data;

    linked_sync();
    (void)l2tpha_link_poll(standby.link, &data, SLEEP);
    linked_carry(&standby, &active, SIZE_MAX, SLEEP, NULL);
    linked_carry(&active, &standby, SIZE_MAX, SLEEP + 200 * MS + 1, NULL);
    ck_assert_int_eq(standby.role, L2TPHA_ROLE_UNHEARD);
    linked_run(SLEEP + 200 * MS + 1, NULL, NULL);
    ck_assert_int_eq(standby.role, L2TPHA_ROLE_STANDBY_HOT);
}
END_TEST

/* Another entry of the node has noticed it. */
START_TEST(the_nodes_absence_is_the_links)
{
    linked_sync();
    uint64_t frames = linked_info(&active).frames_out;
    active.absences++;
    assert_ok(l2tpha_link_expire(active.link, 0));
    ck_assert_uint_eq(linked_info(&active).frames_out, frames + 1);
    unsigned heards = active.heards;
    linked_run(0, NULL, NULL);
    ck_assert_uint_eq(active.heards, heards + 1);
}
END_TEST

START_TEST(who_is_late_but_there_was_not_away)
{
    linked_sync();
    assert_ok(l2tpha_link_expire(active.link, 100 * MS));
    ck_assert_uint_eq(active.aways, 0);
    assert_ok(l2tpha_link_expire(active.link, 200 * MS + 1));
    ck_assert_uint_eq(active.aways, 1);
}
END_TEST

/* A copy that is due since long must not make each entry find an absence. */
START_TEST(an_absence_is_seen_once)
{
    const uint8_t *data;

    linked_sync();
    linked_make(&active, INCREMENT);
    linked_send(&active, 0);
    active.role = L2TPHA_ROLE_ACTIVE_SOLO;
    linked_run(0, NULL, NULL); /* a new copy is due after one silence */
    uint64_t frames = linked_info(&active).frames_out;
    for (int i = 0; i < 5; i++)
        (void)l2tpha_link_poll(active.link, &data, SLEEP);
    ck_assert_uint_eq(active.aways, 1);
    ck_assert_uint_eq(linked_info(&active).frames_out, frames + 1);
}
END_TEST

/* --- a standby --- */

/* Six heartbeats, but sooner than the active's gate opens without this end. */
START_TEST(heartbeats_missed_are_told)
{
    const struct l2tpha_link_options patient = {.size = sizeof(patient), .answer_ms = 2000};
    const uint64_t told = (_i ? 300 : 150) * MS;

    linked_open_end(&active, NULL);
    linked_open_end(&standby, _i ? &patient : NULL);
    linked_run(0, NULL, NULL);
    drive(&standby, told - 1);
    ck_assert_uint_eq(standby.unheards, 0);
    ck_assert_uint_eq(l2tpha_link_deadline(standby.link), told);
    assert_ok(l2tpha_link_expire(standby.link, told));
    ck_assert_uint_eq(standby.unheards, 1);
    ck_assert_int_eq(standby.role, L2TPHA_ROLE_UNHEARD);
    ck_assert(linked_info(&standby).unheard);
}
END_TEST

/* A stream that hung gives out what was written long ago; what was written last comes last. */
START_TEST(an_active_that_is_heard_again_is_asked_first)
{
    const uint8_t *data;

    linked_sync();
    assert_ok(l2tpha_link_expire(active.link, 50 * MS));
    drive(&standby, 300 * MS);
    size_t len = l2tpha_link_poll(active.link, &data, 50 * MS);
    assert_ok(l2tpha_link_feed(standby.link, data, len, 310 * MS));
    l2tpha_link_sent(active.link, len);
    ck_assert(linked_info(&standby).unheard);
    ck_assert_int_eq(standby.role, L2TPHA_ROLE_UNHEARD);
    linked_run(310 * MS, NULL, NULL);
    ck_assert(!linked_info(&standby).unheard);
    ck_assert_int_eq(standby.role, L2TPHA_ROLE_STANDBY_HOT);
}
END_TEST

START_TEST(a_standby_that_was_away_knows_nothing)
{
    const uint8_t *data;

    linked_sync();
    (void)l2tpha_link_poll(standby.link, &data, SLEEP);
    ck_assert_int_eq(standby.role, L2TPHA_ROLE_UNHEARD);
    ck_assert_uint_eq(standby.cuts, 0);
    linked_run(SLEEP, NULL, NULL);
    ck_assert_int_eq(standby.role, L2TPHA_ROLE_STANDBY_HOT);
}
END_TEST

/* It was stopped between opening the stream and reading the hello. */
START_TEST(a_late_hello_is_no_news)
{
    linked_open();
    active.rank = 1;
    unsigned heards = standby.heards;
    linked_carry(&active, &standby, SIZE_MAX, _i ? SLEEP : 0, NULL);
    ck_assert(linked_info(&standby).up);
    ck_assert_int_eq(linked_info(&standby).unheard, _i == 1);
    ck_assert_uint_eq(standby.heards, heards + !_i);
    linked_run(SLEEP, NULL, NULL);
    ck_assert(!linked_info(&standby).unheard);
}
END_TEST

/* --- the active's first look --- */

/* The hello of a standby may be older than its promotion. */
START_TEST(an_active_asks_whom_it_meets)
{
    linked_open();
    linked_carry(&standby, &active, SIZE_MAX, 0, NULL);
    ck_assert(linked_info(&active).up);
    ck_assert_uint_eq(active.heards, 0);
    linked_run(0, NULL, NULL);
    ck_assert_uint_ge(active.heards, 1);
}
END_TEST

Suite *suite_link_presence(void)
{
    Suite *suite = suite_create("link_presence");
    TCase *tcase = tcase_create("presence");

    tcase_add_checked_fixture(tcase, linked_setup, linked_teardown);
    tcase_add_loop_test(tcase, no_order_of_calls_hides_a_newer_epoch, 0, 24);
    tcase_add_test(tcase, an_end_that_is_freed_first_was_away_too);
    tcase_add_test(tcase, silence_is_measured_anew);
    tcase_add_test(tcase, absences_hide_no_silence);
    tcase_add_test(tcase, who_is_always_late_notices_a_silence);
    tcase_add_test(tcase, what_is_overdue_is_no_absence);
    tcase_add_test(tcase, who_is_always_late_hears_all_the_same);
    tcase_add_test(tcase, who_is_always_late_misses_an_answer);
    tcase_add_test(tcase, a_silence_is_looked_at_in_three_turns);
    tcase_add_test(tcase, old_bytes_are_no_news);
    tcase_add_test(tcase, an_answer_of_before_is_none);
    tcase_add_test(tcase, an_answer_that_was_long_on_its_way_is_none);
    tcase_add_test(tcase, the_nodes_absence_is_the_links);
    tcase_add_test(tcase, who_is_late_but_there_was_not_away);
    tcase_add_test(tcase, an_absence_is_seen_once);
    tcase_add_loop_test(tcase, heartbeats_missed_are_told, 0, 2);
    tcase_add_test(tcase, an_active_that_is_heard_again_is_asked_first);
    tcase_add_test(tcase, a_standby_that_was_away_knows_nothing);
    tcase_add_loop_test(tcase, a_late_hello_is_no_news, 0, 2);
    tcase_add_test(tcase, an_active_asks_whom_it_meets);
    suite_add_tcase(suite, tcase);
    return suite;
}
