/* SPDX-License-Identifier: MIT */
/* Tunnel authentication: known answers computed elsewhere, then whole handshakes. */
#include "control/auth.h"
#include "crypto/crypto.h"
#include "fixture.h"
#include "sim/rawpeer.h"

#include <string.h>

static struct rawpeer peer;

static void setup(void)
{
    fixture_setup();
    peer = (struct rawpeer){.secret = "secret"};
    raw_new(&peer, NULL);
}

static void teardown(void)
{
    raw_free(&peer);
    fixture_teardown();
}

static const uint8_t counting[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* MD5(type, "secret", 00 01 .. 0f) */
static const uint8_t answer_sccrp[16] = {0xdd, 0x41, 0x86, 0xe2, 0x19, 0x6f, 0x00, 0x12,
                                         0x4a, 0x9d, 0x58, 0x8f, 0x02, 0x70, 0x12, 0x59};
static const uint8_t answer_scccn[16] = {0x8f, 0x3c, 0x2f, 0xa6, 0xfc, 0xfe, 0xa7, 0x22,
                                         0x15, 0xae, 0x83, 0xea, 0x89, 0xec, 0x2b, 0x77};

static void respond(uint16_t type, const struct l2tpha_bytes *challenge, const char *secret,
                    uint8_t response[16])
{
    const struct l2tpha_crypto *crypto = tests_crypto();
    const uint8_t id = (uint8_t)type;
    const struct l2tpha_bytes parts[] = {
        {&id, 1}, {(const uint8_t *)secret, strlen(secret)}, *challenge};

    assert_ok(crypto->md5(crypto->user, parts, 3, response));
}

/* The node is asked with a challenge that is known; ours goes back with it. */
static const struct l2tpha_message *ask_node(void)
{
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    l2tpha_builder_put_bytes(&peer.builder, L2TPHA_AVP_CHALLENGE, counting, sizeof(counting));
    assert_ok(raw_send(&peer));
    return raw_expect(&peer, L2TPHA_MESSAGE_SCCRP);
}

START_TEST(sccrp_has_the_known_answer)
{
    struct l2tpha_bytes response, challenge;
    const struct l2tpha_message *sccrp = ask_node();

    ck_assert(l2tpha_message_bytes(sccrp, L2TPHA_AVP_CHALLENGE_RESPONSE, &response));
    ck_assert_uint_eq(response.len, 16);
    ck_assert_mem_eq(response.data, answer_sccrp, 16);
    ck_assert(l2tpha_message_bytes(sccrp, L2TPHA_AVP_CHALLENGE, &challenge));
    ck_assert_uint_eq(challenge.len, AUTH_CHALLENGE_SIZE);
}
END_TEST

START_TEST(scccn_has_the_known_answer)
{
    struct l2tpha_bytes challenge, response;
    uint8_t mine[16];

    raw_open(&peer);
    ck_assert(l2tpha_message_bytes(&peer.message, L2TPHA_AVP_CHALLENGE, &challenge));
    respond(L2TPHA_MESSAGE_SCCRP, &challenge, "secret", mine);
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    l2tpha_builder_put_bytes(&peer.builder, L2TPHA_AVP_CHALLENGE_RESPONSE, mine, sizeof(mine));
    l2tpha_builder_put_bytes(&peer.builder, L2TPHA_AVP_CHALLENGE, counting, sizeof(counting));
    assert_ok(raw_send(&peer));
    ck_assert(l2tpha_message_bytes(raw_expect(&peer, L2TPHA_MESSAGE_SCCCN),
                                   L2TPHA_AVP_CHALLENGE_RESPONSE, &response));
    ck_assert_mem_eq(response.data, answer_scccn, 16);
    struct l2tpha_tunnel_record record;
    l2tpha_tunnel_get(l2tpha_tunnel_next(peer.node, NULL), &record);
    ck_assert(record.flags & L2TPHA_TUNNEL_AUTHENTICATED);
    ck_assert_uint_eq(record.challenge.len, 0);
    ck_assert_uint_eq(record.state, L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

enum { RIGHT, WRONG_SECRET, MISSING, REFLECTED, ONE_BIT, SCCCN_KINDS };

START_TEST(scccn_is_checked)
{
    struct l2tpha_bytes challenge, reply;
    uint8_t response[16];
    const struct l2tpha_message *sccrp = ask_node();

    ck_assert(l2tpha_message_bytes(sccrp, L2TPHA_AVP_CHALLENGE, &challenge));
    ck_assert(l2tpha_message_bytes(sccrp, L2TPHA_AVP_CHALLENGE_RESPONSE, &reply));
    respond(L2TPHA_MESSAGE_SCCCN, &challenge, _i == WRONG_SECRET ? "sEcret" : "secret", response);
    if (_i == REFLECTED) /* the response of an SCCRP does not do in an SCCCN */
        respond(L2TPHA_MESSAGE_SCCRP, &challenge, "secret", response);
    if (_i == ONE_BIT)
        response[15] ^= 1;
    raw_begin(&peer, L2TPHA_MESSAGE_SCCCN, 0);
    if (_i != MISSING)
        l2tpha_builder_put_bytes(&peer.builder, L2TPHA_AVP_CHALLENGE_RESPONSE, response, 16);
    assert_error(raw_send(&peer), _i == RIGHT ? L2TPHA_OK : L2TPHA_ERR_AUTH);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_UP), _i == RIGHT);
    ck_assert_uint_eq(raw_counters(&peer)->auth_failed, _i != RIGHT);
    if (_i == RIGHT)
        return;
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 4, 0);
    ck_assert_uint_eq(peer.event_count, 0);
}
END_TEST

