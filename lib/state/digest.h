/* SPDX-License-Identifier: MIT */
/* The 64-bit digest by which active and standby compare what they hold; part of the checkpoint
 * format (docs/checkpoint-format.md, "Digest"). It finds faults, not forgeries: those are the
 * link's business. */
#ifndef STATE_DIGEST_H
#define STATE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* Eight bytes at a time, little-endian, the last ones filled up with zeros; the length goes in
 * first, so that the filling is told from content. */
uint64_t digest_bytes(uint64_t digest, const uint8_t *data, size_t len);

#endif
