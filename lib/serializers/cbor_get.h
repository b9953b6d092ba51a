/* SPDX-License-Identifier: MIT */
#ifndef SERIALIZERS_CBOR_GET_H
#define SERIALIZERS_CBOR_GET_H

#include <l2tpha/serializer.h>

/* Fields that are one byte longer here than there have nine bytes at least. */
#define CBOR_ROOM (L2TPHA_CHECKPOINT_MAX + L2TPHA_CHECKPOINT_MAX / 8)

/* As in struct l2tpha_serializer. */
int cbor_get_header(const uint8_t *data, size_t len, struct l2tpha_checkpoint_header *header,
                    struct l2tpha_reading *reading);
int cbor_get_record(struct l2tpha_reading *reading, struct l2tpha_record *record);

#endif
