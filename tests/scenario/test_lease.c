/* SPDX-License-Identifier: MIT */
/* Data sequence numbers under a standby that is late: none leaves that it does not know of, so none
 * leaves twice, whenever the node dies. */
#include "scenario/rig_trio.h"

#include <stdlib.h>
#include <string.h>

static int send_frame(struct l2tpha_session *session, uint16_t *number)
{
    const struct l2tpha_path *path;
    uint8_t datagram[L2TPHA_DATA_HEADER_MAX + 4] = {0};
    struct l2tpha_header decoded;
    size_t len;

    int error = l2tpha_data_send(session, 4, false, datagram, &len, &path, trio.now);
    if (error)
        return error;
    assert_true(l2tpha_header_decode(datagram, len + 4, &decoded) == L2TPHA_OK);
    assert_true(decoded.has_sequence);
    *number = decoded.ns;
    return L2TPHA_OK;
}

static struct l2tpha_session *numbered_call(void)
{
    struct l2tpha_session_options options = trio_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.near);
    struct l2tpha_session *session;

    options.sequencing_required = true;
    assert_ok(host_session_open(tunnel, &options, trio.now, &session));
    trio_settle();
    return session;
}

/* Frames until there is no number left. */
static uint32_t send_all(struct l2tpha_session *session, uint16_t *last)
{
    uint32_t sent = 0;
    int error;

    while (!(error = send_frame(session, last))) {
        assert_true(++sent < 100000);
        trio_settle(); /* checkpoints are applied and not confirmed */
    }
    assert_error(error, L2TPHA_ERR_UNCONFIRMED);
    return sent;
}

static uint64_t refused(void)
{
    return l2tpha_counters(trio.near)->data_unconfirmed;
}

static void confirm(void)
{
    trio.confirm = true;
    assert_ok(l2tpha_checkpoint_done(trio.near, trio.shipped, 0, trio.now));
    trio_settle();
}

START_TEST(no_number_leaves_before_the_standby_knows_it)
{
    uint16_t last = 0, next = 0;

    trio_begin(true);
    struct l2tpha_session *session = numbered_call();
    trio.confirm = false;
    ck_assert_uint_eq(send_all(session, &last), 1024);
    ck_assert_uint_eq(last, 1023);
    ck_assert_uint_eq(refused(), 1);
    uint64_t out = l2tpha_counters(trio.near)->data_out;
    assert_error(send_frame(session, &next), L2TPHA_ERR_UNCONFIRMED);
    ck_assert_uint_eq(refused(), 2);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->data_out, out);
    confirm();
    assert_ok(send_frame(session, &next));
    ck_assert_uint_eq(next, last + 1);
    ck_assert_uint_eq(refused(), 2);
}
END_TEST

/* Confirmed now and then, cut off now and then: whatever the standby knows is enough. */
START_TEST(a_takeover_uses_no_number_again)
{
    uint16_t last = 0, next = 0;

    trio_begin(true);
    struct l2tpha_session *session = numbered_call();
    srand((unsigned)_i);
    for (int round = 0; round < _i; round++) {
        trio.confirm = false;
        for (int i = rand() % 1500; i > 0 && !send_frame(session, &last); i--)
            trio_settle();
        confirm();
    }
    trio.confirm = false;
    trio.connected = _i % 2; /* what is sent from here on may not even reach it */
    send_all(session, &last);
    trio_take_over();
    trio.confirm = true;
    trio_settle();
    session = first_session(trio.near);
    assert_ok(send_frame(session, &next));
    ck_assert_uint_lt((uint16_t)(next - last - 1), 1024);
}
END_TEST

START_TEST(a_node_without_a_standby_waits_for_nothing)
{
    uint16_t last = 0;

    trio_begin(_i == 1);
    struct l2tpha_session *session = numbered_call();
    if (_i == 1) { /* it goes on alone */
        trio.confirm = false;
        send_all(session, &last);
        trio_pass_ms(300);
        ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE_SOLO);
    }
    uint64_t before = refused();
    for (int i = 0; i < 5000; i++)
        assert_ok(send_frame(session, &last));
    ck_assert_uint_eq(refused(), before);
}
END_TEST

