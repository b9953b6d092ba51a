/* SPDX-License-Identifier: MIT */
/* The channel alone: RFC 2661 5.8 and appendix B. Rows of the requirements
 * are named where they are tested. */
#include "control/reorder.h"
#include "unit/channel_end.h"

static const struct start plain = {.local_window = 4, .remote_window = 4};

/* --- numbers --- */

/* R2661-3.1-13, R2661-5.8-01, R2661-5.8-05 */
START_TEST(ns_counts_in_steps_of_one_across_the_wrap)
{
    static const uint16_t starts[] = {0, 1, 32766, 65533, 65535};
    uint16_t ns = starts[_i];
    struct end *end = end_new((struct start){ns, 0, 4, 4});

    for (uint16_t i = 0; i < 6; i++, ns++) {
        end_say(end, 1);
        expect_message(end, ns, i);
        end_hear(end, i, (uint16_t)(ns + 1)); /* acknowledged, and wants to be */
        end_wait(end, 60 * MS);
        expect_zlb(end, ns + 1, i + 1); /* takes no number */
        expect_nothing(end);
    }
    ck_assert(channel_idle(end->channel));
    end_free(end);
}
END_TEST

/* R2661-3.1-14 */
START_TEST(nr_is_the_last_one_in_order_plus_one)
{
    struct end *end = end_new((struct start){0, 65534, 4, 4});

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(end_hear(end, (uint16_t)(65534 + i), 0), CHANNEL_IN_ORDER);
    end_say(end, 1);
    expect_message(end, 0, 1);
    expect_nothing(end);
    end_free(end);
}
END_TEST

/* What RFC 2661 5.8 says of a received Ns, in its own words rather than by subtraction. */
static enum channel_verdict verdict_by_words(uint16_t last, uint16_t ns, uint16_t window)
{
    uint16_t value = last;
    for (int i = 0; i <= 32767; i++, value--)
        if (value == ns)
            return CHANNEL_DUPLICATE;
    value = (uint16_t)(last + 1);
    if (ns == value)
        return CHANNEL_IN_ORDER;
    for (int i = 1; i < window; i++)
        if (++value == ns)
            return CHANNEL_KEPT;
    return CHANNEL_BEYOND;
}

/* R2661-5.8-02 */
START_TEST(every_ns_is_old_next_ahead_or_beyond)
{
    static const struct start starts[] = {
        {0, 16, 4, 4}, {0, 0, 1, 4}, {0, 65535, 128, 4}, {0, 65500, 100, 4}, {0, 40000, 4096, 4},
    };
    struct end *end = end_new(starts[_i]);
    uint16_t nr = starts[_i].nr;

    for (uint32_t step = 1; step < 65536; step += step < 200 || step > 65300 ? 1 : 61) {
        uint16_t ns = (uint16_t)(nr + step);
        enum channel_verdict expected =
            verdict_by_words((uint16_t)(nr - 1), ns, starts[_i].local_window);
        ck_assert_msg(end_hear(end, ns, 0) == expected, "Ns %u with Nr %u", ns, nr);
        if (expected == CHANNEL_KEPT) /* its slot is taken */
            ck_assert_int_eq(end_hear(end, ns, 0), CHANNEL_DUPLICATE);
    }
    ck_assert_uint_eq(end->entry->record.nr, nr);
    ck_assert_int_eq(end_hear(end, nr, 0), CHANNEL_IN_ORDER);
    end_free(end);
}
END_TEST

START_TEST(the_two_edges_of_old)
{
    struct end *end = end_new((struct start){0, 16, 4, 4});

    ck_assert_int_eq(end_hear(end, 15, 0), CHANNEL_DUPLICATE);
    ck_assert_int_eq(end_hear(end, 0, 0), CHANNEL_DUPLICATE);
    ck_assert_int_eq(end_hear(end, 65535, 0), CHANNEL_DUPLICATE);
    ck_assert_int_eq(end_hear(end, 32784, 0), CHANNEL_DUPLICATE);
    ck_assert_int_eq(end_hear(end, 32783, 0), CHANNEL_BEYOND);
    ck_assert_int_eq(end_hear(end, 20, 0), CHANNEL_BEYOND);
    ck_assert_int_eq(end_hear(end, 19, 0), CHANNEL_KEPT);
    ck_assert_uint_eq(end->engine.counters.duplicates, 4);
    ck_assert_uint_eq(end->engine.counters.out_of_window, 2);
    ck_assert_uint_eq(end->engine.counters.reordered, 1);
    end_free(end);
}
END_TEST

