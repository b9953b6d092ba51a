/* SPDX-License-Identifier: MIT */
/* What struct l2tpha_store promises, kept by each kind of store: what is read again, what is given
 * back of damage, marks, who may write, and that a process may end at any moment. */
#include "contract/stores.h"

#include "fixture.h"

#include <l2tpha/record.h>
#include <string.h>

#define ENOUGH 77

START_TEST(what_was_written_is_read)
{
    stores_write_all();
    stores_close(0);
    ck_assert_uint_eq(KIND.copies(), 1);
    stores_read_back(false);
    ck_assert_uint_eq(stores.found.epoch, 7);
    ck_assert_ptr_null(stores.found.fault);
    ck_assert_uint_eq(KIND.copies(), 1);
}
END_TEST

START_TEST(nothing_is_there)
{
    assert_ok(stores_look(1));
    ck_assert(!stores.found.any && !stores.found.stale);
    stores_close(1);
    assert_ok(stores_read(0, false));
    ck_assert(!stores.found.any && !stores.found.stale);
    ck_assert_uint_eq(stores.items, 0);
    assert_ok(stores_mark(0)); /* that is said of nothing */
    stores_close(0);
    assert_ok(stores_read(1, false));
    ck_assert(!stores.found.any);
}
END_TEST

/* A copy that has not ended is none; what it has goes. */
START_TEST(half_a_copy_is_none)
{
    uint32_t stream;

    assert_ok(stores_open(0));
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, STORES_WHOLE - 1);
    stores_settle(0);
    ck_assert_uint_eq(stores.confirmed, STORES_WHOLE - 1);
    ck_assert(!stores.whole);
    stores_kill(0, false);
    ck_assert_uint_eq(KIND.copies(), 1);
    assert_ok(stores_read(1, false));
    ck_assert(!stores.found.any);
    assert_ok(stores_stream(1, 8, &stream));
    stores_append(1, stream, 1, 1);
    stores_settle(1);
    ck_assert(KIND.copies() == 1 || !KIND.shared); /* segments go when another one is whole */
    stores_append(1, stream, 2, STORES_WHOLE);
    stores_settle(1);
    ck_assert_uint_eq(KIND.copies(), 1);
}
END_TEST

/* Two streams, as when a copy is made anew: the older one goes when it is dropped. */
START_TEST(a_copy_is_made_anew)
{
    uint32_t second, third;

    stores_write_all();
    assert_ok(stores_stream(0, 7, &second));
    assert_error(stores.list[0]->begin(stores.list[0]->user, 7, &third), L2TPHA_ERR_LIMIT);
    stores_append(0, second, 1, STORES_WHOLE - 1);
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 2);
    stores_settle(0);
    ck_assert_uint_eq(KIND.copies(), 2);
    stores_append(0, second, STORES_WHOLE, STORES_ITEMS);
    stores_settle(0);
    assert_ok(stores_drop(0, 0, false));
    stores_settle(0);
    ck_assert_uint_eq(KIND.copies(), 1);
    stores_close(0);
    stores_read_back(false);
}
END_TEST

/* The only whole one stays: another one that was begun, and the way that it went, change nothing.
 * Where a server has it, that is so whatever is said of it. */
START_TEST(the_copy_stays)
{
    uint32_t second;

    stores_write_all();
    assert_ok(stores_drop(0, 0, _i == 0 || !KIND.shared));
    assert_ok(stores_stream(0, 7, &second));
    stores_append(0, second, 1, 2);
    stores_settle(0);
    assert_ok(stores_drop(0, second, false));
    stores_settle(0);
    ck_assert_uint_eq(KIND.copies(), 1);
    stores_close(0);
    stores_read_back(false);
}
END_TEST

/* --- marks --- */