START_TEST(numbers_of_a_copy_are_known_at_its_end)
{
    uint16_t last = 0, next = 0;

    trio_begin(false);
    struct l2tpha_session *session = numbered_call();
    for (int i = 0; i < 700; i++)
        assert_ok(send_frame(session, &last));
    trio_connect();
    trio_settle();
    trio.confirm = false;
    ck_assert_uint_ge(send_all(session, &last), 512);
    trio_take_over();
    trio_settle();
    assert_ok(send_frame(first_session(trio.near), &next));
    ck_assert_uint_lt((uint16_t)(next - last - 1), 1024);
}
END_TEST

static int hear_frame(struct l2tpha_session *session, uint16_t number)
{
    const struct l2tpha_path from = {.remote = {.len = 1, .bytes = {2}}};
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct l2tpha_header header = {.has_length = true, .has_sequence = true, .version = 2};
    uint8_t datagram[L2TPHA_DATA_HEADER_MAX + 4] = {0};
    struct l2tpha_frame frame;
    size_t len;

    l2tpha_session_get(session, &record);
    header.tunnel_id = record.tunnel_id;
    header.session_id = record.local_id;
    header.length = 16;
    header.ns = number;
    assert_ok(l2tpha_header_encode(&header, datagram, sizeof(datagram), &len));
    return l2tpha_data_receive(trio.near, &from, datagram, 16, trio.now, &frame);
}

/* RFC 2661 5.4: the LAC begins to number when the LNS does. */
START_TEST(who_begins_to_number_waits_for_the_standby_once)
{
    const struct l2tpha_path *path = NULL;
    uint8_t datagram[L2TPHA_DATA_HEADER_MAX + 4] = {0};
    uint16_t next = 1;
    size_t len;

    trio_begin(true);
    struct l2tpha_session *session = trio_dial(trio_tunnel(trio.near));
    trio_settle();
    assert_ok(l2tpha_data_send(session, 4, false, datagram, &len, &path, trio.now));
    assert_ok(hear_frame(session, 0));
    assert_error(send_frame(session, &next), L2TPHA_ERR_UNCONFIRMED);
    trio_settle();
    assert_ok(send_frame(session, &next));
    ck_assert_uint_eq(next, 0);
}
END_TEST

/* What the standby is not told of each frame is no difference for an audit; it takes up again what
 * the record had, and a frame of the peer's that goes on is in its turn. */
START_TEST(frames_that_come_make_no_difference_to_an_audit)
{
    trio_begin(true);
    struct l2tpha_session *session = numbered_call();
    trio_pass_ms(150); /* an acknowledgement without a message is told late */
    uint64_t checkpoints = l2tpha_checkpoint_last(trio.near);
    for (uint16_t number = 0; number < 100; number++) {
        assert_ok(hear_frame(session, number));
        trio_settle();
        ck_assert_uint_eq(l2tpha_checkpoint_digest(trio.near),
                          l2tpha_checkpoint_digest(trio.standby));
    }
    ck_assert_uint_eq(l2tpha_checkpoint_last(trio.near), checkpoints);
    assert_ok(l2tpha_session_set_app_state(session, (const uint8_t *)"x", 1, trio.now));
    ck_assert_uint_ne(l2tpha_checkpoint_digest(trio.near), l2tpha_checkpoint_digest(trio.standby));
    trio_settle();
    ck_assert_uint_eq(l2tpha_checkpoint_digest(trio.near), l2tpha_checkpoint_digest(trio.standby));
    trio_take_over();
    trio_settle();
    assert_ok(hear_frame(first_session(trio.near), 100));
}
END_TEST

Suite *suite_lease(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("lease", &tcase);

    tcase_add_test(tcase, no_number_leaves_before_the_standby_knows_it);
    tcase_add_loop_test(tcase, a_takeover_uses_no_number_again, 0, 8);
    tcase_add_loop_test(tcase, a_node_without_a_standby_waits_for_nothing, 0, 2);
    tcase_add_test(tcase, numbers_of_a_copy_are_known_at_its_end);
    tcase_add_test(tcase, who_begins_to_number_waits_for_the_standby_once);
    tcase_add_test(tcase, frames_that_come_make_no_difference_to_an_audit);
    return suite;
}
