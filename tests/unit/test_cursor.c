/* SPDX-License-Identifier: MIT */
/* Several consumers of one log: each at its own place, and outputs wait for the last one of those
 * that they wait for. */
#include "unit/standbys.h"

#include "base/serial.h"
#include "state/audit.h"

/* Whatever may leave is with each standby that outputs wait for and that is in sync. */
static void assert_held_by(const struct standby *standby)
{
    const struct tunnel_entry *entry, *held;
    uint32_t place = 0;

    ck_assert_int_eq(replica_state(standby->replica), REPLICA_HOT);
    while ((entry = table_tunnel_next(pair->active, &place))) {
        held = table_tunnel_find(standby->table, entry->record.local_id);
        if (!entry->born) /* not committed yet */
            continue;
        if (!held) {
            ck_assert_uint_eq(entry->ns_safe, 0);
            continue;
        }
        ck_assert(!serial_after(entry->ns_safe, held->record.ns));
        ck_assert(!serial_after(entry->nr_safe, held->record.nr));
    }
}

/* What is said to be confirmed is with the standby, whole. */
static void assert_no_claim(const struct standby *standby)
{
    struct cursor_info info = look(standby);

    if (info.state == CURSOR_OUT || !info.whole)
        return;
    ck_assert(replica_is_whole(standby->replica));
    ck_assert_uint_ge(replica_last(standby->replica), info.whole);
}

/* Returns how many there are. */
static unsigned assert_nothing_leaves_early(void)
{
    unsigned in_sync = 0;

#ifdef L2TPHA_CHECKED
    ledger_audit(pair->ledger);
#endif
    for (unsigned i = 0; i < STANDBYS; i++) {
        if (standbys[i].id)
            assert_no_claim(&standbys[i]);
        if (standbys[i].id && standbys[i].gates && look(&standbys[i]).state == CURSOR_IN_SYNC) {
            assert_held_by(&standbys[i]);
            in_sync++;
        }
    }
    return in_sync;
}

/* --- what comes of it --- */

static unsigned resumed;

static void disturb(struct standby *standby)
{
    switch (replicas_random(pair, 300)) {
    case 0: /* it dies, or comes */
        standby->cut = false;
        if (standby->id)
            leave(standby);
        else
            join(standby, replicas_random(pair, 3) > 0);
        break;
    case 1: /* a new copy of what it has, on the same stream or not */
        if (standby->id && !standby->cut)
            assert_ok(ledger_copy(pair->ledger, standby->id, pair->now));
        break;
    case 3:
    case 4: /* its stream ends */
        if (standby->id && !standby->cut)
            cut(standby);
        break;
    case 5:
    case 6:
        if (standby->id && standby->gates) {
            assert_ok(cursor_hold(pair->ledger, standby->id, replicas_random(pair, 2)));
            ledger_follow(pair->ledger, NULL);
        }
        break;
    case 2:
        standby->stopped = replicas_random(pair, 4) == 0;
        break;
    default:
        if (standby->id && standby->cut && replicas_random(pair, 5) == 0)
            resumed += come_back(standby);
        break;
    }
    if (!standby->id || standby->stopped || standby->cut)
        return;
    if (look(standby).state == CURSOR_OUT) /* as a link does */
        assert_ok(ledger_copy(pair->ledger, standby->id, pair->now));
    for (uint32_t i = replicas_random(pair, 12); i > 0; i--)
        read_one(standby);
    for (uint32_t i = replicas_random(pair, 12); i > 0; i--)
        confirm_one(standby);
}

/* Standbys come and go, stop and are slow, copies run into one another: nothing leaves that one of
 * those in sync lacks, and in the end all have the same. */
START_TEST(many_at_once)
{
    unsigned together = 0;

    resumed = 0;
    pair->random = (uint64_t)_i;
    for (unsigned i = 0; i < STANDBYS; i++)
        join(&standbys[i], i > 0);
    for (unsigned step = 0; step < 5000; step++) {
        replicas_change(pair);
        if (replicas_random(pair, 3) == 0) {
            (void)(replicas_random(pair, 2) ? replicas_commit : replicas_transaction)(pair);
            if (step % 8 == 0)
                together += assert_nothing_leaves_early() > 1;
        }
        while (replicas_random(pair, 3) > 0 && poll_one())
            ;
        ledger_expire(pair->ledger, pair->now += replicas_random(pair, 2000));
        disturb(&standbys[replicas_random(pair, STANDBYS)]);
    }
    ck_assert_uint_gt(together, 0);
    ck_assert_uint_gt(resumed, 0);
    for (unsigned i = 0; i < STANDBYS; i++) {
        standbys[i].stopped = false;
        if (!standbys[i].id)
            join(&standbys[i], true);
        else if (standbys[i].cut)
            come_back(&standbys[i]);
    }
    drain();
    for (unsigned i = 0; i < STANDBYS; i++) /* those given up meanwhile */
        if (look(&standbys[i]).state != CURSOR_IN_SYNC)
            assert_ok(ledger_copy(pair->ledger, standbys[i].id, pair->now));
    drain();
    for (unsigned i = 0; i < STANDBYS; i++)
        assert_equal(&standbys[i]);
}
END_TEST

