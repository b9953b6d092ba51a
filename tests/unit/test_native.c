/* SPDX-License-Identifier: MIT */
/* The engine's side of a takeover: whatever a tunnel or a call was doing, the standby goes on with
 * it. */
#include "control/transaction.h"
#include "control/tunnel_send.h"
#include "engine/machine.h"
#include "engine/tunnel_fsm.h"
#include "fixture.h"
#include "info.h"
#include "node/node.h"
#include "sim/rawpeer.h"

#include <string.h>

static struct rawpeer peer;

static void protect(void)
{
    raw_protect(&peer, NULL);
}

static void setup(void)
{
    fixture_setup();
    peer = (struct rawpeer){.may_call = true, .secret = NULL};
    raw_new(&peer, NULL);
    protect();
}

static void teardown(void)
{
    raw_free(&peer);
    fixture_teardown();
}

static const struct l2tpha_session_options incoming = {.size = sizeof(incoming),
                                                       .call = L2TPHA_CALL_INCOMING,
                                                       .framing = 1,
                                                       .tx_speed = 64000,
                                                       .called = {(const uint8_t *)"42", 2}};

static struct l2tpha_tunnel *only(void)
{
    return l2tpha_tunnel_next(peer.node, NULL);
}

static uint8_t state(void)
{
    struct l2tpha_tunnel_record record;

    l2tpha_tunnel_get(only(), &record);
    return record.state;
}

START_TEST(established_tunnel_is_confirmed_by_hello)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    raw_accept(&peer);
    raw_take_over(&peer);
    raw_expect(&peer, L2TPHA_MESSAGE_HELLO);
    ck_assert_uint_eq(peer.message.header.nr, peer.ns);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESTORED), 1);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESYNCED), 0);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TAKEOVER_DONE), 0);
    l2tpha_redundancy_get(peer.node, &info);
    ck_assert_uint_eq(info.resyncing, 1);
    assert_ok(raw_ack(&peer));
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESYNCED), 1);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TAKEOVER_DONE), 1);
    l2tpha_redundancy_get(peer.node, &info);
    ck_assert_uint_eq(info.resyncing, 0);
    ck_assert_uint_eq(info.resynced, 1);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_UP), 0);
}
END_TEST

START_TEST(peer_that_is_gone_ends_the_takeover)
{
    raw_accept(&peer);
    raw_take_over(&peer);
    raw_pass(&peer, 60000);
    ck_assert_int_eq(raw_event(&peer, L2TPHA_EVENT_TUNNEL_DOWN)->status, L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TAKEOVER_DONE), 1);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_GONE), 1);
}
END_TEST

START_TEST(setup_goes_on_as_initiator)
{
    struct l2tpha_session *session;

    raw_open(&peer);
    assert_ok(l2tpha_session_open(only(), &incoming, peer.now, &session));
    raw_drain(&peer);
    peer.nr = 0;
    raw_take_over(&peer);
    ck_assert_uint_eq(state(), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    raw_expect(&peer, L2TPHA_MESSAGE_SCCRQ);
    raw_forget(&peer);
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    assert_ok(raw_send(&peer));
    raw_expect(&peer, L2TPHA_MESSAGE_SCCCN);
    raw_ack(&peer);
    raw_expect(&peer, L2TPHA_MESSAGE_ICRQ); /* the call that was waiting, as it was asked for */
    ck_assert(l2tpha_message_has(&peer.message, L2TPHA_AVP_CALLED_NUMBER));
    uint16_t id;
    ck_assert(l2tpha_message_u16(&peer.message, L2TPHA_AVP_ASSIGNED_SESSION_ID, &id));
    raw_begin_reply(&peer, L2TPHA_MESSAGE_ICRP, id);
    assert_ok(raw_send(&peer));
    raw_expect(&peer, L2TPHA_MESSAGE_ICCN);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSION_UP), 1);
}
END_TEST

