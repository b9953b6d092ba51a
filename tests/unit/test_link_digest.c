/* SPDX-License-Identifier: MIT */
/* Digests on the link: one at a time, and what follows from an answer. What is in a bucket is the
 * test's: three of them, and verdicts that it has chosen. */
#include "sim/link_pair.h"

#include <l2tpha/error.h>

#define SECOND 1000000
#define PAUSE SECOND
#define FIRST (2 * SECOND)
#define COPIES (600 * (uint64_t)SECOND)

static uint64_t now;
static unsigned asked, repairs, wrong, mended, compared;
static uint64_t lasts[64];
static int moment;       /* what next and repair answer instead */
static int verdicts[64]; /* of each comparison; 0 = alike */
static bool out_of_sync;

static int next(void *user, uint64_t position, struct link_bucket *bucket, uint64_t *pause)
{
    const struct fake *fake = user;

    ck_assert_uint_eq(position, fake->given);
    *pause = PAUSE;
    if (moment)
        return moment;
    bucket->number = fake->last;
    bucket->last = bucket->first >= 200 ? UINT64_MAX : bucket->first + 99;
    bucket->digest = bucket->first * 3;
    lasts[asked++] = bucket->last;
    return L2TPHA_OK;
}

static int repair(void *user, uint64_t position, struct link_bucket *bucket,
                  struct l2tpha_bytes *data, uint64_t *pause)
{
    static const uint8_t content[] = "all of it";

    (void)user, (void)position, (void)bucket;
    *pause = PAUSE;
    if (moment)
        return moment;
    repairs++;
    *data = (struct l2tpha_bytes){content, sizeof(content)};
    return L2TPHA_OK;
}

static bool differs(void *user, const struct link_bucket *bucket, uint64_t at)
{
    (void)user, (void)bucket, (void)at;
    wrong++;
    return !out_of_sync;
}

static void alike(void *user, const struct link_bucket *bucket, uint64_t at)
{
    (void)user, (void)bucket, (void)at;
    mended++;
}

static int compare(void *user, const struct link_bucket *bucket, struct l2tpha_bytes data,
                   uint64_t at)
{
    (void)user, (void)at;
    ck_assert_uint_eq(bucket->digest, bucket->first * 3);
    ck_assert(data.len == 0 || memcmp(data.data, "all of it", data.len) == 0);
    return verdicts[compared++];
}

static const struct digest_ops ops = {
    .next = next, .repair = repair, .differs = differs, .alike = alike, .compare = compare};

static void begin(void)
{
    linked_setup();
    now = 0;
    asked = repairs = wrong = mended = compared = 0;
    moment = 0;
    out_of_sync = false;
    memset(verdicts, 0, sizeof(verdicts));
    active.digests = standby.digests = &ops;
    linked_sync();
}

/* Both are driven as often as they ask for, as nobody is away. */
static void run_until(uint64_t end)
{
    for (; now < end; now += 10000) {
        assert_ok(l2tpha_link_expire(active.link, now));
        assert_ok(l2tpha_link_expire(standby.link, now));
        linked_run(now, NULL, NULL);
    }
}

START_TEST(rounds_go_over_all)
{
    run_until(FIRST + 5 * PAUSE);
    ck_assert_uint_ge(asked, 6);
    ck_assert_uint_eq(mended, asked);
    ck_assert_uint_eq(compared, asked);
    for (unsigned i = 0; i < asked; i++)
        ck_assert_uint_eq(lasts[i], i % 3 == 2 ? UINT64_MAX : i % 3 * 100 + 99);
    ck_assert_uint_gt(linked_info(&active).compared, 0);
    ck_assert_uint_gt(linked_info(&standby).compared, 0);
}
END_TEST

START_TEST(one_waits_for_its_moment)
{
    moment = L2TPHA_ERR_STATE;
    run_until(FIRST);
    ck_assert_uint_eq(asked, 0);
    moment = 0;
    linked_make(&active, INCREMENT);
    linked_run(now, NULL, NULL); /* not before another pause, but for what is sent */
    ck_assert_uint_eq(asked, 1);
}
END_TEST

START_TEST(what_differs_is_sent_at_once)
{
    verdicts[1] = L2TPHA_ERR_DIGEST;
    run_until(FIRST + 5 * PAUSE);
    ck_assert_uint_eq(wrong, 1);
    ck_assert_uint_eq(repairs, 1);
    ck_assert_uint_eq(compared, asked + 1);
    ck_assert_uint_eq(lasts[2], UINT64_MAX); /* and on it goes, behind it */
    ck_assert_uint_eq(active.bulks, 1);
}
END_TEST

START_TEST(what_cannot_be_compared_is_asked_again)
{
    verdicts[1] = L2TPHA_ERR_STATE;
    run_until(FIRST + 5 * PAUSE);
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(lasts[1], lasts[2]);
}
END_TEST

