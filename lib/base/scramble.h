/* SPDX-License-Identifier: MIT */
/* A keyed permutation of 1..65535: ids come in an order that an outsider cannot foretell (RFC 2661
 * 9.1) and yet each is used again only after all the others (RFC 4951 3.3). */
#ifndef BASE_SCRAMBLE_H
#define BASE_SCRAMBLE_H

#include <stdint.h>

struct scramble {
    uint64_t key;
    uint32_t counter; /* places taken so far, modulo 65535 */
};

/* The next id of the walk, never 0. All 65535 ids come once before any comes twice. */
uint16_t scramble_next(struct scramble *walk);

#endif
