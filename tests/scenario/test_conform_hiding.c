/* SPDX-License-Identifier: MIT */
/* Hiding of AVPs between a node and its peer: RFC 2661 4.3. The peer hides and unhides with MD5
 * alone; the algorithm's known answers are tested with the codec. */
#include "crypto/crypto.h"
#include "scenario/rig.h"

static const char secret[] = "our secret";
static struct peer peer;

static void md5(const struct l2tpha_bytes *parts, size_t count, uint8_t digest[16])
{
    const struct l2tpha_crypto *crypto = tests_crypto();

    assert_ok(crypto->md5(crypto->user, parts, count, digest));
}

/* The subformat XORed block by block; the ciphertext of one is the vector of the next. */
static void cipher(uint16_t type, const uint8_t *vector, size_t vector_len, uint8_t *data,
                   size_t len, bool hide)
{
    const struct l2tpha_bytes shared = {(const uint8_t *)secret, sizeof(secret) - 1};
    const uint8_t attribute[] = {(uint8_t)(type >> 8), (uint8_t)type};
    const struct l2tpha_bytes first[] = {{attribute, 2}, shared, {vector, vector_len}};
    uint8_t pad[16], before[16];

    md5(first, 3, pad);
    for (size_t at = 0; at < len; at += 16) {
        size_t block = len - at < 16 ? len - at : 16;
        memcpy(before, data + at, block);
        for (size_t i = 0; i < block; i++)
            data[at + i] ^= pad[i];
        const struct l2tpha_bytes next[] = {shared, {hide ? data + at : before, 16}};
        if (at + 16 < len)
            md5(next, 2, pad);
    }
}

static const uint8_t vector[16] = "0123456789abcdef";

/* A value hidden with some octets of padding; returns its length. */
static size_t hidden(uint8_t *out, uint16_t type, const void *value, size_t len, size_t claimed,
                     size_t padding)
{
    out[0] = (uint8_t)(claimed >> 8);
    out[1] = (uint8_t)claimed;
    memcpy(out + 2, value, len);
    memset(out + 2 + len, 0xaa, padding);
    cipher(type, vector, sizeof(vector), out, 2 + len + padding, true);
    return 2 + len + padding;
}

#define RANDOM_VECTOR AVP_OCTETS(WIRE_M, 36, vector, sizeof(vector))

START_TEST(what_the_node_hides_the_peer_recovers)
{
    uint8_t clear[64];
    unsigned hidden_count = 0;
    const uint8_t *random = NULL;

    rig.config.hide_avps = true;
    rig.secret = secret;
    peer_begins(&peer, 1);
    assert_ok(say_valid(&peer, SCCRQ));
    const struct heard *sccrp = expect(&peer, SCCRP);
    for (size_t at = L2TPHA_CONTROL_HEADER; at < sccrp->len;) {
        const uint8_t *avp = sccrp->data + at;
        size_t len = (size_t)((avp[0] & 3) << 8 | avp[1]);
        uint16_t type = (uint16_t)(avp[4] << 8 | avp[5]);
        if (type == 36) {
            ck_assert_uint_eq(avp[0] & 0xc0, 0x80); /* M, and not hidden itself */
            ck_assert_uint_ge(len, 22);
            random = avp + 6;
        }
        if (avp[0] & 0x40) {
            ck_assert_ptr_nonnull(random);
            hidden_count++;
            memcpy(clear, avp + 6, len - 6);
            cipher(type, random, 16, clear, len - 6, false);
            ck_assert_uint_eq(clear[0] << 8 | clear[1], len - 8);
            if (type == 9)
                ck_assert_uint_eq(clear[2] << 8 | clear[3], peer.node_id);
            if (type == 3)
                ck_assert_mem_eq(clear + 2, "\0\0\0\3", 4);
        }
        at += len;
    }
    ck_assert_uint_ge(hidden_count, 3); /* Framing, id, Challenge */
}
END_TEST

