/* SPDX-License-Identifier: MIT */
/* The engine's side of a takeover: whatever a tunnel or a call was doing, the standby goes on with
 * it. */
#include "engine/native.h"
#include "fixture.h"
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
    uint8_t header[16] = {0};
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
    peer.now += 40000000;
    l2tpha_expire(peer.node, peer.now);
    ck_assert_ptr_null(only());
    protect();
    l2tpha_redundancy_get(peer.standby, &info);
    ck_assert_uint_eq(info.tunnels, 0);
    ck_assert_uint_eq(l2tpha_checkpoint_digest(peer.node), l2tpha_checkpoint_digest(peer.standby));
}
END_TEST

START_TEST(binding_knows_what_is_there)
{
    struct engine engine = {0};
    struct l2tpha_binding binding;

    native_binding(&engine, &binding);
    ck_assert_uint_eq(binding.size, sizeof(binding));
    ck_assert_ptr_eq(binding.user, &engine);
}
END_TEST

Suite *suite_native(void);
Suite *suite_native(void)
{
    Suite *suite = suite_create("native");
    TCase *tcase = tcase_create("native");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, established_tunnel_is_confirmed_by_hello);
    tcase_add_test(tcase, peer_that_is_gone_ends_the_takeover);
    tcase_add_test(tcase, setup_goes_on_as_initiator);
    tcase_add_test(tcase, setup_goes_on_as_responder);
    tcase_add_loop_test(tcase, call_goes_on, 0, 2);
    tcase_add_test(tcase, stopping_goes_on);
    tcase_add_test(tcase, data_numbers_are_never_used_twice);
    tcase_add_test(tcase, copy_has_no_dead_tunnels);
    tcase_add_test(tcase, binding_knows_what_is_there);
    suite_add_tcase(suite, tcase);
    return suite;
}