START_TEST(setup_goes_on_as_responder)
{
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    assert_ok(raw_send(&peer));
    raw_take_over(&peer);
    raw_expect(&peer, L2TPHA_MESSAGE_SCCRP);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESTORED), 0);
    raw_begin(&peer, L2TPHA_MESSAGE_SCCCN, 0);
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_UP), 1);
    ck_assert_uint_eq(state(), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

/* 0: between ICRQ and ICRP; 1: up */
START_TEST(call_goes_on)
{
    struct l2tpha_session *session;

    raw_accept(&peer);
    assert_ok(l2tpha_session_open(only(), &incoming, peer.now, &session));
    raw_drain(&peer);
    uint32_t id = l2tpha_session_id(session);
    if (_i == 1) {
        raw_begin_reply(&peer, L2TPHA_MESSAGE_ICRP, id);
        assert_ok(raw_send(&peer));
    }
    raw_ack(&peer);
    raw_take_over(&peer);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESTORED), 1);
    ck_assert_uint_eq(l2tpha_session_id(l2tpha_session_next(only(), NULL)), id);
    if (_i == 0) {
        raw_begin_reply(&peer, L2TPHA_MESSAGE_ICRP, id);
        assert_ok(raw_send(&peer));
        raw_ack(&peer);
        raw_expect(&peer, L2TPHA_MESSAGE_ICCN);
        ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSION_UP), 1);
    }
    session = l2tpha_session_next(only(), NULL);
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    assert_ok(l2tpha_session_close(session, &why, peer.now));
    raw_ack(&peer);
    raw_expect(&peer, L2TPHA_MESSAGE_CDN);
    ck_assert_uint_eq(peer.message.header.session_id, RAW_SESSION);
}
END_TEST

START_TEST(stopping_goes_on)
{
    struct l2tpha_tunnel *tunnel = raw_accept(&peer);

    assert_ok(l2tpha_tunnel_close(tunnel, 1, 0, NULL, peer.now));
    raw_drain(&peer);
    uint16_t nr = peer.nr;
    raw_take_over(&peer);
    raw_expect(&peer, L2TPHA_MESSAGE_STOPCCN);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_DOWN), 0);
    peer.nr = nr;
    raw_ack(&peer);
    ck_assert_ptr_null(only());
}
END_TEST

START_TEST(data_numbers_are_never_used_twice)
{
    struct l2tpha_session_options options = incoming;
    const struct l2tpha_path *path;
    struct l2tpha_header decoded;
    struct l2tpha_session *session;
    uint8_t header[L2TPHA_DATA_HEADER_MAX] = {0};
    uint16_t last = 0;
    size_t len;

    options.sequencing_required = true;
    raw_accept(&peer);
    assert_ok(l2tpha_session_open(only(), &options, peer.now, &session));
    raw_drain(&peer);
    raw_begin_reply(&peer, L2TPHA_MESSAGE_ICRP, l2tpha_session_id(session));
    assert_ok(raw_send(&peer));
    for (int i = 0; i < 5000; i++) {
        assert_ok(l2tpha_data_send(session, 0, false, header, &len, &path, peer.now));
        assert_ok(l2tpha_header_decode(header, len, &decoded));
        last = decoded.ns;
        raw_drain(&peer);
    }
    ck_assert_uint_eq(last, 4999);
    raw_take_over(&peer);
    session = l2tpha_session_next(only(), NULL);
    assert_ok(l2tpha_data_send(session, 0, false, header, &len, &path, peer.now));
    assert_ok(l2tpha_header_decode(header, len, &decoded));
    ck_assert_uint_gt(decoded.ns, last);
    ck_assert_uint_le(decoded.ns, last + 1024);
}
END_TEST

/* --- what the node gives out over all its tunnels --- */

static const struct l2tpha_node_record *own(void)
{
    return engine_record(&peer.node->engine);
}