/* --- acknowledging --- */

/* R2661-5.8-03, R2661-5.8-04; many copies draw one answer. */
START_TEST(a_thousand_duplicates_draw_one_zlb)
{
    struct end *end = end_new(plain);

    end_hear(end, 0, 0);
    end_wait(end, 60 * MS);
    expect_zlb(end, 0, 1);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(end_hear(end, 0, 0), CHANNEL_DUPLICATE);
    expect_zlb(end, 0, 1);
    expect_nothing(end);
    ck_assert_uint_eq(end->entry->record.nr, 1);
    ck_assert_uint_eq(end->engine.counters.zlb_out, 2);
    ck_assert_uint_eq(end->engine.counters.datagrams_out, 2);
    end_free(end);
}
END_TEST

START_TEST(a_message_answers_a_duplicate_as_well)
{
    struct end *end = end_new((struct start){0, 5, 4, 4});

    end_hear(end, 4, 0);
    end_say(end, 1);
    expect_message(end, 0, 5);
    expect_nothing(end);
    end_free(end);
}
END_TEST

/* R2661-5.8-06 */
START_TEST(a_zlb_flushes_and_moves_nothing_else)
{
    static const uint16_t ns_values[] = {0, 1, 2, 3, 4, 100, 32767, 32768, 65535};
    struct end *end = end_new((struct start){0, 2, 4, 4});

    end_say(end, 2);
    expect_message(end, 0, 2);
    ck_assert_int_eq(end_hear_zlb(end, ns_values[_i], 1), CHANNEL_ACK_ONLY);
    ck_assert_uint_eq(end->entry->record.nr, 2);
    ck_assert_uint_eq(end->entry->record.acked, 1);
    expect_message(end, 1, 2);
    ck_assert_int_eq(end_hear_zlb(end, ns_values[_i], 2), CHANNEL_ACK_ONLY);
    ck_assert(channel_idle(end->channel));
    end_wait(end, 60000 * MS); /* neither acknowledged nor anything sent again */
    expect_nothing(end);
    ck_assert_uint_eq(end->engine.counters.zlb_in, 2);
    end_free(end);
}
END_TEST

/* R2661-5.8-23 */
START_TEST(an_acknowledgement_waits_for_company_but_not_long)
{
    struct end *end = end_new((struct start){0, 0, 128, 4});

    end_hear(end, 0, 0);
    expect_nothing(end);
    end_wait(end, 49 * MS);
    end_hear(end, 1, 0); /* the oldest decides */
    expect_nothing(end);
    end_wait(end, MS + GRAIN_US);
    expect_zlb(end, 0, 2);
    end_hear(end, 2, 0); /* waits anew */
    expect_nothing(end);
    end_say(end, 1);
    expect_message(end, 0, 3);
    end_wait(end, 100 * MS); /* company came: no ZLB any more */
    expect_nothing(end);
    ck_assert(!timer_armed(&end->channel->ack));
    channel_ack_timer(&end->engine, end->channel); /* due for nothing: forgotten at once */
    end_hear(end, 3, 0);
    expect_nothing(end);
    end_free(end);
}
END_TEST

START_TEST(half_a_window_is_acknowledged_at_once)
{
    static const struct {
        uint16_t window, messages;
    } rows[] = {{1, 1}, {2, 1}, {3, 1}, {4, 2}, {128, 64}, {65535, 32767}};
    struct end *end = end_new((struct start){0, 65530, rows[_i].window, 4});
    uint16_t ns = 65530;

    for (uint16_t i = 1; i < rows[_i].messages; i++)
        end_hear(end, ns++, 0);
    expect_nothing(end);
    end_hear(end, ns++, 0);
    expect_zlb(end, 0, ns);
    expect_nothing(end);
    end_free(end);
}
END_TEST

START_TEST(no_delay_means_at_once)
{
    struct end *end = end_new((struct start){0, 0, 128, 4});

    end->engine.config.ack_delay_ms = 0;
    end_hear(end, 0, 0);
    expect_zlb(end, 0, 1);
    expect_nothing(end);
    end_free(end);
}
END_TEST

