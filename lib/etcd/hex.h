/* SPDX-License-Identifier: MIT */
/* Numbers in keys and values: so many lower-case digits, which are in the order of the numbers. */
#ifndef ETCD_HEX_H
#define ETCD_HEX_H

#include <stddef.h>
#include <stdint.h>

#define HEX_DIGITS 16

/* With a terminator. */
void hex_put(uint64_t value, char dst[HEX_DIGITS + 1]);
/* 0 = that is none. */
uint64_t hex_read(const char *text, size_t len);

#endif
