/* SPDX-License-Identifier: MIT */
/* How long the value is that begins at the front of what is there. */
#ifndef DUMP_SIZE_H
#define DUMP_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIZE_BAD SIZE_MAX /* it is none */

/* 0 = it goes on behind what is there; ended: there is nothing more. */
size_t size_cbor(const uint8_t *data, size_t len, bool ended);
size_t size_line(const uint8_t *data, size_t len, bool ended);

/* The first line of a file, which is about the others: 1; 0 = it is a checkpoint; -1 = of another
 * release. */
int size_json_header(const uint8_t *data, size_t len, bool *hidden);

#endif
