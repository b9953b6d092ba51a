/* SPDX-License-Identifier: MIT */
/* Each allocation of a seal's life failed, one at a time. */
#include "ends.h"
#include "oom.h"

#define LARGE 70000

static int draw(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    memset(dst, 0x5a, len);
    return 0;
}

static int carry(struct l2tpha_seal *from, struct l2tpha_seal *to, size_t *heard)
{
    const uint8_t *data;
    size_t used, len = l2tpha_seal_poll(from, &data);
    struct l2tpha_bytes plain;

    for (size_t at = 0; at < len; at += used) {
        /* In two pieces, so that one has to grow. */
        size_t piece = len - at > 1000 ? (len - at) / 2 : len - at;
        int error = l2tpha_seal_feed(to, data + at, piece, &used, &plain, 0);
        if (error != L2TPHA_OK)
            return error;
        *heard += plain.len;
    }
    l2tpha_seal_sent(from, len);
    return L2TPHA_OK;
}

static int say(struct l2tpha_seal *from, struct l2tpha_seal *to, const uint8_t *data, size_t *heard)
{
    size_t said = 0, used;

    *heard = 0;
    while (said < LARGE) {
        int error = l2tpha_seal_write(from, data + said, LARGE - said, &used, 0);
        if (error == L2TPHA_OK)
            error = carry(from, to, heard);
        if (error != L2TPHA_OK)
            return error;
        said += used;
    }
    ck_assert_uint_eq(*heard, LARGE);
    return L2TPHA_OK;
}

static int talk(struct l2tpha_seal *connects, struct l2tpha_seal *accepts, const uint8_t *data)
{
    size_t heard = 0;

    int error = carry(connects, accepts, &heard);
    if (error == L2TPHA_OK)
        error = carry(accepts, connects, &heard);
    if (error == L2TPHA_OK)
        error = carry(connects, accepts, &heard);
    if (error == L2TPHA_OK)
        error = say(connects, accepts, data, &heard);
    if (error == L2TPHA_OK)
        error = say(accepts, connects, data, &heard);
    return error;
}

/* What it has come to; whatever that is, nothing is left behind. */
static int live(const uint8_t *data)
{
    struct l2tpha_seal_options options = {
        .size = sizeof(options), .crypto = adapters[0](), .random = draw};
    struct l2tpha_seal_keys *keys;
    struct l2tpha_seal *connects = NULL, *accepts = NULL;

    int error =
        l2tpha_seal_keys_new(root, options.crypto, KEYS_CHACHA, strlen(KEYS_CHACHA), NULL, &keys);
    options.keys = keys;
    if (error == L2TPHA_OK)
        error = l2tpha_seal_keys_replace(keys, KEYS_AES, strlen(KEYS_AES), NULL);
    if (error == L2TPHA_OK)
        error = l2tpha_seal_new(root, &options, 0, &connects);
    options.accept = true;
    if (error == L2TPHA_OK)
        error = l2tpha_seal_new(root, &options, 0, &accepts);
    if (error == L2TPHA_OK)
        error = talk(connects, accepts, data);
    l2tpha_seal_free(connects);
    l2tpha_seal_free(accepts);
    l2tpha_seal_keys_free(keys);
    return error;
}

START_TEST(each_allocation_may_fail)
{
    uint8_t *data = talloc_array(root, uint8_t, LARGE);
    unsigned failed = 0;

    memset(data, 7, LARGE);
    oom_at(0);
    assert_ok(live(data));
    unsigned count = oom_count();
    for (unsigned n = 1; n <= count; n++) {
        oom_at(n);
        int error = live(data);
        oom_at(0);
        failed += error == L2TPHA_ERR_NOMEM;
        ck_assert_uint_eq(talloc_total_blocks(root), 2);
    }
    /* Keys, two seals, two buffers each, which grow. */
    ck_assert_uint_ge(count, 7);
    ck_assert_uint_eq(failed, count);
    talloc_free(data);
}
END_TEST

Suite *suite_oom(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("oom", &tcase);

    tcase_add_test(tcase, each_allocation_may_fail);
    return suite;
}