START_TEST(each_message_has_a_vector_of_its_own)
{
    uint8_t first[16];
    struct l2tpha_bytes random;
    struct peer second;

    rig.config.hide_avps = true;
    rig.secret = secret;
    peer_begins(&peer, 1);
    assert_ok(say_valid(&peer, SCCRQ));
    ck_assert(l2tpha_message_bytes(&expect(&peer, SCCRP)->message, 36, &random));
    memcpy(first, random.data, 16);
    peer_begins(&second, 2);
    assert_ok(say_valid(&second, SCCRQ));
    ck_assert(l2tpha_message_bytes(&expect(&second, SCCRP)->message, 36, &random));
    ck_assert_mem_ne(first, random.data, 16);
}
END_TEST

START_TEST(without_a_secret_nothing_is_hidden)
{
    struct l2tpha_host host = {.size = sizeof(host)};
    struct l2tpha_node *node;

    rig.config.hide_avps = true;
    peer_begins(&peer, 1);
    assert_ok(say_valid(&peer, SCCRQ));
    const struct heard *sccrp = expect(&peer, SCCRP);
    ck_assert(!heard_has(sccrp, 36));
    for (size_t at = L2TPHA_CONTROL_HEADER; at < sccrp->len;) {
        ck_assert_uint_eq(sccrp->data[at] & 0x40, 0);
        at += (size_t)((sccrp->data[at] & 3) << 8 | sccrp->data[at + 1]);
    }
    rig.config.crypto = NULL;
    assert_error(l2tpha_node_new(root, &rig.config, &host, 0, &node), L2TPHA_ERR_INVALID);
}
END_TEST

static int ask_hidden(size_t padding, size_t claimed, bool with_vector, unsigned flags)
{
    uint8_t id[64];
    const uint8_t value[] = {(uint8_t)(peer.id >> 8), (uint8_t)peer.id};
    struct says sccrq = valid(&peer, SCCRQ);

    size_t len = hidden(id, 9, value, 2, claimed, padding);
    leave_out(&sccrq, 9);
    if (with_vector)
        add(&sccrq, RANDOM_VECTOR);
    add(&sccrq, AVP_OCTETS(flags | WIRE_H, 9, id, len));
    return say(&peer, &sccrq);
}

START_TEST(what_the_peer_hides_the_node_recovers)
{
    rig.secret = secret;
    peer_begins(&peer, 1);
    assert_ok(ask_hidden((size_t)_i, 2, true, WIRE_M));
    ck_assert_uint_eq(expect(&peer, SCCRP)->message.header.tunnel_id, peer.id);
}
END_TEST

START_TEST(a_response_is_over_the_challenge_without_its_padding)
{
    uint8_t challenge[64], digest[16];
    const uint8_t id = 2;
    struct l2tpha_bytes response;
    struct says sccrq;

    rig.secret = secret;
    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    size_t len = hidden(challenge, 11, "challenge", 9, 9, 12);
    add(&sccrq, RANDOM_VECTOR);
    add(&sccrq, AVP_OCTETS(WIRE_M | WIRE_H, 11, challenge, len));
    assert_ok(say(&peer, &sccrq));
    const struct l2tpha_bytes parts[] = {
        {&id, 1}, {(const uint8_t *)secret, sizeof(secret) - 1}, {(const uint8_t *)"challenge", 9}};
    md5(parts, 3, digest);
    ck_assert(l2tpha_message_bytes(&expect(&peer, SCCRP)->message, 13, &response));
    ck_assert_mem_eq(response.data, digest, 16);
}
END_TEST

/* Length beyond the octets, no vector, no secret: all of them by the M bit. */
START_TEST(what_cannot_be_deciphered_follows_the_m_bit)
{
    rig.secret = _i == 2 ? NULL : secret;
    peer_begins(&peer, 1);
    ck_assert_int_lt(ask_hidden(0, _i == 0 ? 3 : 2, _i != 1, WIRE_M), 0);
    expect(&peer, STOPCCN);
    ck_assert_uint_eq(rig_counters()->bad_avp, 1);
}
END_TEST

