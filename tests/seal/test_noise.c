/* SPDX-License-Identifier: MIT */
/* Both handshakes by the vectors that cacophony has published. */
#include "adapters.h"
#include "fixture.h"
#include "seal/noise.h"

#define PROLOGUE "4a6f686e2047616c74"
#define PSK "54686973206973206d7920417573747269616e20706572737065637469766521"
#define SECRET_CONNECTS "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a"
#define SECRET_ACCEPTS "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b"
#define MESSAGES 6

static const char *const payloads[MESSAGES] = {"4c756477696720766f6e204d69736573",
                                               "4d757272617920526f746862617264",
                                               "462e20412e20486179656b",
                                               "4361726c204d656e676572",
                                               "4a65616e2d426170746973746520536179",
                                               "457567656e2042f6686d20766f6e2042617765726b"};

static const struct {
    enum l2tpha_suite suite;
    const char *hash;
    const char *messages[MESSAGES];
} vectors[] = {
    {L2TPHA_SUITE_CHACHA,
     "f4d03dc34495c95729ea6de9e1b59004b59733102488b3e24bc441e0be208eaf",
     {"ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c794479b962b8aff8485742ac32f905ba"
      "45369e2465fb59e138a93d67a0d1266b6a54",
      "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843d6062704d5a9c422a8e834423f8c"
      "1feada7e8d0d910a1a2cd030fb584221e3",
      "e632c3763d7669067383433197a3baddf146e9e70ad4b4e9e59e0f",
      "64c6bee32ea91c8474bb4c21d7a700109ad45af77b29764ba5eb1e",
      "e2fa0bed0603b62d3ccac2ecabbf3fe33f3e86514909b323361626266cb2471cc8",
      "0c01dc9cec1fe4ddd692e8dd32188aa351088dc91183639a53b57aa4692b5ebdef8b8ca111"}},
    {L2TPHA_SUITE_AES,
     "9f3b1f9afd7767767b5b9d1069844a6154fdbdcc36dfb3e31c0fffc5c973d530",
     {"ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79447c37a89fc17813788d30df2d5950"
      "1d6066f5f8aecc3406bbd9829f2d24a531b1",
      "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088432f29d79368ef9de4e1ae7a362fb0"
      "5bf0ad668e026bf5714554497b3a720461",
      "7c01e898a6201f36aecee532e29cd0b7f8ffa29d3366ad0dce39a6",
      "a9ff535aace3db6a1da1a7fb00fe2de2622bb373abad9fb42c00e0",
      "6cfc49a3e65472edc2d0152abe5ce950170a8a47c959f30bd48b5f0aacf29adbfd",
      "9bc86e6d974ed21ba04604a94aa68de21677eb409ead070c0cd569b069ee19ba142aa4c1a9"}},
};

struct meeting {
    struct noise connects, accepts;
    struct cipher to_accepts[2], to_connects[2]; /* as written, as read */
};

static void begin(struct meeting *meeting, const struct l2tpha_crypto *crypto, int vector)
{
    uint8_t prologue_room[16], psk[L2TPHA_KEY_SIZE];
    const struct l2tpha_bytes prologue = {prologue_room, read_hex(PROLOGUE, prologue_room)};

    read_hex(PSK, psk);
    assert_ok(noise_begin(&meeting->connects, crypto, vectors[vector].suite, prologue, psk));
    assert_ok(noise_begin(&meeting->accepts, crypto, vectors[vector].suite, prologue, psk));
}

/* Message 0 or 1 there and back. */
static void shake(struct meeting *meeting, int vector, int number)
{
    uint8_t payload_room[64], message[128], secret[L2TPHA_KEY_SIZE];
    const struct l2tpha_bytes payload = {payload_room, read_hex(payloads[number], payload_room)};
    size_t len = payload.len + NOISE_OVERHEAD;

    read_hex(number == 0 ? SECRET_CONNECTS : SECRET_ACCEPTS, secret);
    if (number == 0)
        assert_ok(noise_write_first(&meeting->connects, secret, payload, message));
    else
        assert_ok(noise_write_second(&meeting->accepts, secret, payload, message));
    assert_octets(message, len, vectors[vector].messages[number]);
    if (number == 0)
        assert_ok(noise_read_first(&meeting->accepts, message, len));
    else
        assert_ok(noise_read_second(&meeting->connects, message, len));
    assert_octets(message + L2TPHA_KEY_SIZE, payload.len, payloads[number]);
}

