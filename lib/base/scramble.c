/* SPDX-License-Identifier: MIT */
/* A Feistel network is one-to-one on the numbers of so many bits, whatever its round function. It
 * has as few bits as the highest id, 16 for 65535. To stay off 0 and what is beyond that id it is
 * applied again when it hits one of them, which keeps it one-to-one on the ids; less than half of
 * the numbers are none. */
#include "base/scramble.h"

#include "base/bits.h"

#define ROUNDS 8 /* an even number: then the halves are as long as they were */

static unsigned length_of(uint32_t number)
{
    unsigned bits = 0;

    while (number >> bits)
        bits++;
    return bits;
}

/* Of an odd number of bits one half is longer than the other, and they change places each round. */
static uint32_t permute(uint64_t key, unsigned bits, uint32_t id)
{
    unsigned low = bits - bits / 2, high = bits / 2;
    uint32_t left = id >> low, right = id & ((UINT32_C(1) << low) - 1);

    for (uint64_t round = 1; round <= ROUNDS; round++) {
        uint32_t mask = (UINT32_C(1) << high) - 1;
        uint32_t mixed = left ^ ((uint32_t)bits_mix(key + (round << 8 | right)) & mask);
        left = right;
        right = mixed;
        unsigned swapped = low;
        low = high;
        high = swapped;
    }
    return left << low | right;
}

uint16_t scramble_next(struct scramble *walk)
{
    uint32_t place = walk->counter % walk->ids;
    unsigned bits = length_of(walk->ids);
    uint32_t id = place + 1;

    walk->counter = (place + 1) % walk->ids;
    do
        id = permute(walk->key, bits, id);
    while (id == 0 || id > walk->ids);
    return (uint16_t)id;
}