/* The secret is looked up by the name, which is what is missing. */
START_TEST(hidden_avps_without_a_host_name_are_refused)
{
    uint8_t vendor[64];
    struct says sccrq;

    rig.secret = secret;
    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    leave_out(&sccrq, 7);
    size_t len = hidden(vendor, 8, "vendor", 6, 6, 0);
    add(&sccrq, RANDOM_VECTOR);
    add(&sccrq, AVP_OCTETS(WIRE_H, 8, vendor, len));
    ck_assert_int_lt(say(&peer, &sccrq), 0);
    expect_stopccn(&peer, 2, 6);
}
END_TEST

START_TEST(an_optional_avp_that_cannot_be_deciphered_is_ignored)
{
    uint8_t vendor[64];
    struct says sccrq;

    rig.secret = secret;
    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    size_t len = hidden(vendor, 8, "vendor", 6, _i == 0 ? 7 : 6, 0);
    if (_i != 1)
        add(&sccrq, RANDOM_VECTOR);
    add(&sccrq, AVP_OCTETS(WIRE_H, 8, vendor, len));
    assert_ok(say(&peer, &sccrq));
    expect(&peer, SCCRP);
    ck_assert_uint_eq(rig_counters()->ignored_avp, 1);
}
END_TEST

START_TEST(a_cleartext_password_is_hidden)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;
    struct says scccn;
    uint8_t digest[16];
    const uint8_t id = 3;
    struct l2tpha_bytes challenge;
    bool seen = false;

    rig.config.hide_avps = true;
    rig.secret = secret;
    peer_begins(&peer, 1);
    assert_ok(say_valid(&peer, SCCRQ));
    ck_assert(l2tpha_message_bytes(&expect(&peer, SCCRP)->message, 11, &challenge));
    const struct l2tpha_bytes parts[] = {
        {&id, 1}, {(const uint8_t *)secret, sizeof(secret) - 1}, challenge};
    md5(parts, 3, digest);
    scccn = valid(&peer, SCCCN);
    add(&scccn, AVP_OCTETS(WIRE_M, 13, digest, 16));
    assert_ok(say(&peer, &scccn));
    expect_zlb(&peer);
    options.proxy_authen_type = 3; /* PAP */
    options.proxy_authen_name = (struct l2tpha_bytes){(const uint8_t *)"user", 4};
    options.proxy_authen_response = (struct l2tpha_bytes){(const uint8_t *)"password", 8};
    assert_ok(host_session_open(tunnel_of_peer(&peer), &options, rig.now, &session));
    uint16_t call = heard_u16(expect(&peer, ICRQ), 14);
    assert_ok(say_valid_for(&peer, ICRP, call));
    const struct heard *iccn = expect(&peer, ICCN);
    for (size_t at = L2TPHA_CONTROL_HEADER; at < iccn->len;) {
        if (iccn->data[at + 5] == 33) {
            seen = true;
            ck_assert_uint_eq(iccn->data[at] & 0x40, 0x40);
        }
        at += (size_t)((iccn->data[at] & 3) << 8 | iccn->data[at + 1]);
    }
    ck_assert(seen);
}
END_TEST

Suite *suite_conform_hiding(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("conform_hiding", &tcase);

    tcase_add_test(tcase, what_the_node_hides_the_peer_recovers);
    tcase_add_test(tcase, each_message_has_a_vector_of_its_own);
    tcase_add_test(tcase, without_a_secret_nothing_is_hidden);
    tcase_add_loop_test(tcase, what_the_peer_hides_the_node_recovers, 0, 40);
    tcase_add_test(tcase, a_response_is_over_the_challenge_without_its_padding);
    tcase_add_loop_test(tcase, what_cannot_be_deciphered_follows_the_m_bit, 0, 3);
    tcase_add_test(tcase, hidden_avps_without_a_host_name_are_refused);
    tcase_add_loop_test(tcase, an_optional_avp_that_cannot_be_deciphered_is_ignored, 0, 2);
    tcase_add_test(tcase, a_cleartext_password_is_hidden);
    return suite;
}