START_TEST(a_mark)
{
    uint32_t stream;

    stores_write_all();
    assert_ok(stores_mark(0));
    assert_ok(stores_look(1));
    stores_assert_found(true);
    stores_close(1);
    stores_close(0);
    assert_ok(stores_read(1, false));
    stores_assert_found(true);
    assert_ok(stores_mark(1)); /* of what is there from before */
    stores_close(1);
    assert_ok(stores_read(0, false)); /* it stays so */
    stores_assert_found(true);
    assert_ok(stores_stream(0, 8, &stream));
    stores_append(0, stream, 1, STORES_WHOLE - 1);
    stores_settle(0);
    assert_ok(stores_look(1));
    stores_assert_found(true);
    stores_close(1);
    stores_append(0, stream, STORES_WHOLE, STORES_ITEMS);
    stores_settle(0);
    stores_close(0);
    stores_read_back(false);
    ck_assert_uint_eq(stores.found.epoch, 8);
}
END_TEST

START_TEST(a_mark_needs_no_space)
{
    stores.item_len = 20000;
    stores_write_all();
    KIND.fill(true);
    for (uint64_t i = STORES_ITEMS + 1; i < 40 && !stores.status; i++) {
        stores_append(0, 0, i, i);
        stores_settle(0);
    }
    assert_error(stores.status, L2TPHA_ERR_LIMIT);
    uint64_t confirmed = stores.confirmed;
    assert_ok(stores_mark(0));
    stores_close(0);
    KIND.fill(false);
    assert_ok(stores_read(1, false));
    ck_assert(stores.found.any && stores.found.stale);
    ck_assert_uint_ge(stores.items, confirmed);
}
END_TEST

/* --- damage, and readers --- */

/* What was on the disk once is another: nothing of it is given back, or what is before it as stale,
 * or that with the error to whoever only looks. */
START_TEST(damage)
{
    const uint64_t number = 8;

    stores_write_all();
    stores_close(0);
    KIND.spoil(number);
    assert_error(stores_read(1, false), L2TPHA_ERR_RECORD);
    ck_assert_uint_eq(stores.items, 0);
    ck_assert_ptr_nonnull(stores.found.fault);
    stores_close(1);
    assert_error(stores_look(1), L2TPHA_ERR_RECORD);
    ck_assert(stores.found.any && stores.found.stale);
    ck_assert_ptr_nonnull(stores.found.fault);
    ck_assert_uint_ge(stores.items, STORES_WHOLE);
    ck_assert_uint_lt(stores.items, number);
    uint64_t looked = stores.items;
    stores_close(1);
    assert_ok(stores_read(1, true));
    ck_assert(stores.found.any && stores.found.stale);
    ck_assert_ptr_nonnull(stores.found.fault);
    ck_assert_uint_eq(stores.items, looked);
}
END_TEST

static int refuse_third(void *user, const uint8_t *data, size_t len)
{
    (void)user, (void)data, (void)len;
    return ++stores.items == 3 ? ENOUGH : L2TPHA_OK;
}

START_TEST(whoever_reads_may_end_it)
{
    const struct l2tpha_store *store;

    stores_write_all();
    stores_close(0);
    assert_ok(_i ? stores_open(1) : KIND.make(1, &stores.list[1]));
    store = stores.list[1];
    assert_error(_i ? store->read(store->user, false, refuse_third, NULL, &stores.found)
                    : store->look(store->user, refuse_third, NULL, &stores.found, &stores.why),
                 ENOUGH);
    ck_assert_uint_eq(stores.items, 3);
}
END_TEST

/* What is found has all that was confirmed, and says of what else that it may not have been. idle:
 * nothing else is under way. */
static void look(bool idle)
{
    uint64_t state = KIND.state();

    assert_ok(stores_look(1));
    stores_close(1);
    ck_assert(!idle || KIND.state() == state);
    ck_assert_uint_eq(stores.items, stores.found.items);
    ck_assert(stores.found.any || !stores.whole);
    ck_assert(!stores.found.stale && !stores.found.fault);
    if (!stores.found.any)
        return;
    ck_assert_uint_ge(stores.items, stores.confirmed);
    ck_assert_uint_le(stores.items - stores.found.unproven, stores.confirmed);
    ck_assert_uint_eq(stores.found.epoch, 7);
}

