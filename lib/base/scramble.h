/* SPDX-License-Identifier: MIT */
/* A keyed permutation of 1..65535, or of fewer: ids come in an order that an outsider cannot
 * foretell (RFC 2661 9.1) and yet each is used again only after all the others (RFC 4951 3.3). */
#ifndef BASE_SCRAMBLE_H
#define BASE_SCRAMBLE_H

#include <stdint.h>

#define SCRAMBLE_IDS 65535u

struct scramble {
    uint64_t key;
    uint32_t counter; /* places taken so far, modulo ids */
    uint32_t ids;     /* how many there are: 1..ids, at most SCRAMBLE_IDS */
};

/* The next id of the walk, never 0. All of them come once before any comes twice. */
uint16_t scramble_next(struct scramble *walk);

#endif