/* The first, third and fifth; in between they are repaired. */
START_TEST(the_third_within_a_minute_is_a_copy)
{
    verdicts[0] = verdicts[2] = verdicts[4] = L2TPHA_ERR_DIGEST;
    run_until(FIRST + 10 * PAUSE);
    ck_assert_uint_eq(wrong, 3);
    ck_assert_uint_eq(repairs, 2);
    ck_assert_uint_eq(active.bulks, 2);
}
END_TEST

START_TEST(three_in_more_than_a_minute_are_not)
{
    verdicts[0] = verdicts[2] = L2TPHA_ERR_DIGEST;
    run_until(FIRST + 2 * PAUSE);
    ck_assert_uint_eq(repairs, 2);
    moment = L2TPHA_ERR_STATE;
    run_until(70 * (uint64_t)SECOND);
    moment = 0;
    verdicts[compared] = L2TPHA_ERR_DIGEST;
    run_until(75 * (uint64_t)SECOND);
    ck_assert_uint_eq(repairs, 3);
    ck_assert_uint_eq(active.bulks, 1);
}
END_TEST

/* No repair helps, no copy either: one copy in ten minutes, no more. */
START_TEST(what_stays_different_costs_one_copy_in_ten_minutes)
{
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
        verdicts[i] = L2TPHA_ERR_DIGEST;
    run_until(60 * (uint64_t)SECOND);
    ck_assert_uint_eq(active.bulks, 2);
    run_until(COPIES - SECOND);
    ck_assert_uint_eq(active.bulks, 2);
    run_until(COPIES + 30 * (uint64_t)SECOND);
    ck_assert_uint_eq(active.bulks, 3);
    ck_assert(linked_info(&active).up);
}
END_TEST

START_TEST(a_repair_that_cannot_be_had_is_a_copy)
{
    verdicts[0] = L2TPHA_ERR_DIGEST;
    run_until(SECOND - 10000);
    linked_carry(&active, &standby, 1 << 20, now, NULL);
    assert_ok(l2tpha_link_expire(active.link, now = SECOND));
    linked_carry(&active, &standby, 1 << 20, now, NULL);
    moment = L2TPHA_ERR_TOO_SMALL;
    linked_run(now, NULL, NULL);
    ck_assert_uint_eq(repairs, 0);
    ck_assert_uint_eq(active.bulks, 2);
}
END_TEST

START_TEST(a_copy_under_way_makes_repairs_needless)
{
    out_of_sync = true;
    verdicts[0] = L2TPHA_ERR_DIGEST;
    run_until(FIRST + 5 * PAUSE);
    ck_assert_uint_eq(repairs, 0);
    ck_assert_uint_eq(active.bulks, 1);
    ck_assert_uint_gt(asked, 2);
}
END_TEST

/* An older release, at either end. */
START_TEST(who_knows_none_gets_none)
{
    linked_teardown();
    linked_setup();
    asked = 0;
    (_i ? &active : &standby)->digests = &ops;
    linked_sync();
    run_until(FIRST + 5 * PAUSE);
    ck_assert_uint_eq(asked, 0);
    ck_assert_uint_eq(compared, 0);
    ck_assert_uint_eq(linked_info(&active).compared, 0);
}
END_TEST

/* --- what breaks the rules --- */

/* A frame of the active's epoch; what becomes of the link that it comes to. */
static int given(const struct fake *to, uint8_t type, const uint8_t *body, size_t len)
{
    struct writer out = writer_over(checkpoint, FRAME_HEADER + len);

    write_u32(&out, (uint32_t)(FRAME_HEADER - FRAME_LENGTH + len));
    write_u8(&out, type);
    write_u64(&out, 5);
    if (len > 0)
        write_bytes(&out, body, len);
    ck_assert_int_eq(out.error, 0);
    return l2tpha_link_feed(to->link, checkpoint, writer_len(&out), now);
}

static size_t digest_of(uint8_t *body, uint64_t first, uint64_t last)
{
    struct writer out = writer_over(body, DIGEST_BODY);

    write_u64(&out, standby.last);
    write_u64(&out, first);
    write_u64(&out, last);
    write_u64(&out, first * 3);
    return writer_len(&out);
}

/* The active has asked, and not read the answer yet. */
static void ask(void)
{
    run_until(SECOND - 10000);
    linked_carry(&active, &standby, 1 << 20, now, NULL);
    assert_ok(l2tpha_link_expire(active.link, now = SECOND));
    linked_carry(&active, &standby, 1 << 20, now, NULL);
    ck_assert_uint_eq(asked, 1);
}

static void assert_refused(const struct fake *end, int error)
{
    assert_error(error, L2TPHA_ERR_LINK);
    ck_assert(!linked_info(end).up);
}