START_TEST(a_look_takes_nothing)
{
    uint32_t stream;

    assert_ok(stores_open(0));
    assert_ok(stores_stream(0, 7, &stream));
    for (uint64_t i = 1; i <= STORES_ITEMS; i++) {
        stores_append(0, stream, i, i);
        while (stores_turn(0))
            look(false);
        assert_ok(stores.status);
        look(true);
        ck_assert_int_eq(stores.found.any, i >= STORES_WHOLE);
    }
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    stores_close(0);
    stores_read_back(false);
}
END_TEST

/* --- who may write --- */

/* The newest one that has read it; the older one is told, and marks nothing. */
START_TEST(an_older_writer_is_refused)
{
    uint32_t stream;

    stores_write_all();
    if (!KIND.shared) {
        assert_error(stores_open(1), L2TPHA_ERR_EXISTS);
        ck_assert_str_eq(stores.why, "another process has it");
        return;
    }
    assert_ok(stores_read(1, false));
    stores_assert_found(false);
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    stores_settle(0);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    assert_error(stores.status, L2TPHA_ERR_FENCED);
    assert_error(stores_mark(0), L2TPHA_ERR_FENCED);
    assert_ok(stores_drop(0, 0, false));
    stores_settle(0);
    assert_error(stores_stream(0, 7, &stream), L2TPHA_ERR_FENCED);
    stores_close(0);
    ck_assert_uint_eq(KIND.copies(), 1);
    assert_ok(stores_look(2));
    stores_assert_found(false);
    stores_close(2);
    assert_ok(stores_stream(1, 8, &stream));
    stores_append(1, stream, 1, STORES_ITEMS);
    stores_settle(1);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
}
END_TEST

/* A node with it open is no writer before it serves; one that takes over has a newer epoch. */
START_TEST(a_newer_epoch_has_it)
{
    uint32_t stream;

    if (!KIND.shared)
        return;
    stores_write_all();
    assert_ok(stores_open(1));
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    stores_settle(0);
    assert_ok(stores.status);
    assert_ok(stores_stream(1, 6 + (uint64_t)_i, &stream));
    stores_append(1, stream, 1, 1);
    stores_settle(1);
    if (_i < 2) { /* older, or the same: it is refused, and nothing has changed */
        assert_error(stores.status, L2TPHA_ERR_FENCED);
        ck_assert_uint_eq(stores.confirmed, 0);
        assert_error(stores_mark(1), L2TPHA_ERR_FENCED);
        assert_ok(stores_look(2));
        ck_assert(!stores.found.stale);
        return;
    }
    ck_assert_uint_eq(stores.confirmed, 1);
    assert_ok(stores_look(2));
    ck_assert(stores.found.stale); /* what another one had is not what is served from now on */
    stores_close(2);
    stores_append(0, 0, STORES_ITEMS + 2, STORES_ITEMS + 2);
    stores_settle(0);
    assert_error(stores.status, L2TPHA_ERR_FENCED);
    assert_ok(stores_drop(0, 0, true));
    assert_ok(stores_stream(0, 9, &stream)); /* it takes over again */
    stores_append(0, stream, 1, STORES_ITEMS);
    stores_settle(0);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    stores_close(0);
    stores_read_back(false);
}
END_TEST

/* --- the end of a process --- */

/* False: its life was over before. */
static bool live(uint32_t turns)
{
    uint32_t stream, left = turns;

    assert_ok(stores_open(0));
    assert_ok(stores_stream(0, 7, &stream));
    for (uint64_t i = 1; i <= STORES_ITEMS && left > 0; i += 2) {
        stores_append(0, stream, i, i + 1);
        while (left > 0 && stores_turn(0))
            left--;
    }
    stores_append(0, stream, STORES_ITEMS + 1, STORES_ITEMS + 1); /* nobody has asked for it */
    return left == 0;
}

