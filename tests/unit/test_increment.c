/* SPDX-License-Identifier: MIT */
/* Transactions that share an increment: all that are committed until somebody polls. */
#define IN_FLIGHT 100
#include "unit/replicated.h"

#include "state/ledger_bucket.h"

#define FEW 20
#define LONG_MESSAGE 1000

struct content {
    unsigned records;
    unsigned of[L2TPHA_RECORD_NODE + 1]; /* by kind */
};

/* Of what was polled last. */
static struct content content(void)
{
    struct l2tpha_checkpoint_header header;
    struct l2tpha_reading reading;
    struct l2tpha_record record;
    struct content found = {0};

    assert_ok(
        l2tpha_serializer_proto()->get_header(pair->item.data, pair->item.len, &header, &reading));
    ck_assert_int_eq(header.kind, L2TPHA_CHECKPOINT_INCREMENT);
    for (; l2tpha_serializer_proto()->get_record(&reading, &record) == 0; found.records++)
        found.of[record.kind]++;
    return found;
}

/* The next one; nothing else is there. */
static struct content poll_alone(uint64_t number)
{
    struct content found = {0};
    uint64_t applied;

    ck_assert_uint_ne(replicas_poll(pair), 0);
    ck_assert_uint_eq(pair->item.number, number);
    found = content();
    assert_ok(replica_apply(pair->replica, pair->item.data, pair->item.len, &applied));
    ck_assert_uint_eq(replicas_digest(pair->standby), replicas_digest(pair->active));
    uint64_t position = pair->item.position;
    ck_assert_uint_eq(replicas_poll(pair), 0);
    pair->item.position = position;
    return found;
}

static struct tunnel_entry *synced_tunnel(uint32_t id)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, id);

    replicas_sync(pair);
    return tunnel;
}

START_TEST(transactions_until_a_poll_share_one)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1), *other = replicas_tunnel(pair, 2);
    replicas_sync(pair);
    uint64_t before = ledger_last(pair->ledger), made = pair->active_counters.checkpoints;

    ck_assert_uint_eq(ledger_next(pair->ledger), before + 1);
    for (unsigned i = 0; i < FEW; i++) {
        replicas_message(pair, i % 2 ? tunnel : other, 20);
        ck_assert_uint_eq(replicas_transaction(pair), before + 1);
        ck_assert_uint_eq(ledger_last(pair->ledger), before + 1);
        ck_assert_uint_eq(ledger_next(pair->ledger), before + 1);
        ck_assert_uint_eq(ledger_confirmed(pair->ledger), before);
        ck_assert_uint_eq(tunnel->ns_safe, 0);
    }
    ck_assert_uint_eq(replicas_transaction(pair), before + 1); /* nothing is marked */
    struct content found = poll_alone(before + 1);
    ck_assert_uint_eq(found.of[L2TPHA_RECORD_SEQUENCE], 2);
    ck_assert_uint_eq(found.of[L2TPHA_RECORD_MESSAGE], FEW);
    ck_assert_uint_eq(found.records, FEW + 2);
    ck_assert_uint_eq(pair->active_counters.checkpoints, made + 1);

    replicas_received(pair, tunnel); /* after the poll: in the next one */
    ck_assert_uint_eq(replicas_transaction(pair), before + 2);
    assert_ok(replicas_done(pair, pair->item.position, 0));
    ck_assert_uint_eq(tunnel->ns_safe, FEW / 2);
    ck_assert_uint_eq(other->ns_safe, FEW / 2);
    ck_assert_uint_eq(tunnel->nr_safe, 0);
    (void)poll_alone(before + 2);
    assert_ok(replicas_done(pair, pair->item.position, 0));
    ck_assert_uint_eq(tunnel->nr_safe, 1);
}
END_TEST

START_TEST(what_is_marked_again_is_written_once_as_it_is_last)
{
    struct tunnel_entry *tunnel = synced_tunnel(1);
    struct session_entry *session = replicas_session(pair, tunnel, 5);
    replicas_transaction(pair);
    for (uint16_t i = 1; i <= FEW; i++) {
        session->data_ns = i;
        ledger_mark_session(pair->ledger, session);
        replicas_transaction(pair);
    }
    struct content found = poll_alone(ledger_last(pair->ledger));
    ck_assert_uint_eq(found.of[L2TPHA_RECORD_SESSION], 1);
    ck_assert_uint_eq(found.records, 1);
    ck_assert_uint_eq(
        table_session_find(pair->standby, table_tunnel_find(pair->standby, 1), 5)->data_ns, FEW);
}
END_TEST

