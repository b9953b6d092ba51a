/* SPDX-License-Identifier: MIT */
/* The link as it should be, in time, and at its limits. */
#include "sim/link_pair.h"

#include <stdlib.h>

#define SECOND 1000000u

/* --- a stream as it should be --- */

START_TEST(everything_arrives_in_order_however_it_is_cut)
{
    linked_sync();
    for (int round = 0; round < 400; round++) {
        for (int i = rand() % 8; i >= 0; i--)
            linked_make(&active, INCREMENT);
        linked_send(&active, 0);
        for (int i = rand() % 4; i > 0; i--)
            linked_carry(&active, &standby, linked_piece(9000), 0, NULL);
        if (rand() % 2)
            linked_carry(&standby, &active, linked_piece(60), 0, NULL);
    }
    linked_run(0, NULL, NULL);
    ck_assert_uint_gt(active.last, 1000);
    ck_assert_uint_eq(standby.last, active.last);
    ck_assert_uint_eq(active.confirmed, active.last);
    ck_assert_uint_eq(active.bulks, 1);
}
END_TEST

START_TEST(byte_by_byte)
{
    linked_open();
    do
        linked_send(&active, 0);
    while (linked_carry(&active, &standby, 1, 0, NULL) ||
           linked_carry(&standby, &active, 1, 0, NULL));
    ck_assert_int_eq(active.role, L2TPHA_ROLE_ACTIVE);
}
END_TEST

START_TEST(one_acknowledgement_for_each_feed)
{
    linked_sync();
    uint64_t frames = linked_info(&standby).frames_out;
    for (int i = 0; i < 20; i++)
        linked_make(&active, INCREMENT);
    linked_send(&active, 0);
    ck_assert(linked_carry(&active, &standby, SIZE_MAX, 0, NULL));
    ck_assert_uint_eq(linked_info(&standby).frames_out, frames + 1);
    ck_assert_uint_eq(linked_info(&standby).queued, FRAME_HEADER + 8);
    linked_run(0, NULL, NULL);
    ck_assert_uint_eq(active.confirmed, active.last);
}
END_TEST

START_TEST(steady_state_allocates_nothing)
{
    linked_sync();
    size_t size = 0;
    for (int round = 0; round < 600; round++) {
        for (int i = 0; i < 4; i++)
            linked_make(&active, INCREMENT);
        linked_run(0, NULL, NULL);
        if (round == 200)
            size = talloc_total_size(root);
    }
    ck_assert_uint_eq(talloc_total_size(root), size);
}
END_TEST

START_TEST(longest_checkpoint)
{
    uint8_t *big = talloc_zero_array(root, uint8_t, L2TPHA_CHECKPOINT_MAX + 1);
    int active_error = 0, standby_error = 0;

    linked_sync();
    assert_error(l2tpha_link_send(active.link, active.given + 1, big, L2TPHA_CHECKPOINT_MAX + 1, 0),
                 L2TPHA_ERR_INVALID);
    assert_ok(l2tpha_link_send(active.link, ++active.given, big, L2TPHA_CHECKPOINT_MAX, 0));
    standby.apply_error = L2TPHA_ERR_LIMIT; /* it has arrived when it is refused */
    linked_run(0, &active_error, &standby_error);
    assert_error(standby_error, L2TPHA_ERR_LIMIT);
    talloc_free(big);
}
END_TEST

START_TEST(info_tells)
{
    struct l2tpha_link_options a = {.size = sizeof(a), .fingerprint = 1, .node_name = "a"};

    linked_open_end(&active, &a);
    linked_open_end(&standby, NULL);
    ck_assert(!linked_info(&active).up && !linked_info(&active).in_sync);
    ck_assert_uint_eq(linked_info(&active).queued,
                      FRAME_HEADER + HELLO_BODY + HELLO_TAIL + strlen("fake") + strlen("a"));
    linked_run(0, NULL, NULL);
    struct l2tpha_link_info info = linked_info(&standby);
    ck_assert(info.up && info.in_sync && info.fingerprint_differs && !info.switchover);
    ck_assert(linked_info(&active).in_sync && linked_info(&active).fingerprint_differs);
    ck_assert_uint_eq(info.peer_epoch, 5);
    ck_assert_uint_eq(info.version, 3);
    ck_assert_uint_eq(info.peer_level, L2TPHA_LEVEL);
    ck_assert_str_eq(info.peer_name, "a");
    ck_assert_str_eq(linked_info(&active).peer_name, "");
    ck_assert_uint_eq(info.frames_in, linked_info(&active).frames_out);
    ck_assert_uint_eq(info.queued, 0);

    struct l2tpha_link_info old = {.size = offsetof(struct l2tpha_link_info, queued)};
    memset((char *)&old + old.size, 0x77, sizeof(old) - old.size);
    l2tpha_link_get(standby.link, &old);
    ck_assert(old.up && old.queued == 0x7777777777777777u);
}
END_TEST

