/* SPDX-License-Identifier: MIT */
#include "ends.h"

void octets_add(struct octets *octets, const uint8_t *data, size_t len)
{
    octets->data = talloc_realloc(root, octets->data, uint8_t, octets->len + len + 1);
    if (len > 0)
        memcpy(octets->data + octets->len, data, len);
    octets->len += len;
}

static void forget(struct octets *octets)
{
    talloc_free(octets->data);
    *octets = (struct octets){0};
}

static int draw(void *user, uint8_t *dst, size_t len)
{
    struct end *end = user;

    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)(end->seed + 31 * end->draws + i);
    end->draws++;
    return 0;
}

int end_make(struct ends *ends, int which, const struct l2tpha_seal_options *given)
{
    struct end *end = &ends->end[which];
    struct l2tpha_seal_options options = {.size = sizeof(options)};

    if (given != NULL)
        options = *given;
    options.crypto = end->crypto;
    options.keys = end->keys;
    options.accept = which == ACCEPTS;
    if (options.random == NULL)
        options.random = draw;
    options.user = end;
    l2tpha_seal_free(end->seal);
    return l2tpha_seal_new(root, &options, ends->now, &end->seal);
}

void ends_begin(struct ends *ends)
{
    for (int i = 0; i < 2; i++) {
        forget(&ends->end[i].heard);
        forget(&ends->said[i]);
        assert_ok(end_make(ends, i, NULL));
    }
}

struct ends *ends_new_with(const struct l2tpha_crypto *const crypto[2], const char *connects,
                           const char *accepts)
{
    struct ends *ends = talloc_zero(root, struct ends);
    const char *texts[] = {connects, accepts};

    ends->now = 1000000;
    for (int i = 0; i < 2; i++) {
        struct end *end = &ends->end[i];
        end->crypto = crypto[i];
        end->seed = (uint8_t)(17 + 100 * i);
        assert_ok(
            l2tpha_seal_keys_new(root, end->crypto, texts[i], strlen(texts[i]), NULL, &end->keys));
    }
    ends_begin(ends);
    return ends;
}

struct ends *ends_new(int way)
{
    const struct l2tpha_crypto *const crypto[] = {adapters[way / 2 % ADAPTERS](),
                                                  adapters[way / 2 / ADAPTERS]()};
    /* Who accepts need not know the suite. */
    return ends_new_with(crypto, way % 2 ? KEYS_AES : KEYS_CHACHA, KEYS_CHACHA);
}

void ends_free(struct ends *ends)
{
    for (int i = 0; i < 2; i++) {
        l2tpha_seal_free(ends->end[i].seal);
        l2tpha_seal_keys_free(ends->end[i].keys);
        forget(&ends->end[i].heard);
        forget(&ends->said[i]);
    }
    talloc_free(ends);
}

int end_feed(struct ends *ends, int which, const uint8_t *data, size_t len, size_t piece)
{
    struct end *end = &ends->end[which];
    struct l2tpha_bytes plain;
    size_t used;

    while (len > 0) {
        int error =
            l2tpha_seal_feed(end->seal, data, piece < len ? piece : len, &used, &plain, ends->now);
        octets_add(&end->heard, plain.data, plain.len);
        if (error != L2TPHA_OK) {
            ck_assert_uint_eq(plain.len, 0);
            return error;
        }
        ck_assert_uint_gt(used, 0);
        data += used;
        len -= used;
    }
    return L2TPHA_OK;
}

static size_t take_out(struct ends *ends, int from)
{
    const uint8_t *data;
    size_t len = l2tpha_seal_poll(ends->end[from].seal, &data);

    octets_add(&ends->said[from], data, len);
    l2tpha_seal_sent(ends->end[from].seal, len);
    return len;
}

int end_carry(struct ends *ends, int from)
{
    size_t len = take_out(ends, from);

    return end_feed(ends, 1 - from, ends->said[from].data + ends->said[from].len - len, len, len);
}

void end_drain(struct ends *ends, int from)
{
    (void)take_out(ends, from);
}

void end_say(struct ends *ends, int from, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t used;
        assert_ok(l2tpha_seal_write(ends->end[from].seal, data, len, &used, ends->now));
        ck_assert_uint_gt(used, 0);
        data += used;
        len -= used;
        assert_ok(end_carry(ends, from));
    }
}

void end_write(struct ends *ends, int from, const char *text)
{
    size_t used, len = strlen(text);

    assert_ok(
        l2tpha_seal_write(ends->end[from].seal, (const uint8_t *)text, len, &used, ends->now));
    ck_assert_uint_eq(used, len);
}

struct l2tpha_seal_info end_info(const struct ends *ends, int which)
{
    struct l2tpha_seal_info info = {.size = sizeof(info)};

    l2tpha_seal_get(ends->end[which].seal, &info);
    return info;
}

void ends_open(struct ends *ends)
{
    assert_ok(end_carry(ends, CONNECTS));
    assert_ok(end_carry(ends, ACCEPTS));
    assert_ok(end_carry(ends, CONNECTS));
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(end_info(ends, i).state, L2TPHA_SEAL_OPEN);
}

void assert_heard(const struct ends *ends, int which, const char *text)
{
    const struct octets *heard = &ends->end[which].heard;

    ck_assert_uint_eq(heard->len, strlen(text));
    ck_assert_mem_eq(heard->data != NULL ? heard->data : (const uint8_t *)"", text, heard->len);
}

void assert_failed(const struct ends *ends, int which, int error)
{
    struct l2tpha_seal_info info = end_info(ends, which);
    const uint8_t *data;

    ck_assert_int_eq(info.state, L2TPHA_SEAL_FAILED);
    if (info.error != error)
        ck_abort_msg("failed with %s, expected %s", l2tpha_error_name(info.error),
                     l2tpha_error_name(error));
    ck_assert_ptr_nonnull(info.reason);
    ck_assert_uint_eq(l2tpha_seal_poll(ends->end[which].seal, &data), 0);
    ck_assert_uint_eq(l2tpha_seal_deadline(ends->end[which].seal), L2TPHA_NEVER);
}