/* Ids come and go, and come again. */
START_TEST(what_ends_within_it_is_gone)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1), *other = replicas_tunnel(pair, 2);
    struct session_entry *old = replicas_session(pair, tunnel, 1);
    assert_ok(table_session_set_remote(old, 7));
    replicas_sync(pair);

    replicas_remove_session(pair, old);
    replicas_transaction(pair);
    old = replicas_session(pair, tunnel, 2);
    assert_ok(table_session_set_remote(old, 7));
    replicas_transaction(pair);
    replicas_remove_session(pair, replicas_session(pair, tunnel, 1));
    replicas_transaction(pair);
    replicas_session(pair, other, 1);
    replicas_transaction(pair);
    replicas_remove_tunnel(pair, other);
    replicas_transaction(pair);
    other = replicas_tunnel(pair, 2);
    replicas_transaction(pair);
    replicas_remove_session(pair, replicas_session(pair, other, 3));
    replicas_transaction(pair);
    (void)poll_alone(ledger_last(pair->ledger));
}
END_TEST

/* A record of the tunnel says what becomes of its sessions as the standby has them. It has this one
 * as it was before the increment. */
START_TEST(who_is_forgotten_within_it_is_gone)
{
    struct tunnel_entry *tunnel = synced_tunnel(1);
    struct session_entry *session = replicas_session(pair, tunnel, 1);
    session->state = L2TPHA_SESSION_ESTABLISHED;
    replicas_sync(pair);

    session->state = L2TPHA_SESSION_WAIT_CONNECT; /* which a reset ends */
    ledger_mark_session(pair->ledger, session);
    replicas_transaction(pair);
    tunnel->record.resets += 2;
    ledger_mark_tunnel(pair->ledger, tunnel, DIRTY_FULL);
    ledger_forget_session(pair->ledger, session);
    table_session_remove(pair->active, session);
    replicas_transaction(pair);
    (void)poll_alone(ledger_last(pair->ledger));
}
END_TEST

START_TEST(half_a_transaction_stays)
{
    struct tunnel_entry *tunnel = synced_tunnel(1);
    uint64_t before = ledger_last(pair->ledger);

    replicas_message(pair, tunnel, 20);
    replicas_transaction(pair);
    replicas_message(pair, tunnel, 20);
    ck_assert_uint_eq(replicas_poll(pair), 0);
    ck_assert_uint_eq(replicas_transaction(pair), before + 1);
    ck_assert_uint_eq(poll_alone(before + 1).of[L2TPHA_RECORD_MESSAGE], 2);
}
END_TEST

/* So no transaction makes it longer than a checkpoint may be. */
START_TEST(it_has_an_end)
{
    uint64_t before, longest = 0;

    for (uint32_t id = 1; id <= 8; id++)
        replicas_tunnel(pair, id);
    replicas_sync(pair);
    before = ledger_last(pair->ledger);
    for (unsigned i = 0; i < 80; i++) {
        replicas_message(pair, table_tunnel_find(pair->active, 1 + i % 8), LONG_MESSAGE);
        replicas_transaction(pair);
    }
    ck_assert_uint_ge(ledger_last(pair->ledger), before + 80 * LONG_MESSAGE / LEDGER_OPEN_BYTES);
    for (unsigned i = 0; replicas_poll(pair); i++) {
        ck_assert_uint_eq(pair->item.number, before + 1 + i);
        longest = pair->item.len > longest ? pair->item.len : longest;
    }
    ck_assert_uint_eq(pair->item.number, ledger_last(pair->ledger));
    ck_assert_uint_le(longest, LEDGER_OPEN_BYTES + LONG_MESSAGE);
    ck_assert_uint_gt(longest, LEDGER_OPEN_BYTES / 2);

    struct tunnel_entry *tunnel =
        table_tunnel_find(pair->active, 1); /* a long one ends it at once */
    before = ledger_last(pair->ledger);
    replicas_message(pair, tunnel, LEDGER_OPEN_BYTES);
    ck_assert_uint_eq(replicas_transaction(pair), before + 1);
    ck_assert_uint_eq(ledger_next(pair->ledger), before + 2);
    ledger_mark_tunnel(pair->ledger, tunnel, DIRTY_FULL); /* with all its messages */
    ck_assert_uint_eq(replicas_transaction(pair), before + 2);
    ck_assert_uint_eq(ledger_next(pair->ledger), before + 3);
}
END_TEST

