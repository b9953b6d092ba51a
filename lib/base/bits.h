/* SPDX-License-Identifier: MIT */
/* Bit sets in 64-bit words, and mixers that spread a number over 64 or 32 bits. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Place of the lowest bit set; word must not be 0. A de Bruijn product names each power of two by
 * its top six bits; a compiler that knows the idiom makes one instruction of it. */
static inline uint32_t bits_lowest(uint64_t word)
{
    static const uint8_t places[64] = {
        0,  1,  2,  7,  3,  13, 8,  19, 4,  25, 14, 28, 9,  34, 20, 40, 5,  17, 26, 38, 15, 46,
        29, 48, 10, 31, 35, 54, 21, 50, 41, 57, 63, 6,  12, 18, 24, 27, 33, 39, 16, 37, 45, 47,
        30, 53, 49, 56, 62, 11, 23, 32, 36, 44, 52, 55, 61, 22, 43, 51, 60, 42, 59, 58};
    return places[((word & (0 - word)) * UINT64_C(0x0218a392cd3d5dbf)) >> 58];
}

static inline size_t bits_words(size_t bits)
{
    return (bits + 63) / 64;
}

static inline bool bits_has(const uint64_t *set, uint32_t place)
{
    return set[place / 64] >> (place % 64) & 1;
}

static inline void bits_add(uint64_t *set, uint32_t place)
{
    set[place / 64] |= UINT64_C(1) << (place % 64);
}

static inline void bits_drop(uint64_t *set, uint32_t place)
{
    set[place / 64] &= ~(UINT64_C(1) << (place % 64));
}

/* The first place >= from that is set; `end`, which is a multiple of 64 or past the last bit set,
 * when there is none. */
static inline uint32_t bits_next(const uint64_t *set, uint32_t from, uint32_t end)
{
    if (from >= end)
        return end;
    uint32_t word = from / 64;
    uint64_t left = set[word] & (UINT64_MAX << (from % 64));
    while (left == 0) {
        if (++word >= bits_words(end))
            return end;
        left = set[word];
    }
    return word * 64 + bits_lowest(left);
}

/* Likewise the first that is not set. */
static inline uint32_t bits_next_clear(const uint64_t *set, uint32_t from, uint32_t end)
{
    if (from >= end)
        return end;
    uint32_t word = from / 64;
    uint64_t left = ~set[word] & (UINT64_MAX << (from % 64));
    while (left == 0) {
        if (++word >= bits_words(end))
            return end;
        left = ~set[word];
    }
    return word * 64 + bits_lowest(left);
}

/* One-to-one, and each input bit reaches every output bit. Multipliers: the golden ratio and e. */
static inline uint64_t bits_mix(uint64_t x)
{
    x = (x ^ (x >> 32)) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 29)) * UINT64_C(0xb7e151628aed2a6b);
    return x ^ (x >> 32);
}

/* The same over 32 bits; the multipliers are those that Wellons found to be least biased. */
static inline uint32_t bits_mix32(uint32_t x)
{
    x = (x ^ (x >> 16)) * UINT32_C(0x7feb352d);
    x = (x ^ (x >> 15)) * UINT32_C(0x846ca68b);
    return x ^ (x >> 16);
}

#endif
