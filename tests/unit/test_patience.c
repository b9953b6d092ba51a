/* SPDX-License-Identifier: MIT */
#include "base/patience.h"
#include "fixture.h"

#define MS 1000u
#define WAIT (200 * MS)

static struct patience patience;
static uint64_t since, now;

static void begin(void)
{
    patience = (struct patience){0};
    now = 5000 * MS;
    since = patience_own(&patience, now);
}

static bool over(void)
{
    return patience_over(&patience, since, WAIT, now);
}

/* So long without a call that counts. */
static void be_away(uint64_t time)
{
    uint64_t from = now;

    now += time;
    patience_absent(&patience, from, now);
}

START_TEST(three_looks)
{
    begin();
    ck_assert_uint_eq(patience_due(&patience, since, WAIT), now + WAIT);
    now += WAIT - 1;
    assert_true(!over());
    now++;
    assert_true(!over());
    ck_assert_uint_eq(patience_due(&patience, since, WAIT), now + PATIENCE_LOOK_US);
    now += PATIENCE_LOOK_US - 1;
    assert_true(!over()); /* too soon to be another look */
    now++;
    assert_true(!over());
    now += PATIENCE_LOOK_US;
    assert_true(over());
}
END_TEST

/* Heard in between: what was overdue is not, and the looks begin anew. */
START_TEST(a_new_wait_is_looked_at_anew)
{
    begin();
    now += WAIT;
    assert_true(!over());
    since = patience_own(&patience, now);
    ck_assert_uint_eq(patience_due(&patience, since, WAIT), now + WAIT);
    now += WAIT;
    assert_true(!over());
    now += PATIENCE_LOOK_US;
    assert_true(!over());
    now += PATIENCE_LOOK_US;
    assert_true(over());
}
END_TEST

/* What was waited before an absence counts after it. */
START_TEST(an_absence_does_not_count)
{
    begin();
    now += 150 * MS;
    be_away(3600 * 1000 * MS);
    ck_assert_uint_eq(patience_due(&patience, since, WAIT), now + 50 * MS);
    patience_absent(&patience, now - 3600 * 1000 * MS, now); /* another has seen it, too */
    ck_assert_uint_eq(patience_due(&patience, since, WAIT), now + 50 * MS);
    now += 50 * MS;
    assert_true(!over());
    be_away(3600 * 1000 * MS); /* what lies unread now was not there at the first look */
    for (int i = 1; i < PATIENCE_LOOKS; i++, now += PATIENCE_LOOK_US)
        assert_true(!over());
    assert_true(over());
}
END_TEST

/* Nothing but absences: so many are excused, and the next one counts. */
START_TEST(absences_are_excused_so_often)
{
    begin();
    for (int i = 0; i < PATIENCE_ABSENCES; i++) {
        be_away(10 * WAIT);
        assert_true(!over());
    }
    if (_i) { /* unless a word comes */
        patience_heard(&patience);
        be_away(10 * WAIT);
        ck_assert_uint_eq(patience_due(&patience, since, WAIT), now + WAIT);
        return;
    }
    be_away(10 * WAIT);
    for (int i = 1; i < PATIENCE_LOOKS; i++) {
        assert_true(!over());
        be_away(WAIT);
    }
    assert_true(over());
}
END_TEST

START_TEST(a_wait_without_end)
{
    begin();
    be_away(WAIT);
    ck_assert_uint_eq(patience_due(&patience, since, L2TPHA_NEVER), L2TPHA_NEVER);
    assert_true(!patience_over(&patience, since, L2TPHA_NEVER, now));
}
END_TEST

Suite *suite_patience(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("patience", &tcase);

    tcase_add_test(tcase, three_looks);
    tcase_add_test(tcase, a_new_wait_is_looked_at_anew);
    tcase_add_test(tcase, an_absence_does_not_count);
    tcase_add_loop_test(tcase, absences_are_excused_so_often, 0, 2);
    tcase_add_test(tcase, a_wait_without_end);
    return suite;
}