/* Outputs that depend on it are free when nobody is left, and its number is not given again. */
START_TEST(its_number_is_used_whatever_becomes_of_it)
{
    struct tunnel_entry *tunnel = synced_tunnel(1);
    uint64_t before = ledger_last(pair->ledger);

    replicas_message(pair, tunnel, 20);
    ck_assert_uint_eq(replicas_transaction(pair), before + 1);
    replicas_stop(pair);
    ck_assert_uint_eq(ledger_confirmed(pair->ledger), before + 1);
    ck_assert_uint_eq(tunnel->ns_safe, 1);
    ck_assert_uint_eq(replicas_poll(pair), 0);
    ck_assert_uint_eq(ledger_last(pair->ledger), before + 1);
    replicas_sync(pair);
    replicas_message(pair, tunnel, 20);
    ck_assert_uint_eq(replicas_transaction(pair), before + 2);
    (void)poll_alone(before + 2);
}
END_TEST

/* It cannot be written, and outputs wait on for somebody who has left. */
START_TEST(who_is_held_for_gets_it_with_a_copy)
{
    struct tunnel_entry *tunnel = synced_tunnel(1);
    uint64_t before = ledger_last(pair->ledger);

    assert_ok(cursor_hold(pair->ledger, pair->consumer, true));
    for (unsigned i = 0; i < 3; i++)
        replicas_message(pair, tunnel, 12);
    tunnel->queue_tail->len = L2TPHA_CHECKPOINT_MAX; /* of which no octet is read */
    ck_assert_uint_eq(replicas_transaction(pair), before + 1);
    ck_assert_uint_ne(replicas_poll(pair), 0); /* that it is stale */
    tunnel->queue_tail->len = 12;
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_GATED);
    ck_assert_uint_eq(ledger_confirmed(pair->ledger), before);
    ck_assert_uint_eq(tunnel->ns_safe, 0);
    replicas_sync(pair);
    ck_assert_uint_eq(replicas_digest(pair->standby), replicas_digest(pair->active));
    ck_assert_uint_ge(ledger_confirmed(pair->ledger), before + 1);
    ck_assert_uint_eq(tunnel->ns_safe, 3);
}
END_TEST

/* A digest is about what the standby has. */
START_TEST(what_is_open_is_not_level)
{
    struct tunnel_entry *tunnel = synced_tunnel(1);
    uint64_t position = pair->item.position, number;

    ck_assert(ledger_is_level(pair->ledger, pair->consumer, position, &number));
    replicas_session(pair, tunnel, 1);
    replicas_transaction(pair);
    ck_assert(!ledger_is_level(pair->ledger, pair->consumer, position, &number));
    position = replicas_poll(pair);
    ck_assert(ledger_is_level(pair->ledger, pair->consumer, position, &number));
    ck_assert_uint_eq(number, ledger_last(pair->ledger));
}
END_TEST

Suite *suite_increment(void);
Suite *suite_increment(void)
{
    Suite *suite = suite_create("increment");
    TCase *tcase = tcase_create("increment");
    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, transactions_until_a_poll_share_one);
    tcase_add_test(tcase, what_is_marked_again_is_written_once_as_it_is_last);
    tcase_add_test(tcase, what_ends_within_it_is_gone);
    tcase_add_test(tcase, who_is_forgotten_within_it_is_gone);
    tcase_add_test(tcase, half_a_transaction_stays);
    tcase_add_test(tcase, it_has_an_end);
    tcase_add_test(tcase, its_number_is_used_whatever_becomes_of_it);
    tcase_add_test(tcase, who_is_held_for_gets_it_with_a_copy);
    tcase_add_test(tcase, what_is_open_is_not_level);
    return suite;
}