/* What was confirmed is there, and nothing is taken for damage; whoever reads it goes on. */
static void go_on(void)
{
    uint32_t stream;

    assert_ok(stores_read(1, false));
    ck_assert(!stores.found.stale && !stores.found.fault);
    ck_assert(stores.found.any || !stores.whole);
    if (stores.found.any)
        ck_assert_uint_ge(stores.items, stores.confirmed);
    ck_assert_uint_le(stores.items, STORES_ITEMS);
    assert_ok(stores_stream(1, 8, &stream));
    stores_append(1, stream, 1, STORES_ITEMS);
    stores_settle(1);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    stores_close(1);
    ck_assert_uint_eq(KIND.copies(), 1);
    stores_read_back(false);
}

START_TEST(it_ends_at_any_turn)
{
    uint32_t turns = 0;

    while (live(turns++)) {
        stores_kill(0, _i);
        go_on();
        stores_end();
        stores_begin();
    }
    ck_assert_uint_gt(turns, STORES_ITEMS / 2);
}
END_TEST

/* --- releases --- */

/* Whoever could not go on from what is there is told so, and neither reads nor changes it. */
static void assert_refused(unsigned process, int error)
{
    assert_error(error, L2TPHA_ERR_LEVEL);
    ck_assert_ptr_nonnull(strstr(stores.why, "needs level"));
    stores_close(process);
}

START_TEST(a_newer_release_has_written_it)
{
    uint32_t stream;

    assert_ok(stores_open(0));
    stores.list[0]->set_level_min(stores.list[0]->user, L2TPHA_LEVEL + 1);
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, STORES_ITEMS);
    stores_settle(0);
    assert_ok(stores.status);
    stores_close(0);
    uint64_t state = KIND.state();
    assert_refused(2, stores_open(2));
    assert_refused(2, stores_look(2));
    ck_assert_uint_eq(stores.items, 0);
    ck_assert_uint_eq(KIND.state(), state);
}
END_TEST

/* A standby had it open before: it takes nothing over. */
START_TEST(a_newer_release_writes_it)
{
    uint32_t stream;

    if (!KIND.shared)
        return;
    assert_ok(stores_open(0));
    assert_ok(stores_open(1));
    stores.list[0]->set_level_min(stores.list[0]->user, L2TPHA_LEVEL + 1);
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, STORES_ITEMS);
    stores_settle(0);
    uint64_t state = KIND.state();
    if (_i == 0) {
        assert_error(
            stores.list[1]->read(stores.list[1]->user, true, stores_take, NULL, &stores.found),
            L2TPHA_ERR_LEVEL);
    } else {
        assert_ok(stores_stream(1, 8, &stream));
        stores_append(1, stream, 1, STORES_ITEMS);
        stores_settle(1);
        assert_error(stores.status, L2TPHA_ERR_LEVEL);
        ck_assert_uint_eq(stores.confirmed, 0);
    }
    ck_assert_uint_eq(stores.items, 0);
    ck_assert_ptr_nonnull(strstr(stores.list[1]->note(stores.list[1]->user), "needs level"));
    ck_assert_uint_eq(KIND.state(), state);
}
END_TEST

/* The level is that of the copy that is read, and a copy of an older release may follow. */
START_TEST(its_level_is_told)
{
    uint32_t stream;

    stores_write_all();
    assert_ok(stores_look(1));
    ck_assert_uint_eq(stores.found.level, L2TPHA_LEVEL);
    ck_assert_uint_eq(stores.found.level_min, L2TPHA_LEVEL_MIN);
    stores_close(1);
    stores_close(0);
    assert_ok(stores_read(0, false));
    ck_assert_uint_eq(stores.found.level, L2TPHA_LEVEL);
    ck_assert_uint_eq(stores.found.level_min, L2TPHA_LEVEL_MIN);
    stores.list[0]->set_level_min(stores.list[0]->user, L2TPHA_LEVEL);
    assert_ok(stores_stream(0, 8, &stream));
    stores_append(0, stream, 1, STORES_ITEMS);
    stores_settle(0);
    stores_close(0);
    stores_read_back(false);
    ck_assert_uint_eq(stores.found.level_min, L2TPHA_LEVEL);
}
END_TEST

