/* SPDX-License-Identifier: MIT */
/* What must hold is broken by hand: a checked build ends at the next call, any other counts and
 * logs what its assertions see, and goes on. */
#include "failover/recovery.h"
#include "failover/sync.h"
#include "node/node.h"
#include "redundancy/link_presence.h"
#include "redundancy/role_fsm.h"
#include "scenario/rig_trio.h"
#include "sim/link_pair.h"
#include "state/ledger_private.h"

#include <signal.h>
#include <string.h>

static struct l2tpha_tunnel *tunnel;
static struct l2tpha_session *session;
static unsigned told;

static void hear(void *user, const struct l2tpha_log_line *line)
{
    (void)user;
    told += strncmp(line->text, "does not hold: ", 15) == 0;
}

/* An active with a standby in sync, a tunnel and a call. */
static void begin(void)
{
    told = 0;
    trio.host.log = hear;
    trio.config.debug = L2TPHA_LOG_ERROR;
    trio_begin(true);
    session = trio_dial(trio_tunnel(trio.near));
    trio_settle();
    tunnel = first_tunnel(trio.near);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->assertions_failed, 0);
}

/* --- what assertions see, in every build that looks --- */

#ifndef L2TPHA_UNCHECKED
static void end_of_the_stream(void)
{
    struct ledger *ledger = trio.near->engine.ledger;
    struct cursor *cursor = ledger->cursors;

    cursor->shipped = ledger->last + 5;
    cursor->position++;
    (void)ledger_done(ledger, cursor->id, cursor->position, 0, trio.now);
}

static void length_of_the_queue(void)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};

    tunnel->entry.queue_count += 2;
    (void)l2tpha_session_close(session, &why, trio.now);
}

static void what_the_peer_was_told(void)
{
    struct l2tpha_output outputs[8];

    tunnel->channel.told_nr = (uint16_t)(tunnel->entry.record.nr + 5);
    channel_acknowledge_again(&trio.near->engine, &tunnel->channel);
    (void)l2tpha_poll(trio.near, outputs, 8, trio.now);
}

static void member_of_a_line(void)
{
    session->entry.state = L2TPHA_SESSION_ESTABLISHED;
    session_join_line(session);
}

static void word_of_the_other_side(void)
{
    struct l2tpha_link *link;

    assert_ok(l2tpha_link_new(trio.near, NULL, trio.now, &link));
    link_awaits(link, trio.now); /* as only a standby does, when it has announced */
}

static void step_of_a_fenced_node(void)
{
    trio.near->role.state = L2TPHA_ROLE_FENCED;
    role_fsm.enter(&trio.near->role, L2TPHA_ROLE_ACTIVE_SOLO, NULL);
}

static void question_in_a_question(void)
{
    engine_ask(&trio.near->engine);
    engine_ask(&trio.near->engine);
    engine_answered(&trio.near->engine);
}

static void (*const seen[])(void) = {
    end_of_the_stream,      length_of_the_queue,   what_the_peer_was_told, member_of_a_line,
    word_of_the_other_side, step_of_a_fenced_node, question_in_a_question};

START_TEST(an_assertion_sees)
{
    begin();
    seen[_i]();
    ck_assert_uint_ge(l2tpha_counters(trio.near)->assertions_failed, 1);
    ck_assert_uint_eq(told, l2tpha_counters(trio.near)->assertions_failed);
}
END_TEST

#endif

/* --- what the audits of checked builds find --- */

#ifdef L2TPHA_CHECKED
static void numbers_safe(void)
{
    tunnel->entry.ns_safe++;
}

static void numbers_sealed(void)
{
    tunnel->entry.ns_committed--;
}

static void numbers_received(void)
{
    tunnel->entry.nr_safe++;
}

static void numbers_told(void)
{
    tunnel->channel.told_nr++;
}

static void queue_length(void)
{
    tunnel->entry.queue_count++;
}

static void queue_bytes(void)
{
    tunnel->channel.queue_bytes++;
}

static void cursor(void)
{
    tunnel->channel.cursor_ns++;
}

static void slots(void)
{
    tunnel->channel.ahead_count = 1;
}

static void silence(void)
{
    tunnel->channel.suspended = true;
}

static void settled_by_nobody(void)
{
    tunnel->channel.lagging = true;
}

static void acknowledged(void)
{
    trio.near->engine.ledger->cursors->acknowledged = trio.near->engine.ledger->last + 1;
}

static void sync_without_gate(void)
{
    trio.near->engine.ledger->mode = LEDGER_BULK;
}

static void role_without_sync(void)
{
    trio.near->engine.ledger->in_sync = false;
}

static void serving(void)
{
    trio.near->engine.serving = false;
}

static void dirty(void)
{
    tunnel->entry.dirty = DIRTY_FULL;
}

static void open_transaction(void)
{
    trio.near->engine.ledger->must_commit = true;
    trio.near->engine.audit(&trio.near->engine);
}

static void query_without_line(void)
{
    session->query = QUERY_ASKED;
}

static void line_without_query(void)
{
    session->query_back = &tunnel->waiting;
}

static void session_index(void)
{
    session->entry.remote_id++;
}

static void session_count(void)
{
    tunnel->entry.session_count++;
}

static void two_places(void)
{
    tunnel->lingering = true;
}

