/* SPDX-License-Identifier: MIT */
/* What the two nodes of a pair must have in common, so that a difference is told by the name of its
 * option before a failover shows it: 16 bits of each. */
#ifndef EXAMPLES_FINGERPRINT_H
#define EXAMPLES_FINGERPRINT_H

#include <stdint.h>

struct options;

#define FINGERPRINT_TEXT_MAX 80

uint64_t fingerprint_of(const struct options *options);

/* The options that differ, such as "--secret, --window". Returns dst. */
const char *fingerprint_differences(uint64_t ours, uint64_t theirs, char dst[FINGERPRINT_TEXT_MAX]);

#endif
