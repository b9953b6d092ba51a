/* SPDX-License-Identifier: MIT */
/* UTF-8 as a terminal shows it. */
#ifndef EXAMPLES_UTF8_H
#define EXAMPLES_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* What stands for bytes that are no UTF-8. */
#define UTF8_REPLACEMENT 0xfffdu

/* The character at the beginning of data, len > 0 bytes. Returns how many bytes it has; of what is
 * no UTF-8, one byte is UTF8_REPLACEMENT. */
size_t utf8_decode(const char *data, size_t len, uint32_t *character);

/* Columns that a text takes: letters of East Asian scripts have two, combining marks none. */
int utf8_width(const char *text);

#endif