/* With messages queued or outstanding a ZLB has the Ns of the next one that has not left: a peer
 * that has got all that left expects just that. */
START_TEST(a_zlb_stands_where_the_next_message_will)
{
    struct end *end = end_new(plain);

    end_say(end, 3);
    expect_message(end, 0, 0); /* CWND 1: the other two wait */
    end_hear(end, 0, 0);
    end_hear(end, 1, 0);
    expect_zlb(end, 1, 2);
    end_hear(end, 1, 1);       /* a copy, and CWND is 2 */
    expect_message(end, 1, 2); /* which answers it too */
    expect_message(end, 2, 2);
    end_hear(end, 1, 1);
    expect_zlb(end, 3, 2);
    expect_nothing(end);
    end_free(end);
}
END_TEST

/* --- order --- */

static void take_kept(struct end *end, uint16_t ns)
{
    struct buffer *kept = reorder_take(end->channel);

    ck_assert_ptr_nonnull(kept);
    ck_assert_uint_eq(kept->len, MESSAGE_LEN);
    ck_assert_uint_eq(number_of(kept->data), ns);
    buffer_put(end->engine.pool, kept);
    end_accept(end);
}

/* R2661-5.8-07. Windows that are no power of two, across the wrap: no two share a slot. */
START_TEST(messages_ahead_are_kept_until_their_turn)
{
    static const uint16_t windows[] = {100, 128, 129, 5, 3, 2};
    uint16_t window = windows[_i], half = window / 2;
    struct end *end = end_new((struct start){0, (uint16_t)(0 - half), window, 4});
    uint16_t nr = (uint16_t)(0 - half);

    for (uint16_t i = (uint16_t)(window - 1); i > 0; i--) {
        ck_assert_int_eq(end_hear(end, (uint16_t)(nr + i), 0), CHANNEL_KEPT);
        ck_assert_ptr_null(reorder_take(end->channel));
        expect_zlb(end, 0, nr); /* at once, and it does not acknowledge what is kept */
    }
    ck_assert_int_eq(end_hear(end, nr, 0), CHANNEL_IN_ORDER);
    for (uint16_t i = 1; i < window; i++)
        take_kept(end, (uint16_t)(nr + i));
    ck_assert_ptr_null(reorder_take(end->channel));
    expect_zlb(end, 0, nr + window);
    ck_assert_uint_eq(end->channel->ahead_count, 0);
    end_free(end);
}
END_TEST

/* Not taken for want of room; then the peer sends it again. */
START_TEST(a_kept_message_that_came_again_is_forgotten)
{
    struct end *end = end_new(plain);

    ck_assert_int_eq(end_hear(end, 1, 0), CHANNEL_KEPT);
    ck_assert_int_eq(end_hear(end, 0, 0), CHANNEL_IN_ORDER);
    ck_assert_int_eq(end_hear(end, 1, 0), CHANNEL_IN_ORDER);
    ck_assert_uint_eq(end->channel->ahead_count, 0);
    for (uint16_t ns = 2; ns < 12; ns++) {
        ck_assert_ptr_null(reorder_take(end->channel));
        ck_assert_int_eq(end_hear(end, ns, 0), CHANNEL_IN_ORDER);
    }
    end_free(end);
}
END_TEST

/* --- what an Nr may say --- */

START_TEST(an_nr_that_is_old_or_beyond_changes_nothing)
{
    static const uint16_t offsets[] = {0, 65535, 65000, 32768, 32769, 4, 5, 100, 32767};
    struct end *end = end_new((struct start){65534, 0, 4, 4});
    uint16_t nr = (uint16_t)(65535 + offsets[_i]);
    bool beyond = offsets[_i] >= 2 && offsets[_i] < 32768;

    end_say(end, 1);
    end_flush(end);
    end_hear_zlb(end, 0, 65535);
    end_say(end, 6);
    expect_message(end, 65535, 0); /* CWND 2: up to Ns 0 has left, 1 to 4 are queued */
    expect_message(end, 0, 0);
    ck_assert_int_eq(end_hear(end, 0, nr), CHANNEL_IN_ORDER); /* processed all the same */
    ck_assert_uint_eq(end->engine.counters.ack_unsent, beyond);
    ck_assert_uint_eq(end->entry->record.acked, 65535);
    ck_assert_uint_eq(end->entry->queue_count, 6);
    ck_assert_uint_eq(end->channel->window, 2);
    end_free(end);
}
END_TEST

