/* SPDX-License-Identifier: MIT */
/* Texts one behind the other, each with its NUL: no pointer for each, and nothing to relocate. For
 * what is looked up seldom, since finding one passes over those before it. */
#ifndef BASE_PACKED_H
#define BASE_PACKED_H

#include <stddef.h>

/* The one that has so many before it; size = bytes of all. The other text where there are not so
 * many.
 */
const char *packed_at(const char *texts, size_t size, size_t place, const char *other);

/* Of an array whose last text ends with a NUL of its own, before that of the literal. */
#define PACKED(texts, place, other) packed_at(texts, sizeof(texts) - 1, place, other)

#endif