/* Every id but 0 comes once before any comes twice, however often the node changes. */
START_TEST(tunnel_ids_go_on_where_they_were)
{
    static bool used[65536];
    static const uint32_t ends[] = {1, 2, 1000, 30000, 65535};
    uint32_t count = 0, first = 0;

    memset(used, 0, sizeof(used));
    for (size_t epoch = 0; epoch < sizeof(ends) / sizeof(ends[0]); epoch++) {
        for (; count < ends[epoch]; count++) {
            uint32_t id = raw_brief_tunnel(&peer);
            assert_true(id > 0 && id < 65536 && !used[id]);
            used[id] = true;
            if (count == 0)
                first = id;
        }
        raw_take_over(&peer);
        protect(); /* the next one learns it from a copy */
    }
    ck_assert_uint_eq(own()->tunnel_place, 0);
    ck_assert_uint_eq(raw_brief_tunnel(&peer), first);
}
END_TEST

/* An id still in use is passed over, and so is the place in the record. */
START_TEST(tunnel_ids_in_use_are_passed_over)
{
    struct l2tpha_tunnel *tunnel = raw_open(&peer);
    uint32_t id = l2tpha_tunnel_id(tunnel);

    ck_assert_uint_eq(own()->tunnel_place, 1);
    table_node(peer.node->engine.table)->record.tunnel_place = 0;
    ck_assert_uint_ne(raw_brief_tunnel(&peer), id);
    ck_assert_uint_eq(own()->tunnel_place, 2);
}
END_TEST

static uint32_t serial_of_next_call(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct l2tpha_session *session;

    assert_ok(l2tpha_session_open(tunnel, &incoming, peer.now, &session));
    l2tpha_session_get(session, &record);
    raw_drain(&peer);
    return record.serial;
}

/* RFC 2661 4.4.4: even those of calls that have come and gone. */
START_TEST(serial_numbers_go_on_where_they_were)
{
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};

    raw_accept(&peer);
    uint32_t serial = serial_of_next_call(only());
    for (int i = 0; i < 5; i++) {
        struct l2tpha_session *session;
        ck_assert_uint_eq(serial_of_next_call(only()), ++serial);
        while ((session = l2tpha_session_next(only(), NULL)))
            assert_ok(l2tpha_session_close(session, &why, peer.now));
        raw_ack(&peer);
        raw_take_over(&peer);
        protect();
        ck_assert_uint_eq(own()->call_serial, serial);
    }
    ck_assert_uint_eq(serial_of_next_call(only()), serial + 1);
}
END_TEST

/* Of what an active of an older release leaves, the new one makes a beginning of its own. */
START_TEST(standby_that_was_not_told_begins_by_itself)
{
    raw_accept(&peer);
    struct table *table = peer.standby->engine.table;
    uint8_t before[8];
    memcpy(before, own()->tunnel_key, sizeof(before));
    *table_node(table) = (struct node_entry){.record.size = sizeof(table_node(table)->record)};
    raw_take_over(&peer);
    ck_assert(node_is_set(table_node(table)));
    uint32_t serial = serial_of_next_call(only());
    ck_assert_mem_ne(own()->tunnel_key, before, sizeof(before));
    ck_assert_uint_eq(serial_of_next_call(only()), serial + 1);
    protect();
    ck_assert_uint_eq(l2tpha_checkpoint_digest(peer.node), l2tpha_checkpoint_digest(peer.standby));
    raw_take_over(&peer);
    ck_assert_uint_eq(own()->call_serial, serial + 1);
}
END_TEST

/* What a newer release has told of the node goes on, whatever this one gives out. */
START_TEST(fields_of_a_newer_release_go_on)
{
    static const uint8_t future[] = {0xc0, 0x3e, 0x05};

    raw_accept(&peer);
    struct l2tpha_node_record record = table_node(peer.standby->engine.table)->record;
    record.unknown = (struct l2tpha_bytes){future, sizeof(future)};
    assert_ok(table_node_load(peer.standby->engine.table, &record));
    raw_take_over(&peer);
    serial_of_next_call(only());
    raw_brief_tunnel(&peer);
    protect();
    serial_of_next_call(only());
    const struct l2tpha_bytes *kept = &table_node(peer.standby->engine.table)->record.unknown;
    ck_assert_uint_eq(kept->len, sizeof(future));
    ck_assert_mem_eq(kept->data, future, sizeof(future));
}
END_TEST

