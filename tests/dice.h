/* SPDX-License-Identifier: MIT */
/* Chance for one suite: a test sets random_state, which is its seed, and draws. */
#ifndef TESTS_DICE_H
#define TESTS_DICE_H

#include <stdint.h>

static uint64_t random_state;

static uint32_t below(uint32_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % limit;
}

#endif
