/* SPDX-License-Identifier: MIT */
#include "state/digest.h"

#include "base/bits.h"

uint64_t digest_bytes(uint64_t digest, const uint8_t *data, size_t len)
{
    digest = bits_mix(digest ^ len);
    for (size_t at = 0; at < len; at += 8) {
        uint64_t word = 0;
        if (len - at >= 8)
            for (unsigned i = 0; i < 8; i++)
                word |= (uint64_t)data[at + i] << (8 * i);
        else
            for (unsigned i = 0; i < len - at; i++)
                word |= (uint64_t)data[at + i] << (8 * i);
        digest = bits_mix(digest ^ word);
    }
    return digest;
}