/* --- refusals --- */

START_TEST(each_gap_is_told_once_and_mended_by_a_copy)
{
    linked_sync();
    for (unsigned gaps = 1; gaps <= 3; gaps++) {
        active.last++; /* one that never reaches the stream */
        for (int i = 0; i < 10; i++)
            linked_make(&active, INCREMENT);
        linked_run(0, NULL, NULL);
        ck_assert_uint_eq(active.bulks, 1 + gaps);
        ck_assert_uint_eq(standby.last, active.last);
        ck_assert_int_eq(active.role, L2TPHA_ROLE_ACTIVE);
    }
    ck_assert_uint_eq(active.stops, 0);
}
END_TEST

START_TEST(what_came_before_the_gap_is_acknowledged)
{
    linked_sync();
    linked_make(&active, INCREMENT);
    active.last++;
    linked_make(&active, INCREMENT);
    linked_send(&active, 0);
    active.bulk_error = L2TPHA_ERR_ROLE;
    ck_assert(linked_carry(&active, &standby, SIZE_MAX, 0, NULL));
    int error = 0;
    ck_assert(linked_carry(&standby, &active, SIZE_MAX, 0, &error));
    assert_error(error, L2TPHA_ERR_ROLE);
    ck_assert_uint_eq(active.confirmed, active.last - 2);
    ck_assert_uint_eq(active.stops, 1);
}
END_TEST

static const int hard_refusals[] = {L2TPHA_ERR_RECORD,      L2TPHA_ERR_RECORD_VERSION,
                                    L2TPHA_ERR_STALE_EPOCH, L2TPHA_ERR_ROLE,
                                    L2TPHA_ERR_NOMEM,       L2TPHA_ERR_ID_RANGE};

START_TEST(other_refusals_end_the_link_at_both_ends)
{
    int active_error = 0, standby_error = 0;

    linked_sync();
    standby.apply_error = hard_refusals[_i];
    active.done_error = _i == 0 ? L2TPHA_ERR_ROLE : 0; /* a node that will not hear it is stopped */
    linked_make(&active, INCREMENT);
    linked_send(&active, 0);
    linked_make(&active, INCREMENT); /* made and not sent: no number to refuse */
    linked_run(0, &active_error, &standby_error);
    assert_error(standby_error, hard_refusals[_i]);
    assert_error(active_error, hard_refusals[_i]);
    assert_error(active.status, _i == 0 ? 0 : hard_refusals[_i]);
    ck_assert_uint_eq(active.stops, _i == 0);
    ck_assert_int_eq(active.role, L2TPHA_ROLE_ACTIVE_SOLO);
    ck_assert(!linked_info(&active).up);
    ck_assert_uint_eq(l2tpha_link_deadline(active.link), L2TPHA_NEVER);
    assert_error(l2tpha_link_expire(active.link, 0), hard_refusals[_i]);
    assert_error(l2tpha_link_send(active.link, 99, checkpoint, 9, 0), hard_refusals[_i]);
    assert_error(l2tpha_link_hand_over(active.link, 0), hard_refusals[_i]);
    assert_error(l2tpha_link_feed(active.link, NULL, 0, 0), hard_refusals[_i]);
}
END_TEST

