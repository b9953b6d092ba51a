/* SPDX-License-Identifier: MIT */
#ifndef SERIALIZERS_JSON_SCAN_H
#define SERIALIZERS_JSON_SCAN_H

#include <l2tpha/types.h>

/* Length of the object at the front, or, where an array begins in it, of what stands ahead of that.
 * 0 = there is none that we have a use for: objects within one another no deeper than depth, of
 * strings and of numbers without sign and fraction. */
size_t json_scan(const uint8_t *data, size_t len, unsigned depth);
/* How much of it is white. */
size_t json_scan_space(const uint8_t *data, size_t len);

#endif
