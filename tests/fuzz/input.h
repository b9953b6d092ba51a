/* SPDX-License-Identifier: MIT */
/* What a fuzz target reads its steps from, and what it has for chance: the same for the same input.
 */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct input {
    const uint8_t *data;
    size_t left;
};

/* The next octet, 0 behind the last one. */
static inline uint8_t take(struct input *input)
{
    if (!input->left)
        return 0;
    input->left--;
    return *input->data++;
}

/* Octets that look random, and the state of what makes them. */
static inline void put_random(uint64_t *state, uint8_t *dst, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        *state = *state * UINT64_C(6364136223846793005) + 1;
        dst[i] = (uint8_t)(*state >> 56);
    }
}

#endif
