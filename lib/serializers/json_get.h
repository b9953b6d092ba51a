/* SPDX-License-Identifier: MIT */
#ifndef SERIALIZERS_JSON_GET_H
#define SERIALIZERS_JSON_GET_H

#include <l2tpha/serializer.h>

/* Strings and unknown fields of a record take no more than its text, but for what unknown_put() has
 * to have. */
#define JSON_ROOM (L2TPHA_CHECKPOINT_MAX + 32)

/* As in struct l2tpha_serializer, and L2TPHA_ERR_NOMEM. */
int json_get_header(const uint8_t *data, size_t len, struct l2tpha_checkpoint_header *header,
                    struct l2tpha_reading *reading);
int json_get_record(struct l2tpha_reading *reading, struct l2tpha_record *record);

#endif
