/* SPDX-License-Identifier: MIT */
/* Checkpoints as CBOR, RFC 8949 4.2.1: keys ascend, numbers and lengths are as short as they can
 * be, lengths are definite. A checkpoint is a map of its header's fields and, behind them, an array
 * of [kind, map of the record's fields]. Nothing is read in another form. */
#include "cbor_get.h"
#include "cbor_put.h"

#include <l2tpha/cbor.h>

const struct l2tpha_serializer *l2tpha_serializer_cbor(void)
{
    static const struct l2tpha_serializer cbor = {
        .size = sizeof(struct l2tpha_serializer),
        .name = "cbor",
        .room = CBOR_ROOM,
        .put_record = cbor_put_record,
        .put_header = cbor_put_header,
        .get_header = cbor_get_header,
        .get_record = cbor_get_record,
    };
    return &cbor;
}
