/* SPDX-License-Identifier: MIT */
/* A Feistel network over 16 bits is one-to-one on 0..65535 whatever its round function. To stay off
 * 0 it is applied again when it hits 0, which keeps it one-to-one on 1..65535. */
#include "base/scramble.h"

#include "base/bits.h"

#define IDS 65535
#define ROUNDS 8

static uint16_t permute(uint64_t key, uint16_t id)
{
    unsigned left = id >> 8, right = id & 0xff;

    for (uint64_t round = 1; round <= ROUNDS; round++) {
        unsigned mixed = left ^ (unsigned)(bits_mix(key + (round << 8 | right)) & 0xff);
        left = right;
        right = mixed;
    }
    return (uint16_t)(left << 8 | right);
}

uint16_t scramble_next(struct scramble *walk)
{
    uint32_t place = walk->counter % IDS;
    uint16_t id = (uint16_t)(place + 1);

    walk->counter = (place + 1) % IDS;
    do
        id = permute(walk->key, id);
    while (id == 0);
    return id;
}