START_TEST(duplicates_and_messages_ahead_acknowledge_too)
{
    static const uint16_t ns_values[] = {4, 6, 20};
    struct end *end = end_new((struct start){0, 5, 4, 4});

    end_say(end, 1);
    end_flush(end);
    ck_assert_int_ne(end_hear(end, ns_values[_i], 1), CHANNEL_IN_ORDER);
    ck_assert(channel_idle(end->channel));
    ck_assert(!timer_armed(&end->channel->retransmit));
    end_free(end);
}
END_TEST

/* --- retransmission --- */

/* R2661-5.8-08 to R2661-5.8-16: seconds between copies, 0 ends the row; then the peer is given up
 * after one more interval. */
START_TEST(copies_back_off_and_end)
{
    static const struct {
        uint32_t first_ms, cap_ms, retries;
        uint32_t gaps_ms[9];
    } rows[] = {
        {1000, 16000, 5, {1000, 2000, 4000, 8000, 16000, 16000}},
        {1000, 8000, 5, {1000, 2000, 4000, 8000, 8000, 8000}},
        {1000, 4000, 6, {1000, 2000, 4000, 8000, 8000, 8000, 8000}},
        {1000, 60000, 6, {1000, 2000, 4000, 8000, 16000, 32000, 60000}},
        {1000, 16000, 2, {1000, 2000, 4000}},
        {300, 16000, 1, {300, 600}},
        {1000, 16000, 0, {1000}},
    };
    struct end *end = end_new(plain);
    uint64_t left_at = end->engine.now;

    end->engine.config.retransmit_ms = rows[_i].first_ms;
    end->engine.config.retransmit_cap_ms = rows[_i].cap_ms;
    end->engine.config.retries = rows[_i].retries;
    channel_start(&end->engine, end->channel, end->entry);
    end_say(end, 1);
    expect_message(end, 0, 0);
    for (int i = 0; rows[_i].gaps_ms[i]; i++) {
        end_wait(end, left_at + rows[_i].gaps_ms[i] * MS - 1 - end->engine.now);
        expect_nothing(end);
        ck_assert_int_eq(end->status, L2TPHA_OK);
        end_wait(end, GRAIN_US);
        left_at = end->engine.now;
        if (rows[_i].gaps_ms[i + 1])
            expect_message(end, 0, 0);
    }
    ck_assert_int_eq(end->status, L2TPHA_ERR_TIMEOUT);
    expect_nothing(end);
    ck_assert_uint_eq(end->engine.counters.retransmissions, rows[_i].retries);
    ck_assert_uint_eq(end->engine.counters.messages_out, 1);
    end_free(end);
}
END_TEST

/* R2661-5.8-10, R2661-5.8-11 */
START_TEST(a_copy_keeps_its_ns_and_carries_the_current_nr)
{
    struct end *end = end_new((struct start){65535, 65535, 4, 4});

    end_say(end, 1);
    expect_message(end, 65535, 65535);
    end_hear(end, 65535, 65535);
    end_wait(end, 1010 * MS);
    expect_message(end, 65535, 0);
    end_hear(end, 0, 65535);
    end_wait(end, 2010 * MS);
    expect_message(end, 65535, 1);
    expect_nothing(end);
    end_free(end);
}
END_TEST

START_TEST(news_resets_tries_and_interval)
{
    struct end *end = end_new(plain);

    end_say(end, 2);
    expect_message(end, 0, 0);
    for (int i = 1; i <= 5; i++) {
        end_wait(end, end->channel->interval_ms * MS + GRAIN_US);
        expect_message(end, 0, 0);
    }
    end_hear_zlb(end, 0, 1);
    expect_message(end, 1, 0);
    end_hear_zlb(end, 0, 1); /* no news */
    for (uint64_t i = 1; i <= 5; i++) {
        ck_assert_uint_eq(end->channel->interval_ms, 1000u << (i - 1));
        end_wait(end, end->channel->interval_ms * MS + GRAIN_US);
        ck_assert_int_eq(end->status, L2TPHA_OK);
        expect_message(end, 1, 0);
    }
    end_wait(end, end->channel->interval_ms * MS + GRAIN_US);
    ck_assert_int_eq(end->status, L2TPHA_ERR_TIMEOUT);
    end_free(end);
}
END_TEST