START_TEST(a_digest_error_is_mended_by_a_copy)
{
    linked_sync();
    standby.apply_error = L2TPHA_ERR_DIGEST;
    linked_make(&active, INCREMENT);
    linked_send(&active, 0);
    ck_assert(linked_carry(&active, &standby, SIZE_MAX, 0, NULL));
    standby.apply_error = 0;
    linked_run(0, NULL, NULL);
    ck_assert_uint_eq(active.bulks, 2);
    ck_assert_int_eq(standby.role, L2TPHA_ROLE_STANDBY_HOT);
}
END_TEST

START_TEST(a_copy_that_cannot_start_ends_the_link)
{
    int error = 0;

    active.bulk_error = L2TPHA_ERR_NOMEM;
    linked_open();
    linked_run(0, &error, &(int){0});
    assert_error(error, L2TPHA_ERR_NOMEM);
    ck_assert_uint_eq(active.stops, 0);
}
END_TEST

START_TEST(a_node_gone_on_alone_copies_again_once_all_is_confirmed)
{
    linked_sync();
    linked_make(&active, INCREMENT);
    linked_make(&active, INCREMENT);
    linked_send(&active, 0);
    active.role = L2TPHA_ROLE_ACTIVE_SOLO; /* it waited too long */
    linked_carry(&active, &standby, FRAME_HEADER + linked_checkpoint_len(active.last - 1), 0, NULL);
    linked_carry(&standby, &active, SIZE_MAX, 0, NULL);
    linked_run(0, NULL, NULL);
    ck_assert_uint_eq(active.bulks, 1); /* not at once: it might fail again as fast */
    for (uint64_t now = 0; now < SECOND; now = l2tpha_link_deadline(active.link)) {
        ck_assert_uint_eq(active.bulks, 1);
        assert_ok(l2tpha_link_expire(active.link, now));
        assert_ok(l2tpha_link_expire(standby.link, now));
        linked_run(now, NULL, NULL);
    }
    assert_ok(l2tpha_link_expire(active.link, SECOND));
    ck_assert_uint_eq(active.bulks, 2);
    linked_run(SECOND, NULL, NULL);
    ck_assert_int_eq(active.role, L2TPHA_ROLE_ACTIVE);
    ck_assert_uint_gt(l2tpha_link_deadline(active.link), SECOND);
}
END_TEST

/* --- time --- */

START_TEST(heartbeats_keep_an_idle_link)
{
    linked_sync();
    for (uint64_t now = 0; now < 10 * SECOND; now = l2tpha_link_deadline(active.link)) {
        assert_ok(l2tpha_link_expire(active.link, now));
        assert_ok(l2tpha_link_expire(standby.link, now));
        linked_run(now, NULL, NULL);
    }
    ck_assert_uint_ge(linked_info(&standby).frames_in, 190);
    ck_assert_uint_le(linked_info(&standby).frames_in, 210);
    ck_assert(linked_info(&active).in_sync && linked_info(&standby).in_sync);
}
END_TEST

START_TEST(heartbeats_do_not_pile_up)
{
    linked_sync();
    for (uint64_t now = 0; now < SECOND; now += 10000) {
        assert_ok(l2tpha_link_expire(active.link, now));
        ck_assert_uint_gt(l2tpha_link_deadline(active.link), now);
    }
    ck_assert_uint_eq(linked_info(&active).queued, FRAME_HEADER + 8);
}
END_TEST

#define LOOK 20000 /* silence is looked at three times */

/* A host that is always there. */
static void drive(struct fake *fake, uint64_t to)
{
    uint64_t now;

    while ((now = l2tpha_link_deadline(fake->link)) <= to)
        assert_ok(l2tpha_link_expire(fake->link, now));
}