/* --- limits --- */

START_TEST(what_is_not_asked_for)
{
    static const uint8_t octet[1] = {'x'};
    struct l2tpha_store_event event;
    uint32_t stream;

    assert_ok(stores_open(0));
    const struct l2tpha_store *store = stores.list[0];
    ck_assert_str_ne(store->name, "");
    assert_ok(stores_stream(0, 7, &stream));
    assert_error(store->append(store->user, 9, 1, octet, 1, false), L2TPHA_ERR_INVALID);
    assert_error(store->append(store->user, stream, 0, octet, 1, false), L2TPHA_ERR_INVALID);
    assert_error(store->append(store->user, stream, 1, octet, 0, false), L2TPHA_ERR_INVALID);
    assert_error(store->drop(store->user, 9, false), L2TPHA_ERR_INVALID);
    assert_error(store->drop(store->user, stream + 1, false), L2TPHA_ERR_INVALID);
    ck_assert(!store->event(store->user, &event));
    assert_ok(store->drop(store->user, stream, true));
    assert_error(store->drop(store->user, stream, true), L2TPHA_ERR_INVALID);
    assert_error(store->append(store->user, stream, 1, octet, 1, false), L2TPHA_ERR_INVALID);
}
END_TEST

/* The largest that there may be is read again, and one that would not be is not taken. */
START_TEST(large_checkpoints)
{
    uint32_t stream;

    stores.item_len = L2TPHA_CHECKPOINT_MAX;
    assert_ok(stores_open(0));
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, STORES_WHOLE);
    stores_settle(0);
    assert_ok(stores.status);
    stores_close(0);
    assert_ok(stores_read(1, false));
    ck_assert(stores.found.any && !stores.found.stale);
    ck_assert_uint_eq(stores.items, STORES_WHOLE);
    assert_ok(stores_stream(1, 8, &stream));
    stores.item_len = KIND.most + 1;
    stores_append(1, stream, 1, 1);
    assert_error(stores.status, L2TPHA_ERR_LIMIT);
}
END_TEST

Suite *suite_contract(void);
Suite *suite_contract(void)
{
    Suite *suite = suite_create("contract");
    TCase *tcase = tcase_create("contract");

    tcase_add_checked_fixture(tcase, stores_begin, stores_end);
    tcase_add_test(tcase, what_was_written_is_read);
    tcase_add_test(tcase, nothing_is_there);
    tcase_add_test(tcase, half_a_copy_is_none);
    tcase_add_test(tcase, a_copy_is_made_anew);
    tcase_add_loop_test(tcase, the_copy_stays, 0, 2);
    tcase_add_test(tcase, a_mark);
    tcase_add_test(tcase, a_mark_needs_no_space);
    tcase_add_test(tcase, damage);
    tcase_add_loop_test(tcase, whoever_reads_may_end_it, 0, 2);
    tcase_add_test(tcase, a_look_takes_nothing);
    tcase_add_test(tcase, an_older_writer_is_refused);
    tcase_add_loop_test(tcase, a_newer_epoch_has_it, 0, 3);
    tcase_add_loop_test(tcase, it_ends_at_any_turn, 0, 2);
    tcase_add_test(tcase, a_newer_release_has_written_it);
    tcase_add_loop_test(tcase, a_newer_release_writes_it, 0, 2);
    tcase_add_test(tcase, its_level_is_told);
    tcase_add_test(tcase, what_is_not_asked_for);
    tcase_add_test(tcase, large_checkpoints);
    suite_add_tcase(suite, tcase);
    return suite;
}