/* An acknowledgement of some starts the clock of the next oldest anew. */
START_TEST(the_timer_is_the_oldest_message_s)
{
    struct end *end = end_new(plain);

    end_say(end, 3);
    expect_message(end, 0, 0);
    end_hear_zlb(end, 0, 1);
    expect_message(end, 1, 0);
    expect_message(end, 2, 0);
    end_wait(end, 900 * MS);
    end_hear_zlb(end, 0, 2);
    end_wait(end, 900 * MS);
    expect_nothing(end);
    end_wait(end, 101 * MS + GRAIN_US);
    expect_message(end, 2, 0);
    expect_nothing(end);
    end_hear_zlb(end, 0, 3);
    ck_assert(!timer_armed(&end->channel->retransmit));
    end_free(end);
}
END_TEST

/* A message that leaves later does not put off the copy of the oldest. */
START_TEST(the_timer_starts_when_the_oldest_leaves)
{
    struct end *end = end_new(plain);

    end_say(end, 1);
    end_flush(end);
    end_hear_zlb(end, 0, 1);
    end_say(end, 1);
    expect_message(end, 1, 0);
    end_wait(end, 600 * MS);
    end_say(end, 1);
    expect_message(end, 2, 0);
    end_wait(end, 400 * MS + GRAIN_US);
    expect_message(end, 1, 0);
    expect_nothing(end);
    end_free(end);
}
END_TEST

/* Acknowledgement and timer in the same instant, both orders, before and after the poll. */
START_TEST(timer_and_acknowledgement_may_meet)
{
    struct end *end = end_new(plain);
    bool timer_first = _i & 1, poll_between = _i & 2, all = _i & 4;
    uint16_t nr = all ? 3 : 2;

    end_say(end, 3);
    expect_message(end, 0, 0);
    end_hear_zlb(end, 0, 1);
    expect_message(end, 1, 0);
    expect_message(end, 2, 0);
    end->engine.now += 1000 * MS + GRAIN_US;
    if (timer_first)
        end_expire(end);
    else
        end_hear_zlb(end, 0, nr);
    if (poll_between)
        end_flush(end);
    if (timer_first)
        end_hear_zlb(end, 0, nr);
    else
        end_expire(end);
    ck_assert_int_eq(end->status, L2TPHA_OK);
    end_flush(end);
    /* A timer runs exactly as long as something is out that is not acknowledged. */
    ck_assert_int_eq(timer_armed(&end->channel->retransmit), !all);
    end_wait(end, 3000 * MS);
    ck_assert_int_eq(end_flush(end), all ? 0 : 1);
    end_hear_zlb(end, 0, 3);
    ck_assert(channel_idle(end->channel));
    /* Called although nothing is out: harmless. */
    assert_ok(channel_retransmit_timer(&end->engine, end->channel));
    ck_assert_uint_eq(end->channel->tries, 0);
    expect_nothing(end);
    end_free(end);
}
END_TEST

/* R2661-5.8-17: what a shutdown must be kept for. */
START_TEST(the_cycle_is_the_sum_of_intervals)
{
    static const struct {
        uint32_t first_ms, cap_ms, retries, cycle_ms;
    } rows[] = {{1000, 16000, 5, 31000}, {1000, 8000, 5, 31000},  {1000, 8000, 6, 31000},
                {1000, 8000, 7, 39000},  {1000, 16000, 6, 47000}, {2000, 16000, 5, 46000},
                {1000, 16000, 0, 31000}, {1000, 1000, 7, 39000}};
    struct engine engine = {.config.retransmit_ms = rows[_i].first_ms,
                            .config.retransmit_cap_ms = rows[_i].cap_ms,
                            .config.retries = rows[_i].retries};

    ck_assert_uint_eq(channel_cycle_us(&engine), rows[_i].cycle_ms * MS);
}
END_TEST