START_TEST(silence_ends_the_link)
{
    linked_sync();
    drive(&active, SECOND + LOOK - 1);
    assert_ok(l2tpha_link_expire(active.link, SECOND + LOOK - 1));
    ck_assert_uint_eq(active.stops, 0);
    assert_error(l2tpha_link_expire(active.link, SECOND + LOOK), L2TPHA_ERR_TIMEOUT);
    assert_error(l2tpha_link_expire(active.link, SECOND + LOOK), L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_eq(active.stops, 1);
    drive(&standby, SECOND + LOOK - 1);
    ck_assert_uint_eq(standby.unheards, 1);
    assert_error(l2tpha_link_expire(standby.link, SECOND + LOOK), L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_eq(standby.stops, 0);
    ck_assert_uint_eq(standby.cuts, 1);
}
END_TEST

START_TEST(a_peer_that_never_says_hello_is_silent_too)
{
    linked_open();
    ck_assert_uint_eq(l2tpha_link_deadline(active.link), 50000); /* nothing is said then */
    drive(&active, SECOND + LOOK - 1);
    ck_assert_uint_eq(linked_info(&active).frames_out, 1);
    assert_error(l2tpha_link_expire(active.link, SECOND + LOOK), L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_eq(active.stops + active.aways, 0);
}
END_TEST

START_TEST(both_speak_at_the_pace_of_the_more_impatient)
{
    struct l2tpha_link_options fast = {.size = sizeof(fast), .heartbeat_ms = 20, .silence_ms = 40};

    linked_open_end(&active, NULL);
    linked_open_end(&standby, &fast);
    linked_run(0, NULL, NULL);
    ck_assert_uint_eq(l2tpha_link_deadline(active.link), 20000);
    ck_assert_uint_eq(l2tpha_link_deadline(standby.link), 20000);
}
END_TEST

/* --- limits and misuse --- */

START_TEST(a_stream_that_does_not_drain_ends_the_link)
{
    struct l2tpha_link_options small = {.size = sizeof(small), .max_queue = 100000};
    int error = 0;

    linked_open_end(&active, &small);
    linked_open_end(&standby, NULL);
    linked_run(0, NULL, NULL);
    while (!error)
        error = linked_send_one(&active, ++active.last, INCREMENT, 0);
    assert_error(error, L2TPHA_ERR_QUEUE_FULL);
    ck_assert_uint_gt(linked_info(&active).queued, 100000 - PART_BYTES - 9 - FRAME_HEADER);
    ck_assert_uint_le(linked_info(&active).queued, 100000);
    ck_assert_uint_eq(active.stops, 1);
    assert_error(linked_send_one(&active, ++active.last, INCREMENT, 0), L2TPHA_ERR_QUEUE_FULL);
    l2tpha_link_free(active.link, 0);
    active.link = NULL;
    ck_assert_uint_eq(active.stops, 1);
}
END_TEST

START_TEST(a_standby_that_cannot_acknowledge_ends_the_link)
{
    struct l2tpha_link_options small = {.size = sizeof(small),
                                        .max_queue = FRAME_HEADER + HELLO_MAX};
    int error = 0;

    linked_open_end(&active, NULL);
    linked_open_end(&standby, &small);
    linked_run(0, NULL, NULL);
    while (!error) {
        linked_make(&active, INCREMENT);
        linked_send(&active, 0);
        linked_carry(&active, &standby, SIZE_MAX, 0, &error);
    }
    assert_error(error, L2TPHA_ERR_QUEUE_FULL);
}
END_TEST

START_TEST(misuse_is_refused_and_changes_nothing)
{
    linked_open();
    assert_error(l2tpha_link_send(active.link, 1, checkpoint, 9, 0), L2TPHA_ERR_STATE);
    assert_error(l2tpha_link_send(standby.link, 1, checkpoint, 9, 0), L2TPHA_ERR_ROLE);
    linked_run(0, NULL, NULL);
    assert_error(l2tpha_link_send(active.link, 99, NULL, 9, 0), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_link_send(active.link, 99, checkpoint, 0, 0), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_link_send(active.link, active.given, checkpoint, 9, 0), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_link_send(active.link, active.given + 2, checkpoint, 9, 0),
                 L2TPHA_ERR_INVALID);
    assert_error(l2tpha_link_feed(active.link, NULL, 1, 0), L2TPHA_ERR_INVALID);
    assert_ok(l2tpha_link_feed(active.link, NULL, 0, 0));
    l2tpha_link_sent(active.link, 1000);
    linked_make(&active, INCREMENT);
    linked_run(0, NULL, NULL);
    ck_assert_uint_eq(standby.last, active.last);
}
END_TEST

START_TEST(freeing_the_actives_end_leaves_it_alone_once)
{
    linked_sync();
    l2tpha_link_free(standby.link, 0);
    l2tpha_link_free(active.link, 0);
    l2tpha_link_free(NULL, 0);
    active.link = standby.link = NULL;
    ck_assert_uint_eq(active.stops, 1);
    ck_assert_uint_eq(standby.stops, 0);
}
END_TEST

#define LONG_NAME "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
_Static_assert(sizeof(LONG_NAME) - 1 == L2TPHA_NODE_NAME_MAX, "just fits");

static const struct l2tpha_link_options bad_options[] = {
    {.size = sizeof(struct l2tpha_link_options) - 1},
    {.size = sizeof(struct l2tpha_link_options), .heartbeat_ms = 9},
    {.size = sizeof(struct l2tpha_link_options), .heartbeat_ms = 501},
    {.size = sizeof(struct l2tpha_link_options), .silence_ms = 99},
    {.size = sizeof(struct l2tpha_link_options), .max_queue = FRAME_HEADER + HELLO_MAX - 1},
    {.size = sizeof(struct l2tpha_link_options), .node_name = LONG_NAME "x"},
    {.size = sizeof(struct l2tpha_link_options), .max_queue = SIZE_MAX},
};

START_TEST(options_that_make_no_sense)
{
    struct link_ops ops = linked_ops(&active);
    struct l2tpha_link *link = (void *)&ops;

    assert_error(link_new(root, &ops, &bad_options[_i], 0, &link), L2TPHA_ERR_INVALID);
    ck_assert_ptr_null(link);
}
END_TEST

START_TEST(no_link_for_a_fenced_node_or_half_a_node)
{
    struct link_ops ops = linked_ops(&active);
    struct l2tpha_link *link;

    active.role = L2TPHA_ROLE_FENCED;
    assert_error(link_new(root, &ops, NULL, 0, &link), L2TPHA_ERR_ROLE);
    ops.fence = NULL;
    assert_error(link_new(root, &ops, NULL, 0, &link), L2TPHA_ERR_INVALID);
}
END_TEST

Suite *suite_link(void);
Suite *suite_link(void)
{
    Suite *suite = suite_create("link");
    TCase *tcase = tcase_create("link");

    tcase_add_checked_fixture(tcase, linked_setup, linked_teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, everything_arrives_in_order_however_it_is_cut);
    tcase_add_test(tcase, byte_by_byte);
    tcase_add_test(tcase, one_acknowledgement_for_each_feed);
    tcase_add_test(tcase, steady_state_allocates_nothing);
    tcase_add_test(tcase, longest_checkpoint);
    tcase_add_test(tcase, info_tells);
    tcase_add_test(tcase, each_gap_is_told_once_and_mended_by_a_copy);
    tcase_add_test(tcase, what_came_before_the_gap_is_acknowledged);
    tcase_add_loop_test(tcase, other_refusals_end_the_link_at_both_ends, 0,
                        sizeof(hard_refusals) / sizeof(hard_refusals[0]));
    tcase_add_test(tcase, a_digest_error_is_mended_by_a_copy);
    tcase_add_test(tcase, a_copy_that_cannot_start_ends_the_link);
    tcase_add_test(tcase, a_node_gone_on_alone_copies_again_once_all_is_confirmed);
    tcase_add_test(tcase, heartbeats_keep_an_idle_link);
    tcase_add_test(tcase, heartbeats_do_not_pile_up);
    tcase_add_test(tcase, silence_ends_the_link);
    tcase_add_test(tcase, a_peer_that_never_says_hello_is_silent_too);
    tcase_add_test(tcase, both_speak_at_the_pace_of_the_more_impatient);
    tcase_add_test(tcase, a_stream_that_does_not_drain_ends_the_link);
    tcase_add_test(tcase, a_standby_that_cannot_acknowledge_ends_the_link);
    tcase_add_test(tcase, misuse_is_refused_and_changes_nothing);
    tcase_add_test(tcase, freeing_the_actives_end_leaves_it_alone_once);
    tcase_add_loop_test(tcase, options_that_make_no_sense, 0,
                        sizeof(bad_options) / sizeof(bad_options[0]));
    tcase_add_test(tcase, no_link_for_a_fenced_node_or_half_a_node);
    suite_add_tcase(suite, tcase);
    return suite;
}