static void one_tunnel(struct l2tpha_config *config)
{
    config->max_tunnels = 1;
}

/* What comes to nothing takes no id: a flood of requests is not worth a checkpoint each. */
START_TEST(tunnel_that_finds_no_room_takes_no_id)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .path = peer.path};
    struct l2tpha_tunnel *tunnel;

    raw_free(&peer);
    raw_new(&peer, one_tunnel);
    raw_protect(&peer, one_tunnel);
    raw_open(&peer);
    uint64_t last = l2tpha_checkpoint_last(peer.node);
    for (int i = 0; i < 3; i++)
        assert_error(l2tpha_tunnel_open(peer.node, &options, peer.now, &tunnel), L2TPHA_ERR_LIMIT);
    ck_assert_uint_eq(own()->tunnel_place, 1);
    ck_assert_uint_eq(l2tpha_checkpoint_last(peer.node), last);
    raw_take_over(&peer);
}
END_TEST

/* The host has not polled the end of a tunnel yet when a standby is filled: it gets no ghost. */
START_TEST(copy_has_no_dead_tunnels)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    raw_free(&peer);
    raw_new(&peer, NULL);
    raw_accept(&peer);
    raw_begin(&peer, L2TPHA_MESSAGE_STOPCCN, 0);
    l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, RAW_ID);
    l2tpha_builder_put_result(&peer.builder, 1, 0, NULL);
    assert_ok(raw_send(&peer));
    peer.now = l2tpha_deadline(peer.node) + 40000000;
    l2tpha_expire(peer.node, peer.now); /* it was away: what came meanwhile is heard first */
    peer.now = l2tpha_deadline(peer.node);
    l2tpha_expire(peer.node, peer.now);
    ck_assert_ptr_null(only());
    protect();
    l2tpha_redundancy_get(peer.standby, &info);
    ck_assert_uint_eq(info.tunnels, 0);
    ck_assert_uint_eq(l2tpha_checkpoint_digest(peer.node), l2tpha_checkpoint_digest(peer.standby));
}
END_TEST

/* No checkpoint says so; if the table did all the same, nothing would be left of the calls. */
START_TEST(closing_tunnel_keeps_no_calls)
{
    raw_accept(&peer);
    raw_begin_request(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(info_of(peer.standby).sessions, 1);
    uint32_t place = 0;
    struct tunnel_entry *entry = table_tunnel_next(peer.standby->engine.table, &place);
    entry->record.state = _i ? L2TPHA_TUNNEL_STOPPED : L2TPHA_TUNNEL_STOPPING;
    raw_take_over(&peer);
    ck_assert_uint_eq(info_of(peer.node).sessions, 0);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSION_DOWN), 0);
    raw_pass(&peer, 120000);
    ck_assert_uint_eq(info_of(peer.node).tunnels, 0);
}
END_TEST

/* Likewise: recovery tunnels (3, 4) that are for each other, themselves, the same or no tunnel. */
static const struct {
    uint32_t recovers[2];
    uint8_t states[2];
    uint32_t kept;
} tangles[] = {
    {{0, 4}, {L2TPHA_TUNNEL_WAIT_CTL_CONN, L2TPHA_TUNNEL_WAIT_CTL_CONN}, 1},
    {{4, 3}, {L2TPHA_TUNNEL_WAIT_CTL_CONN, L2TPHA_TUNNEL_WAIT_CTL_CONN}, 0},
    {{3, 3}, {L2TPHA_TUNNEL_ESTABLISHED, L2TPHA_TUNNEL_WAIT_CTL_CONN}, 0},
    {{0, 3}, {L2TPHA_TUNNEL_ESTABLISHED, L2TPHA_TUNNEL_WAIT_CTL_CONN}, 1},
    {{0, 0}, {L2TPHA_TUNNEL_ESTABLISHED, L2TPHA_TUNNEL_WAIT_CTL_CONN}, 1},
    {{77, 78}, {L2TPHA_TUNNEL_ESTABLISHED, L2TPHA_TUNNEL_WAIT_CTL_CONN}, 0},
    {{77, 3}, {L2TPHA_TUNNEL_STOPPED, L2TPHA_TUNNEL_STOPPING}, 2},
};

