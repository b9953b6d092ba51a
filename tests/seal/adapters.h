/* SPDX-License-Identifier: MIT */
/* The crypto adapters of this build, and octets written as hexadecimal digits. */
#ifndef TESTS_SEAL_ADAPTERS_H
#define TESTS_SEAL_ADAPTERS_H

#include "fixture.h"

#include <l2tpha/crypto.h>
#include <string.h>

#ifdef TESTS_NETTLE
#define ADAPTERS_NETTLE l2tpha_crypto_nettle,
#else
#define ADAPTERS_NETTLE
#endif
#ifdef TESTS_MBEDTLS
#define ADAPTERS_MBEDTLS l2tpha_crypto_mbedtls,
#else
#define ADAPTERS_MBEDTLS
#endif

static const struct l2tpha_crypto *(*const adapters[])(void) = {ADAPTERS_NETTLE ADAPTERS_MBEDTLS};
#define ADAPTERS ((int)(sizeof(adapters) / sizeof(adapters[0])))

static inline unsigned hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c);

    assert_true(c != '\0' && at != NULL);
    return (unsigned)(at - digits);
}

/* How many octets there are. */
static inline size_t read_hex(const char *text, uint8_t *dst)
{
    size_t len = strlen(text) / 2;

    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    return len;
}

static inline void assert_octets(const uint8_t *octets, size_t len, const char *hex)
{
    uint8_t expected[256];

    ck_assert_uint_le(strlen(hex) / 2, sizeof(expected));
    ck_assert_uint_eq(read_hex(hex, expected), len);
    ck_assert_mem_eq(octets, expected, len);
}

#endif
