/* SPDX-License-Identifier: MIT */
/* Serial number arithmetic modulo 65536, as RFC 2661 5.8 compares Ns and Nr. */
#ifndef BASE_SERIAL_H
#define BASE_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

/* How far a is ahead of b: 0..32767 ahead or equal, -32768..-1 behind. RFC 2661 5.8: the 32768
 * values ending just below the next expected one are old, so a distance of 32768 counts as old. */
static inline int serial_diff(uint16_t a, uint16_t b)
{
    uint16_t distance = (uint16_t)(a - b);
    return distance < 0x8000 ? distance : (int)distance - 0x10000;
}

static inline bool serial_before(uint16_t a, uint16_t b)
{
    return serial_diff(a, b) < 0;
}

static inline bool serial_after(uint16_t a, uint16_t b)
{
    return serial_diff(a, b) > 0;
}

/* a <= b <= c, serial: b lies on the way from a to c. */
static inline bool serial_in_order(uint16_t a, uint16_t b, uint16_t c)
{
    return (uint16_t)(b - a) <= (uint16_t)(c - a) && (uint16_t)(c - a) < 0x8000;
}

#endif
