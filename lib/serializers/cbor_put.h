/* SPDX-License-Identifier: MIT */
#ifndef SERIALIZERS_CBOR_PUT_H
#define SERIALIZERS_CBOR_PUT_H

#include <l2tpha/serializer.h>

/* As in struct l2tpha_serializer. */
int cbor_put_record(const struct l2tpha_record *record, struct l2tpha_writing *writing);
int cbor_put_header(const struct l2tpha_checkpoint_header *header, struct l2tpha_writing *writing);

#endif
