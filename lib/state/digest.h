/* SPDX-License-Identifier: MIT */
/* The 64-bit digest by which active and standby compare what they hold; part of the checkpoint
 * format (docs/checkpoint-format.md, "Digest"). It finds faults, not forgeries: those are the
 * link's business. */
#ifndef STATE_DIGEST_H
#define STATE_DIGEST_H

#include "base/bits.h"

/* Eight bytes at a time, little-endian, the last ones filled up with zeros; the length goes in
 * first, so that the filling is told from content. */
static inline uint64_t digest_bytes(uint64_t digest, const uint8_t *data, size_t len)
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

#endif