static void transport(struct meeting *meeting, int vector, int number)
{
    struct cipher *ciphers = number % 2 == 0 ? meeting->to_accepts : meeting->to_connects;
    const struct l2tpha_bytes nothing = {NULL, 0};
    uint8_t data[128];
    size_t len = read_hex(payloads[number], data);

    assert_ok(cipher_seal(&ciphers[0], nothing, data, len, data + len));
    assert_octets(data, len + L2TPHA_TAG_SIZE, vectors[vector].messages[number]);
    assert_ok(cipher_open(&ciphers[1], nothing, data, len, data + len));
    assert_octets(data, len, payloads[number]);
}

START_TEST(conversations_are_the_published_ones)
{
    for (int i = 0; i < ADAPTERS; i++) {
        struct meeting meeting;
        begin(&meeting, adapters[i](), _i);
        shake(&meeting, _i, 0);
        shake(&meeting, _i, 1);
        assert_octets(meeting.connects.hash, L2TPHA_SHA256_SIZE, vectors[_i].hash);
        assert_octets(meeting.accepts.hash, L2TPHA_SHA256_SIZE, vectors[_i].hash);
        assert_ok(noise_split(&meeting.connects, &meeting.to_accepts[0], &meeting.to_connects[1]));
        assert_ok(noise_split(&meeting.accepts, &meeting.to_accepts[1], &meeting.to_connects[0]));
        for (int number = 2; number < MESSAGES; number++)
            transport(&meeting, _i, number);
    }
}
END_TEST

START_TEST(a_handshake_that_is_split_is_wiped)
{
    struct meeting meeting;
    static const struct noise zeros;

    begin(&meeting, adapters[0](), _i);
    shake(&meeting, _i, 0);
    shake(&meeting, _i, 1);
    assert_ok(noise_split(&meeting.accepts, &meeting.to_accepts[1], &meeting.to_connects[0]));
    ck_assert_mem_eq(&meeting.accepts, &zeros, sizeof(zeros));
}
END_TEST

START_TEST(a_short_message_is_refused)
{
    for (size_t len = 0; len < NOISE_OVERHEAD; len++) {
        struct meeting meeting;
        uint8_t message[NOISE_OVERHEAD] = {0};
        begin(&meeting, adapters[0](), _i);
        assert_error(noise_read_first(&meeting.accepts, message, len), L2TPHA_ERR_SEAL);
        assert_error(noise_read_second(&meeting.connects, message, len), L2TPHA_ERR_SEAL);
    }
}
END_TEST

/* Noise 4.2: what zeros become under the last nonce. The number of the nonce goes on. */
START_TEST(rekey_is_that_of_noise)
{
    for (int i = 0; i < ADAPTERS; i++) {
        const struct l2tpha_crypto *crypto = adapters[i]();
        struct cipher cipher = {.crypto = crypto, .suite = vectors[_i].suite};
        const uint8_t last[] = {0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255};
        uint8_t key[L2TPHA_KEY_SIZE], expected[L2TPHA_KEY_SIZE] = {0}, tag[L2TPHA_TAG_SIZE];
        const struct l2tpha_bytes nothing = {NULL, 0};
        read_hex(PSK, key);
        cipher_set_key(&cipher, key);
        cipher.nonce = 5;
        assert_ok(cipher_rekey(&cipher));
        assert_ok(crypto->seal(crypto->user, cipher.suite, key, last, &nothing, expected,
                               sizeof(expected), tag));
        ck_assert_mem_eq(cipher.key, expected, sizeof(expected));
        ck_assert_uint_eq(cipher.nonce, 5);
    }
}
END_TEST

START_TEST(the_last_nonce_is_not_for_data)
{
    struct cipher cipher = {.crypto = adapters[0](), .suite = vectors[_i].suite};
    const struct l2tpha_bytes nothing = {NULL, 0};
    uint8_t data[1] = {0}, tag[L2TPHA_TAG_SIZE];

    cipher.nonce = UINT64_MAX - 1;
    assert_ok(cipher_seal(&cipher, nothing, data, 1, tag));
    assert_error(cipher_seal(&cipher, nothing, data, 1, tag), L2TPHA_ERR_LIMIT);
    assert_error(cipher_open(&cipher, nothing, data, 1, tag), L2TPHA_ERR_LIMIT);
}
END_TEST

Suite *suite_noise(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("noise", &tcase);

    tcase_add_loop_test(tcase, conversations_are_the_published_ones, 0, 2);
    tcase_add_loop_test(tcase, a_handshake_that_is_split_is_wiped, 0, 2);
    tcase_add_loop_test(tcase, a_short_message_is_refused, 0, 2);
    tcase_add_loop_test(tcase, rekey_is_that_of_noise, 0, 2);
    tcase_add_loop_test(tcase, the_last_nonce_is_not_for_data, 0, 2);
    return suite;
}