START_TEST(sccrp_is_checked)
{
    struct l2tpha_bytes challenge;
    uint8_t response[16];

    raw_open(&peer);
    ck_assert(l2tpha_message_bytes(&peer.message, L2TPHA_AVP_CHALLENGE, &challenge));
    respond(_i == REFLECTED ? L2TPHA_MESSAGE_SCCCN : L2TPHA_MESSAGE_SCCRP, &challenge,
            _i == WRONG_SECRET ? "secre" : "secret", response);
    if (_i == ONE_BIT)
        response[0] ^= 0x80;
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    if (_i != MISSING)
        l2tpha_builder_put_bytes(&peer.builder, L2TPHA_AVP_CHALLENGE_RESPONSE, response, 16);
    assert_error(raw_send(&peer), _i == RIGHT ? L2TPHA_OK : L2TPHA_ERR_AUTH);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_SCCCN), _i == RIGHT);
    if (_i == RIGHT)
        return;
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 4, 0);
    ck_assert_int_eq(raw_event(&peer, L2TPHA_EVENT_TUNNEL_DOWN)->status, L2TPHA_ERR_AUTH);
}
END_TEST

START_TEST(challenges_differ)
{
    struct l2tpha_bytes challenge;
    uint8_t first[16];

    ck_assert(l2tpha_message_bytes(ask_node(), L2TPHA_AVP_CHALLENGE, &challenge));
    memcpy(first, challenge.data, sizeof(first));
    raw_forget(&peer);
    peer.id++;
    peer.ns = peer.nr = 0;
    ck_assert(l2tpha_message_bytes(ask_node(), L2TPHA_AVP_CHALLENGE, &challenge));
    ck_assert_mem_ne(first, challenge.data, sizeof(first));
}
END_TEST

START_TEST(secret_of_no_peer_means_no_challenge)
{
    peer.secret = NULL;
    raw_open(&peer);
    ck_assert(!l2tpha_message_has(&peer.message, L2TPHA_AVP_CHALLENGE));
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    l2tpha_builder_put_bytes(&peer.builder, L2TPHA_AVP_CHALLENGE, counting, sizeof(counting));
    assert_error(raw_send(&peer), L2TPHA_ERR_AUTH);
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 4, 0);
}
END_TEST

static void hide(struct l2tpha_config *config)
{
    config->hide_avps = true;
}