START_TEST(a_digest_is_cut)
{
    uint8_t body[DIGEST_BODY];

    digest_of(body, 0, 99);
    assert_refused(&standby, given(&standby, FRAME_DIGEST, body, (size_t)_i));
    ck_assert_uint_eq(compared, 0);
}
END_TEST

START_TEST(a_bucket_ends_before_it_begins)
{
    uint8_t body[DIGEST_BODY];

    assert_refused(&standby, given(&standby, FRAME_DIGEST, body, digest_of(body, 100, 99)));
    ck_assert_uint_eq(compared, 0);
}
END_TEST

/* Of one place, and twice: each is answered. */
START_TEST(a_digest_comes_again)
{
    uint8_t body[DIGEST_BODY];
    size_t len = digest_of(body, 99, 99);

    assert_ok(given(&standby, FRAME_DIGEST, body, len));
    assert_ok(given(&standby, FRAME_DIGEST, body, len));
    ck_assert_uint_eq(compared, 2);
    ck_assert(linked_info(&standby).up);
}
END_TEST

START_TEST(only_an_active_asks)
{
    uint8_t body[DIGEST_BODY];

    assert_refused(&active, given(&active, FRAME_DIGEST, body, digest_of(body, 0, 99)));
    ck_assert_uint_eq(compared, 0);
}
END_TEST

START_TEST(only_a_standby_answers)
{
    assert_refused(&standby, given(&standby, FRAME_VERDICT, (const uint8_t[]){0}, 1));
}
END_TEST

START_TEST(an_answer_to_nothing)
{
    assert_refused(&active, given(&active, FRAME_VERDICT, (const uint8_t[]){(uint8_t)_i}, 1));
    ck_assert_uint_eq(mended + wrong, 0);
}
END_TEST

START_TEST(an_answer_that_is_none)
{
    static const struct {
        uint8_t body[2];
        size_t len;
    } answers[] = {{{0}, 0}, {{0, 0}, 2}, {{3}, 1}, {{255}, 1}};

    ask();
    assert_refused(&active, given(&active, FRAME_VERDICT, answers[_i].body, answers[_i].len));
    ck_assert_uint_eq(mended + wrong, 0);
}
END_TEST

START_TEST(an_answer_comes_again)
{
    ask();
    assert_ok(given(&active, FRAME_VERDICT, (const uint8_t[]){0}, 1));
    ck_assert_uint_eq(mended, 1);
    assert_refused(&active, given(&active, FRAME_VERDICT, (const uint8_t[]){0}, 1));
    ck_assert_uint_eq(mended, 1);
}
END_TEST

/* Nothing is compared before the hellos. */
START_TEST(too_early)
{
    uint8_t body[DIGEST_BODY];

    linked_teardown();
    linked_setup();
    active.digests = standby.digests = &ops;
    linked_open();
    if (_i)
        assert_refused(&active, given(&active, FRAME_VERDICT, (const uint8_t[]){0}, 1));
    else
        assert_refused(&standby, given(&standby, FRAME_DIGEST, body, digest_of(body, 0, 99)));
    ck_assert_uint_eq(compared, 0);
}
END_TEST

Suite *suite_link_digest(void);
Suite *suite_link_digest(void)
{
    Suite *suite = suite_create("link_digest");
    TCase *tcase = tcase_create("link_digest");

    tcase_add_checked_fixture(tcase, begin, linked_teardown);
    tcase_add_test(tcase, rounds_go_over_all);
    tcase_add_test(tcase, one_waits_for_its_moment);
    tcase_add_test(tcase, what_differs_is_sent_at_once);
    tcase_add_test(tcase, what_cannot_be_compared_is_asked_again);
    tcase_add_test(tcase, the_third_within_a_minute_is_a_copy);
    tcase_add_test(tcase, three_in_more_than_a_minute_are_not);
    tcase_add_test(tcase, what_stays_different_costs_one_copy_in_ten_minutes);
    tcase_add_test(tcase, a_repair_that_cannot_be_had_is_a_copy);
    tcase_add_test(tcase, a_copy_under_way_makes_repairs_needless);
    tcase_add_loop_test(tcase, who_knows_none_gets_none, 0, 2);
    tcase_add_loop_test(tcase, a_digest_is_cut, 0, DIGEST_BODY);
    tcase_add_test(tcase, a_bucket_ends_before_it_begins);
    tcase_add_test(tcase, a_digest_comes_again);
    tcase_add_test(tcase, only_an_active_asks);
    tcase_add_test(tcase, only_a_standby_answers);
    tcase_add_loop_test(tcase, an_answer_to_nothing, 0, 3);
    tcase_add_loop_test(tcase, an_answer_that_is_none, 0, 4);
    tcase_add_test(tcase, an_answer_comes_again);
    tcase_add_loop_test(tcase, too_early, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