START_TEST(increments_are_the_same_bytes)
{
    all_in_sync();
    change(table_tunnel_find(pair->active, 1));
    const struct parcel *first = &standbys[0].parcels[standbys[0].read % PARCELS];
    for (unsigned i = 1; i < STANDBYS; i++) {
        const struct parcel *other = &standbys[i].parcels[standbys[i].read % PARCELS];
        ck_assert_uint_eq(other->number, first->number);
        ck_assert_uint_eq(other->len, first->len);
        ck_assert_mem_eq(other->data, first->data, first->len);
    }
}
END_TEST

/* The last one of the three that gate opens it; the fourth holds nobody. */
START_TEST(the_gate_opens_with_the_last_confirmation)
{
    struct tunnel_entry *tunnel;

    all_in_sync();
    tunnel = table_tunnel_find(pair->active, 1);
    change(tunnel);
    for (unsigned n = 0; n < 3; n++) {
        struct standby *standby = &standbys[(n + (unsigned)_i) % 3];
        ck_assert_uint_eq(tunnel->ns_safe, 0);
        read_one(standby);
        confirm_one(standby);
    }
    ck_assert_uint_eq(tunnel->ns_safe, 1);
}
END_TEST

/* It has everything, and the node is alone all the same. */
START_TEST(who_does_not_gate_protects_nothing)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);

    replicas_commit(pair);
    join(&standbys[0], false);
    drain();
    assert_equal(&standbys[0]);
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_OFF);
    ck_assert(!ledger_in_sync(pair->ledger));
    ck_assert_uint_eq(pair->mode_changes, 0);
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    ck_assert_uint_eq(tunnel->ns_safe, 1);
    ck_assert_uint_eq(ledger_deadline(pair->ledger), L2TPHA_NEVER); /* it may be as slow as it is */
    drain();
    assert_equal(&standbys[0]);
    leave(&standbys[0]);
    replicas_message(pair, tunnel, 20);
    uint64_t last = ledger_last(pair->ledger);
    replicas_commit(pair);
    ck_assert_uint_eq(ledger_last(pair->ledger), last); /* nothing is written for nobody */
}
END_TEST

/* One is silent, dies or refuses: it is out, with a reason, and the others are held no longer. */
START_TEST(who_is_lost_holds_nobody)
{
    static const char *const reasons[] = {"standby silent", NULL, "standby refused"};
    struct standby *lost = &standbys[1];
    struct tunnel_entry *tunnel;

    all_in_sync();
    tunnel = table_tunnel_find(pair->active, 1);
    change(tunnel);
    for (unsigned i = 0; i < STANDBYS; i += 2) {
        read_one(&standbys[i]);
        confirm_one(&standbys[i]);
    }
    ck_assert_uint_eq(tunnel->ns_safe, 0);
    if (_i == 1)
        leave(lost);
    else if (_i == 2)
        assert_ok(ledger_done(pair->ledger, lost->id, lost->parcels[lost->read % PARCELS].position,
                              L2TPHA_ERR_RECORD, pair->now));
    for (int look = 0; _i == 0 && look < 5 && tunnel->ns_safe == 0; look++) {
        pair->now = ledger_deadline(pair->ledger);
        ledger_expire(pair->ledger, pair->now);
    }
    ck_assert_uint_eq(tunnel->ns_safe, 1);
    ck_assert(ledger_in_sync(pair->ledger));
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_GATED);
    if (_i == 1)
        return;
    ck_assert_int_eq(look(lost).state, CURSOR_OUT);
    ck_assert_str_eq(look(lost).why, reasons[_i]);
    while (poll_one()) /* the word that it is stale */
        ;
    while (read_one(lost))
        ;
    ck_assert_int_eq(replica_state(lost->replica), _i == 0 ? REPLICA_OUT_OF_SYNC : REPLICA_HOT);
    assert_ok(ledger_copy(pair->ledger, lost->id, pair->now));
    drain();
    assert_equal(lost);
}
END_TEST

Suite *suite_cursor(void);
Suite *suite_cursor(void)
{
    Suite *suite = suite_create("cursor");
    TCase *tcase = tcase_create("cursor");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, many_at_once, 0, 20);
    tcase_add_test(tcase, increments_are_the_same_bytes);
    tcase_add_loop_test(tcase, the_gate_opens_with_the_last_confirmation, 0, 3);
    tcase_add_test(tcase, who_does_not_gate_protects_nothing);
    tcase_add_loop_test(tcase, who_is_lost_holds_nobody, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}