static void another_recovery(void)
{
    static struct recovery stray;

    stray = (struct recovery){.old = tunnel, .tunnel = tunnel, .state = RECOVERY_PEER_RECOVERING};
    tunnel->recovery = &stray;
}

static void half_open(void)
{
    trio.near->engine.strangers.started.count++;
}

static void resyncing(void)
{
    trio.near->engine.unconfirmed++;
}

static void running(void)
{
    trio.near->failover.running++;
}

static void ready(void)
{
    trio.near->engine.ready_tail = &tunnel->channel;
}

static void events(void)
{
    tunnel->events++;
}

static void (*const found[])(void) = {
    numbers_safe,
    numbers_sealed,
    numbers_received,
    numbers_told,
    queue_length,
    queue_bytes,
    cursor,
    slots,
    silence,
    settled_by_nobody,
    acknowledged,
    sync_without_gate,
    role_without_sync,
    serving,
    dirty,
    open_transaction,
    query_without_line,
    line_without_query,
    session_index,
    session_count,
    two_places,
    another_recovery,
    half_open,
    resyncing,
    running,
    ready,
    events,
};

/* Whatever is looked at only once in a while comes within so many calls. */
#define CALLS 40

START_TEST(an_audit_finds)
{
    begin();
    found[_i]();
    for (int i = 0; i < CALLS; i++)
        (void)l2tpha_expire(trio.near, trio.now);
}
END_TEST
#endif

#ifdef L2TPHA_CHECKED
/* --- what the audit of a link finds; link_audit() runs at its next call --- */

static void confirmed_unsent(void)
{
    active.link->acked = active.link->sent + 1;
}

static void up_unmet(void)
{
    active.link->info.met = false;
}

static void on_one_side(void)
{
    active.link->peer_side = SIDE_ACTIVE;
}

static void serving_standby(void)
{
    standby.link->serving = true;
}

static void offering_standby(void)
{
    standby.link->offered = true;
    standby.link->next = 9;
}

static void offered_and_handed(void)
{
    active.link->offered = active.link->handed = true;
    active.link->next = 9;
}

static void offered_without_an_epoch(void)
{
    active.link->offered = true;
}

static void announcing_active(void)
{
    active.link->announced = true;
}

static void acknowledging_active(void)
{
    active.link->ack_due = true;
}

static void awaited_in_vain(void)
{
    standby.link->announced = standby.link->waiting = standby.link->unanswered = true;
}

static void awaited_unasked(void)
{
    standby.link->waiting = true;
}

static void sending_standby(void)
{
    standby.link->sent = 1;
}

static void error_without_an_end(void)
{
    active.link->error = L2TPHA_ERR_LINK;
}

static void end_without_a_stop(void)
{
    active.link->ended = true;
}

static void echo_of_no_probe(void)
{
    active.link->probe = active.link->probes + 1;
}

static void queue_beyond_its_end(void)
{
    active.link->out.start = active.link->out.end + 1;
}

static void (*const link_found[])(void) = {
    confirmed_unsent,         up_unmet,           on_one_side,
    serving_standby,          offering_standby,   offered_and_handed,
    offered_without_an_epoch, announcing_active,  acknowledging_active,
    awaited_in_vain,          awaited_unasked,    sending_standby,
    error_without_an_end,     end_without_a_stop, echo_of_no_probe,
    queue_beyond_its_end,
};

START_TEST(a_link_audit_finds)
{
    linked_sync();
    link_found[_i]();
    (void)l2tpha_link_expire(active.link, 0);
    (void)l2tpha_link_expire(standby.link, 0);
}
END_TEST
#endif

START_TEST(a_link_audit_finds_nothing_where_all_holds)
{
    linked_sync();
    assert_ok(l2tpha_link_expire(active.link, 0));
    assert_ok(l2tpha_link_expire(standby.link, 0));
}
END_TEST

/* What is broken in nothing is found broken by nobody. */
START_TEST(nothing_is_found_where_all_holds)
{
    begin();
    for (int i = 0; i < 100; i++)
        trio_pass_ms(1000);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->assertions_failed, 0);
    ck_assert_uint_eq(told, 0);
#ifdef L2TPHA_CHECKED
    ck_assert_uint_gt(trio.near->engine.audits, 100);
#else
    ck_assert(!trio.near->engine.audit);
#endif
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *suite_invariants(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("invariants", &tcase);

    tcase_add_test(tcase, nothing_is_found_where_all_holds);
    TCase *links = tcase_create("links");
    tcase_add_checked_fixture(links, linked_setup, linked_teardown);
    tcase_add_test(links, a_link_audit_finds_nothing_where_all_holds);
    suite_add_tcase(suite, links);
#if defined(L2TPHA_CHECKED)
    tcase_add_loop_test_raise_signal(links, a_link_audit_finds, SIGABRT, 0, COUNT(link_found));
    tcase_add_loop_test_raise_signal(tcase, an_assertion_sees, SIGABRT, 0, COUNT(seen));
    tcase_add_loop_test_raise_signal(tcase, an_audit_finds, SIGABRT, 0, COUNT(found));
#elif !defined(L2TPHA_UNCHECKED)
    tcase_add_loop_test(tcase, an_assertion_sees, 0, COUNT(seen));
#endif
    return suite;
}