START_TEST(recovery_tunnels_need_a_tunnel)
{
    uint32_t old = l2tpha_tunnel_id(raw_accept(&peer));
    struct table *table = peer.standby->engine.table;

    for (uint32_t i = 0; i < 2; i++) {
        int error;
        struct tunnel_entry *entry = table_tunnel_add(table, 3 + i, &error);
        ck_assert_ptr_nonnull(entry);
        struct l2tpha_tunnel_record record = entry->record;
        record.state = tangles[_i].states[i];
        record.recovers = tangles[_i].recovers[i] ? tangles[_i].recovers[i] : old;
        record.remote_window = 4;
        assert_ok(table_tunnel_load(table, entry, &record));
    }
    raw_take_over(&peer);
    ck_assert_uint_eq(table_tunnel_count(peer.node->engine.table), 1 + tangles[_i].kept);
    ck_assert_uint_eq(info_of(peer.node).tunnels, 1);
    raw_pass(&peer, 600000);
    ck_assert_uint_eq(table_tunnel_count(peer.node->engine.table), 0);
}
END_TEST

static int send_state(uint16_t type, const struct l2tpha_failover_session *state)
{
    struct l2tpha_builder builder;

    tunnel_build_states(only(), &builder, type);
    l2tpha_builder_put_session_state(&builder, state);
    return tunnel_send_states(only(), &builder);
}

/* RFC 4951 4: on an established tunnel alone. */
START_TEST(states_are_sent_on_an_established_tunnel)
{
    const struct l2tpha_failover_session entry = {.session_id = 1, .remote_session_id = 2};
    uint16_t type = _i ? L2TPHA_MESSAGE_FSR : L2TPHA_MESSAGE_FSQ;

    raw_open(&peer);
    assert_error(send_state(type, &entry), L2TPHA_ERR_STATE);
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    assert_ok(raw_send(&peer));
    assert_ok(send_state(type, &entry));
    assert_ok(raw_ack(&peer));
    raw_expect(&peer, type);
    assert_ok(l2tpha_tunnel_close(only(), 1, 0, NULL, peer.now));
    assert_error(send_state(type, &entry), L2TPHA_ERR_STATE);
}
END_TEST

Suite *suite_native(void);
Suite *suite_native(void)
{
    Suite *suite = suite_create("native");
    TCase *tcase = tcase_create("native");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, established_tunnel_is_confirmed_by_hello);
    tcase_add_test(tcase, peer_that_is_gone_ends_the_takeover);
    tcase_add_test(tcase, setup_goes_on_as_initiator);
    tcase_add_test(tcase, setup_goes_on_as_responder);
    tcase_add_loop_test(tcase, call_goes_on, 0, 2);
    tcase_add_test(tcase, stopping_goes_on);
    tcase_add_test(tcase, data_numbers_are_never_used_twice);
    tcase_add_test(tcase, tunnel_ids_go_on_where_they_were);
    tcase_add_test(tcase, tunnel_ids_in_use_are_passed_over);
    tcase_add_test(tcase, serial_numbers_go_on_where_they_were);
    tcase_add_test(tcase, standby_that_was_not_told_begins_by_itself);
    tcase_add_test(tcase, fields_of_a_newer_release_go_on);
    tcase_add_test(tcase, tunnel_that_finds_no_room_takes_no_id);
    tcase_add_test(tcase, copy_has_no_dead_tunnels);
    tcase_add_loop_test(tcase, closing_tunnel_keeps_no_calls, 0, 2);
    tcase_add_loop_test(tcase, recovery_tunnels_need_a_tunnel, 0,
                        sizeof(tangles) / sizeof(tangles[0]));
    tcase_add_loop_test(tcase, states_are_sent_on_an_established_tunnel, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
