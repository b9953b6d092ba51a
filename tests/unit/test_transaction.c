/* SPDX-License-Identifier: MIT */
/* What ends in a transaction lies where it is until the transaction is over, and makes place then.
 */
#include "control/transaction.h"

#include "control/machine.h"
#include "node/node.h"
#include "unit/raw_session.h"

static void one_call(struct l2tpha_config *config)
{
    config->bearer_caps = 1;
    config->max_sessions = 1;
}

static void begin_anew(void)
{
    raw_free(&peer);
    raw_new(&peer, one_call);
    tunnel = raw_accept(&peer);
}

static struct l2tpha_session *ask(uint16_t id)
{
    raw_begin(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, id);
    l2tpha_builder_put_u32(&peer.builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, id);
    raw_send(&peer);
    return l2tpha_session_next(tunnel, NULL);
}

/* One of which no event says anything, and one that an event names. */
static struct l2tpha_session *call(bool named)
{
    struct l2tpha_session *session;

    if (!named)
        return ask(RAW_SESSION);
    assert_ok(l2tpha_session_open(tunnel, &incoming, peer.now, &session));
    return session;
}

START_TEST(a_call_that_has_ended_is_there_until_the_transaction_is_over)
{
    struct engine *engine = &peer.node->engine;
    struct l2tpha_session *session = call(_i);
    uint32_t id = l2tpha_session_id(session);

    raw_drain(&peer);
    machine_clear_session(session, L2TPHA_OK, "test");
    ck_assert(session_is_gone(session));
    ck_assert_uint_eq(session->entry.local_id, id);
    ck_assert_uint_eq(state_of(session), L2TPHA_SESSION_IDLE);
    ck_assert_ptr_null(tunnel_session_find(tunnel, id));
    ck_assert_uint_eq(table_session_count(engine->table), 0);
    ck_assert_ptr_eq(engine->gone.head, session);
    assert_ok(engine_leave(engine, L2TPHA_OK));
    ck_assert_ptr_null(engine->gone.head);
    ck_assert_ptr_eq(engine->buried.head, _i ? session : NULL);
    raw_drain(&peer);
    ck_assert_ptr_null(engine->buried.head);
}
END_TEST

START_TEST(calls_that_end_together_go_together)
{
    struct engine *engine = &peer.node->engine;

    for (uint16_t i = 1; i <= 100; i++) {
        if (i % 2)
            ask(i);
        else
            call(true);
    }
    raw_drain(&peer);
    machine_clear(tunnel, L2TPHA_OK, "test");
    ck_assert_ptr_nonnull(engine->gone.head);
    assert_ok(engine_leave(engine, L2TPHA_OK));
    ck_assert_ptr_null(engine->gone.head);
    raw_drain(&peer);
    ck_assert_ptr_null(engine->buried.head);
    ck_assert_ptr_null(l2tpha_tunnel_next(peer.node, NULL));
}
END_TEST

/* The CDN was late: with it both are taken in one entry call. */
START_TEST(at_the_limit_a_call_makes_place_for_the_next_in_one_entry)
{
    begin_anew();
    uint32_t id = l2tpha_session_id(ask(RAW_SESSION));
    raw_forget(&peer);
    peer.ns++;
    ck_assert_ptr_nonnull(ask(RAW_SESSION + 1));
    raw_expect_silence(&peer);
    peer.ns = (uint16_t)(peer.ns - 2);
    raw_begin_cdn(&peer, id);
    raw_send(&peer);
    peer.ns++;
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_ICRP), 1);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_CDN), 0);
    ck_assert_uint_ne(l2tpha_session_id(l2tpha_session_next(tunnel, NULL)), id);
}
END_TEST

Suite *suite_transaction(void);
Suite *suite_transaction(void)
{
    Suite *suite = suite_create("transaction");
    TCase *tcase = tcase_create("transaction");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_call_that_has_ended_is_there_until_the_transaction_is_over, 0, 2);
    tcase_add_test(tcase, calls_that_end_together_go_together);
    tcase_add_test(tcase, at_the_limit_a_call_makes_place_for_the_next_in_one_entry);
    suite_add_tcase(suite, tcase);
    return suite;
}