/* --- appendix B --- */

/* R2661-B.1-01 */
START_TEST(lock_step_setup)
{
    struct end *lac = end_new(plain), *lns = end_new(plain);

    end_say(lac, 1);
    expect_message(lac, 0, 0); /* SCCRQ */
    end_hear(lns, 0, 0);
    end_say(lns, 1);
    expect_message(lns, 0, 1); /* SCCRP */
    end_hear(lac, 0, 1);
    end_say(lac, 1);
    expect_message(lac, 1, 1); /* SCCCN */
    end_hear(lns, 1, 1);
    end_wait(lns, 60 * MS);
    expect_zlb(lns, 1, 2);
    end_free(lac);
    end_free(lns);
}
END_TEST

/* R2661-B.2-01 */
START_TEST(lost_reply)
{
    struct end *lac = end_new((struct start){2, 1, 4, 4});
    struct end *lns = end_new((struct start){1, 2, 4, 4});

    end_say(lac, 1);
    expect_message(lac, 2, 1); /* ICRQ */
    end_wait(lns, 10 * MS);
    end_hear(lns, 2, 1);
    end_say(lns, 1);
    expect_message(lns, 1, 3); /* ICRP, lost */
    end_wait(lac, 1002 * MS);
    expect_message(lac, 2, 1);
    ck_assert_int_eq(end_hear(lns, 2, 1), CHANNEL_DUPLICATE);
    expect_zlb(lns, 2, 3);
    end_hear_zlb(lac, 2, 3);
    ck_assert(channel_idle(lac->channel));
    end_wait(lns, 1002 * MS);
    expect_message(lns, 1, 3);
    ck_assert_int_eq(end_hear(lac, 1, 3), CHANNEL_IN_ORDER);
    end_say(lac, 1);
    expect_message(lac, 3, 2); /* ICCN */
    end_hear(lns, 3, 2);
    end_wait(lns, 60 * MS);
    expect_zlb(lns, 2, 4);
    end_free(lac);
    end_free(lns);
}
END_TEST

Suite *suite_channel(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("channel", &tcase);

    tcase_add_loop_test(tcase, ns_counts_in_steps_of_one_across_the_wrap, 0, 5);
    tcase_add_test(tcase, nr_is_the_last_one_in_order_plus_one);
    tcase_add_loop_test(tcase, every_ns_is_old_next_ahead_or_beyond, 0, 5);
    tcase_add_test(tcase, the_two_edges_of_old);
    tcase_add_test(tcase, a_thousand_duplicates_draw_one_zlb);
    tcase_add_test(tcase, a_message_answers_a_duplicate_as_well);
    tcase_add_loop_test(tcase, a_zlb_flushes_and_moves_nothing_else, 0, 9);
    tcase_add_test(tcase, an_acknowledgement_waits_for_company_but_not_long);
    tcase_add_loop_test(tcase, half_a_window_is_acknowledged_at_once, 0, 6);
    tcase_add_test(tcase, no_delay_means_at_once);
    tcase_add_test(tcase, a_zlb_stands_where_the_next_message_will);
    tcase_add_loop_test(tcase, messages_ahead_are_kept_until_their_turn, 0, 6);
    tcase_add_test(tcase, a_kept_message_that_came_again_is_forgotten);
    tcase_add_loop_test(tcase, an_nr_that_is_old_or_beyond_changes_nothing, 0, 9);
    tcase_add_loop_test(tcase, duplicates_and_messages_ahead_acknowledge_too, 0, 3);
    tcase_add_loop_test(tcase, copies_back_off_and_end, 0, 7);
    tcase_add_test(tcase, a_copy_keeps_its_ns_and_carries_the_current_nr);
    tcase_add_test(tcase, news_resets_tries_and_interval);
    tcase_add_test(tcase, the_timer_is_the_oldest_message_s);
    tcase_add_test(tcase, the_timer_starts_when_the_oldest_leaves);
    tcase_add_loop_test(tcase, timer_and_acknowledgement_may_meet, 0, 8);
    tcase_add_loop_test(tcase, the_cycle_is_the_sum_of_intervals, 0, 8);
    tcase_add_test(tcase, lock_step_setup);
    tcase_add_test(tcase, lost_reply);
    return suite;
}