/* Everything that may be hidden is, and both ends still understand each other. */
START_TEST(hidden_avps_go_both_ways)
{
    static const uint8_t vector[16] = {1, 2, 3};
    uint8_t scratch[2048], response[16], copy[1024];
    struct l2tpha_decode_fault fault = {0};
    struct l2tpha_bytes challenge;
    struct l2tpha_hiding hiding = {tests_crypto(), (const uint8_t *)"secret", 6};

    raw_free(&peer);
    raw_new(&peer, hide);
    raw_begin(&peer, L2TPHA_MESSAGE_SCCRQ, 0);
    l2tpha_builder_hide(&peer.builder, &hiding, vector, sizeof(vector));
    l2tpha_builder_put_u8pair(&peer.builder, L2TPHA_AVP_PROTOCOL_VERSION, 1, 0);
    l2tpha_builder_put_bytes(&peer.builder, L2TPHA_AVP_HOST_NAME, "peer", 4);
    l2tpha_builder_put_u32(&peer.builder, L2TPHA_AVP_FRAMING_CAPABILITIES, 1);
    l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, peer.id);
    assert_ok(raw_send(&peer));
    const struct l2tpha_message *sccrp = raw_expect(&peer, L2TPHA_MESSAGE_SCCRP);
    ck_assert_uint_eq(sccrp->header.tunnel_id, RAW_ID);
    ck_assert_uint_eq(sccrp->hidden, 3); /* framing, tunnel id, challenge */
    ck_assert(!l2tpha_message_has(sccrp, L2TPHA_AVP_CHALLENGE));
    assert_ok(l2tpha_message_unhide(&peer.message, &hiding, scratch, sizeof(scratch), &fault));
    ck_assert(l2tpha_message_bytes(sccrp, L2TPHA_AVP_CHALLENGE, &challenge));
    ck_assert_uint_le(challenge.len, sizeof(copy));
    respond(L2TPHA_MESSAGE_SCCCN, &challenge, "secret", response);
    uint16_t id;
    ck_assert(l2tpha_message_u16(sccrp, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &id));
    peer.node_id = id;
    raw_begin(&peer, L2TPHA_MESSAGE_SCCCN, 0);
    l2tpha_builder_hide(&peer.builder, &hiding, vector, sizeof(vector));
    l2tpha_builder_put_bytes(&peer.builder, L2TPHA_AVP_CHALLENGE_RESPONSE, response, 16);
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_UP), 1);
}
END_TEST

START_TEST(hidden_with_another_secret_is_refused)
{
    static const uint8_t vector[16] = {1, 2, 3};
    struct l2tpha_hiding hiding = {tests_crypto(), (const uint8_t *)"other", 5};

    raw_begin(&peer, L2TPHA_MESSAGE_SCCRQ, 0);
    l2tpha_builder_put_u8pair(&peer.builder, L2TPHA_AVP_PROTOCOL_VERSION, 1, 0);
    l2tpha_builder_put_bytes(&peer.builder, L2TPHA_AVP_HOST_NAME, "peer", 4);
    l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, peer.id);
    l2tpha_builder_hide(&peer.builder, &hiding, vector, sizeof(vector));
    l2tpha_builder_put_u32(&peer.builder, L2TPHA_AVP_FRAMING_CAPABILITIES, 1);
    assert_error(raw_send(&peer), L2TPHA_ERR_REFUSED);
    raw_expect(&peer, L2TPHA_MESSAGE_STOPCCN);
}
END_TEST

Suite *suite_auth(void);
Suite *suite_auth(void)
{
    Suite *suite = suite_create("auth");
    TCase *tcase = tcase_create("auth");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, sccrp_has_the_known_answer);
    tcase_add_test(tcase, scccn_has_the_known_answer);
    tcase_add_loop_test(tcase, scccn_is_checked, 0, SCCCN_KINDS);
    tcase_add_loop_test(tcase, sccrp_is_checked, 0, SCCCN_KINDS);
    tcase_add_test(tcase, challenges_differ);
    tcase_add_test(tcase, secret_of_no_peer_means_no_challenge);
    tcase_add_test(tcase, hidden_avps_go_both_ways);
    tcase_add_test(tcase, hidden_with_another_secret_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
