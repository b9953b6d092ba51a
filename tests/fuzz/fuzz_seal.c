/* SPDX-License-Identifier: MIT */
/* A sealed link whose wire anybody writes to. First byte: bit 0 = who is attacked has connected,
 * bit 1 = the handshake is done first, bit 2 = the other suite, the rest = how what comes is cut.
 * Then steps: a byte that says what, and what it is about. Whatever comes, no plaintext is handed
 * up but what the other end has said, in its order, and a seal that has failed stays so. */
#include "crypto/crypto.h"
#include "fuzz/input.h"

#include <l2tpha/seal.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FILE_CHACHA "key 7 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define FILE_AES FILE_CHACHA "suite aes\n"
#define VICTIM 0
#define FRIEND 1
#define WIRE_MAX 512

enum step { STEP_RECORD, STEP_BROKEN, STEP_TWICE, STEP_ANSWER, STEP_RAW, STEPS };

struct wire {
    struct l2tpha_seal *seal[2];
    size_t piece;
    uint64_t chance;
    uint8_t said; /* number of the friend's next byte of plaintext */
    uint8_t heard;
    int error;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static int draw(void *user, uint8_t *dst, size_t len)
{
    put_random(&((struct wire *)user)->chance, dst, len);
    return 0;
}

static int feed(struct wire *wire, int who, const uint8_t *data, size_t len)
{
    struct l2tpha_bytes plain;
    size_t used;
    int error = L2TPHA_OK;

    for (size_t at = 0; at < len && error == L2TPHA_OK; at += used) {
        size_t piece = wire->piece < len - at ? wire->piece : len - at;
        uint8_t *copy = malloc(piece); /* its end is the end of what may be read */
        memcpy(copy, data + at, piece);
        error = l2tpha_seal_feed(wire->seal[who], copy, piece, &used, &plain, 0);
        free(copy);
        require(used <= piece && (used > 0 || error != L2TPHA_OK));
        for (size_t i = 0; i < plain.len && who == VICTIM; i++)
            require(plain.data[i] == wire->heard++);
    }
    if (who == VICTIM) {
        require(wire->error == L2TPHA_OK || error == wire->error || len == 0);
        wire->error = wire->error != L2TPHA_OK ? wire->error : error;
    }
    return error;
}

/* What an end has for the wire, taken from it. */
static size_t take_out(struct wire *wire, int who, uint8_t *bytes)
{
    const uint8_t *data;
    size_t len = l2tpha_seal_poll(wire->seal[who], &data);

    require(len <= WIRE_MAX);
    if (len > 0)
        memcpy(bytes, data, len);
    l2tpha_seal_sent(wire->seal[who], len);
    return len;
}

static void carry(struct wire *wire, int from)
{
    uint8_t bytes[WIRE_MAX];
    size_t len = take_out(wire, from, bytes);

    (void)feed(wire, 1 - from, bytes, len);
}

static size_t say(struct wire *wire, uint8_t len, uint8_t *bytes)
{
    uint8_t text[256];
    size_t used;

    for (unsigned i = 0; i < len; i++)
        text[i] = (uint8_t)(wire->said + i);
    require(l2tpha_seal_write(wire->seal[FRIEND], text, len, &used, 0) <= 0);
    wire->said = (uint8_t)(wire->said + used);
    return take_out(wire, FRIEND, bytes);
}

static void do_step(struct wire *wire, struct input *input)
{
    uint8_t bytes[WIRE_MAX + 1], what = take(input), about = take(input);
    size_t len = 0, place;

    switch (what % STEPS) {
    case STEP_RECORD:
        len = say(wire, about, bytes);
        break;
    case STEP_BROKEN:
        len = say(wire, about, bytes);
        place = (size_t)(take(input) << 8 | take(input));
        if (len > 0)
            bytes[place % len] ^= take(input);
        break;
    case STEP_TWICE:
        len = say(wire, about, bytes);
        (void)feed(wire, VICTIM, bytes, len);
        break;
    case STEP_ANSWER:
        carry(wire, VICTIM);
        carry(wire, FRIEND);
        return;
    default:
        while (len < about && input->left > 0)
            bytes[len++] = take(input);
    }
    (void)feed(wire, VICTIM, bytes, len);
}

static void make(struct wire *wire, int who, const struct l2tpha_seal_keys *keys, bool accept)
{
    const struct l2tpha_seal_options options = {.size = sizeof(options),
                                                .crypto = tests_crypto(),
                                                .keys = keys,
                                                .accept = accept,
                                                .random = draw,
                                                .user = wire};

    require(l2tpha_seal_new(NULL, &options, 0, &wire->seal[who]) == L2TPHA_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct input input = {data, len};
    struct wire wire = {.chance = 1};
    struct l2tpha_seal_keys *keys;
    uint8_t how = take(&input);
    const char *file = how & 4 ? FILE_AES : FILE_CHACHA;

    if (tests_crypto()->size < sizeof(struct l2tpha_crypto) || tests_crypto()->x25519 == NULL)
        return 0; /* a build without an adapter */
    require(l2tpha_seal_keys_new(NULL, tests_crypto(), file, strlen(file), NULL, &keys) == 0);
    wire.piece = how >> 3 ? (size_t)how >> 3 : WIRE_MAX;
    make(&wire, VICTIM, keys, !(how & 1));
    make(&wire, FRIEND, keys, how & 1);
    for (int i = 0; i < 4 && how & 2; i++)
        carry(&wire, (how & 1 ? VICTIM : FRIEND) ^ (i & 1));
    while (input.left > 0)
        do_step(&wire, &input);
    if (wire.error != L2TPHA_OK) {
        const uint8_t *left;
        require(l2tpha_seal_poll(wire.seal[VICTIM], &left) == 0);
        require(l2tpha_seal_expire(wire.seal[VICTIM], 0) == wire.error);
    }
    l2tpha_seal_free(wire.seal[VICTIM]);
    l2tpha_seal_free(wire.seal[FRIEND]);
    l2tpha_seal_keys_free(keys);
    return 0;
}
