/* SPDX-License-Identifier: MIT */
/* RFC 1321, octet by octet: for builds without an adapter. */
#include "crypto/crypto.h"

#include <string.h>

#define BLOCK 64
#define LENGTH_AT 56 /* in the last block */

struct md5 {
    uint32_t state[4];
    uint64_t len;
    uint8_t block[BLOCK];
};

/* 3.4: the integer part of 4294967296 times abs(sin(i)). */
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
static const uint8_t shifts[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static uint32_t word(const uint8_t *block, unsigned place)
{
    const uint8_t *at = block + 4 * place;

    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* What a round makes of three words, and which word of the block it takes. */
static uint32_t mix(unsigned i, uint32_t b, uint32_t c, uint32_t d, unsigned *place)
{
    switch (i / 16) {
    case 0:
        *place = i;
        return (b & c) | (~b & d);
    case 1:
        *place = (5 * i + 1) % 16;
        return (b & d) | (c & ~d);
    case 2:
        *place = (3 * i + 5) % 16;
        return b ^ c ^ d;
    default:
        *place = 7 * i % 16;
        return c ^ (b | ~d);
    }
}

static void take_block(struct md5 *md5)
{
    uint32_t a = md5->state[0], b = md5->state[1], c = md5->state[2], d = md5->state[3];

    for (unsigned i = 0; i < 64; i++) {
        unsigned place, shift = shifts[i / 16][i % 4];
        uint32_t sum = mix(i, b, c, d, &place) + a + sines[i];
        sum += word(md5->block, place);
        a = d;
        d = c;
        c = b;
        b += sum << shift | sum >> (32 - shift);
    }
    md5->state[0] += a;
    md5->state[1] += b;
    md5->state[2] += c;
    md5->state[3] += d;
}

static void take(struct md5 *md5, uint8_t octet)
{
    md5->block[md5->len++ % BLOCK] = octet;
    if (md5->len % BLOCK == 0)
        take_block(md5);
}

static int digest_of(void *user, const struct l2tpha_bytes *parts, size_t count,
                     uint8_t digest[L2TPHA_MD5_SIZE])
{
    struct md5 md5 = {.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};

    (void)user;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < parts[i].len; k++)
            take(&md5, parts[i].data[k]);
    uint64_t bits = md5.len * 8;
    take(&md5, 0x80);
    while (md5.len % BLOCK != LENGTH_AT)
        take(&md5, 0);
    for (unsigned i = 0; i < 8; i++)
        take(&md5, (uint8_t)(bits >> 8 * i));
    for (unsigned i = 0; i < L2TPHA_MD5_SIZE; i++)
        digest[i] = (uint8_t)(md5.state[i / 4] >> 8 * (i % 4));
    return 0;
}

static bool equal(void *user, const uint8_t *a, const uint8_t *b, size_t len)
{
    (void)user;
    return memcmp(a, b, len) == 0;
}

static void wipe(void *user, uint8_t *data, size_t len)
{
    (void)user;
    memset(data, 0, len);
}

const struct l2tpha_crypto *tests_crypto(void)
{
    static const struct l2tpha_crypto crypto = {
        .size = sizeof(crypto), .name = "tests", .md5 = digest_of, .equal = equal, .wipe = wipe};
    return &crypto;
}
