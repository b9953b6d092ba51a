/* SPDX-License-Identifier: MIT */
/* All serializers of this build, and checkpoints from one to another. */
#ifndef SERIALIZERS_FORMATS_H
#define SERIALIZERS_FORMATS_H

#include <l2tpha/serializer.h>

#define FORMATS 3 /* where all are built */

/* NULL: not in this build. */
const struct l2tpha_serializer *format_named(const char *name);
/* By place, the first one is proto; NULL behind the last. */
const struct l2tpha_serializer *format_at(int place);

/* Room for get_record(), a child of root; NULL where it wants none. */
uint8_t *format_room(const struct l2tpha_serializer *format);

/* The checkpoint as another serializer writes it, at the end of size bytes at out. */
void format_convert(const struct l2tpha_serializer *from, struct l2tpha_bytes checkpoint,
                    const struct l2tpha_serializer *to, uint8_t *out, size_t size,
                    struct l2tpha_bytes *converted);

#endif
