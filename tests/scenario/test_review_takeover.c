/* SPDX-License-Identifier: MIT */
/* What a host that takes over must find: the effects of messages whose events died with the old
 * node. */
#include "scenario/rig_trio.h"

static struct l2tpha_session_record look(struct l2tpha_session *session)
{
    struct l2tpha_session_record record;

    ck_assert_ptr_nonnull(session);
    l2tpha_session_get(session, &record);
    return record;
}

START_TEST(accms_are_all_ones_before_any_sli)
{
    trio_begin(true);
    trio_dial(trio_tunnel(trio.near));
    trio_settle();
    struct l2tpha_session_record record = look(first_session(trio.near));
    ck_assert_uint_eq(record.send_accm, UINT32_MAX);
    ck_assert_uint_eq(record.receive_accm, UINT32_MAX);
}
END_TEST

/* RFC 2661 6.14: the LAC acts on it, and the LNS does not say it again. */
START_TEST(an_sli_outlives_the_node_that_could_not_tell_it)
{
    static const uint32_t values[][2] = {{0, 0}, {0, 0x000a0000}, {1, 2}, {UINT32_MAX, 0}};

    trio_begin(true);
    trio_dial(trio_tunnel(trio.near));
    trio_settle();
    assert_ok(l2tpha_session_set_link_info(first_session(trio.far), 5, 6, trio.now));
    trio_settle(); /* one before, so that it is replaced */
    trio.confirm = false;
    trio.near_events.count = 0;
    assert_ok(l2tpha_session_set_link_info(first_session(trio.far), values[_i][0], values[_i][1],
                                           trio.now));
    trio_settle();
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_LINK_INFO), 0);
    trio_take_over();
    struct l2tpha_session_record record = look(first_session(trio.near));
    ck_assert_uint_eq(record.send_accm, values[_i][0]);
    ck_assert_uint_eq(record.receive_accm, values[_i][1]);
}
END_TEST

Suite *suite_review_takeover(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("review_takeover", &tcase);

    tcase_add_test(tcase, accms_are_all_ones_before_any_sli);
    tcase_add_loop_test(tcase, an_sli_outlives_the_node_that_could_not_tell_it, 0, 4);
    return suite;
}
