/* SPDX-License-Identifier: MIT */
#include "sealed_bytes.h"

#include <l2tpha/error.h>
#include <string.h>
#include <talloc.h>

#define FIRST_ROOM 256
/* Beyond this no more is taken than is needed: a whole record is somewhat longer. */
#define DOUBLED_ROOM 65536

int sealed_bytes_reserve(struct sealed_bytes *bytes, void *parent,
                         const struct l2tpha_crypto *crypto, size_t more)
{
    size_t len = sealed_bytes_len(bytes), room = bytes->room > 0 ? bytes->room : FIRST_ROOM;

    if (more <= bytes->room - bytes->end)
        return L2TPHA_OK;
    while (room - len < more)
        room = room < DOUBLED_ROOM ? 2 * room : len + more;
    uint8_t *data = talloc_array(parent, uint8_t, room);
    if (data == NULL)
        return L2TPHA_ERR_NOMEM;
    if (len > 0)
        memcpy(data, bytes->data + bytes->start, len);
    sealed_bytes_wipe(bytes, crypto);
    talloc_free(bytes->data);
    *bytes = (struct sealed_bytes){.data = data, .end = len, .room = room};
    return L2TPHA_OK;
}

void sealed_bytes_drop(struct sealed_bytes *bytes, size_t len)
{
    bytes->start += len;
    if (bytes->start == bytes->end)
        bytes->start = bytes->end = 0;
}

void sealed_bytes_wipe(struct sealed_bytes *bytes, const struct l2tpha_crypto *crypto)
{
    if (bytes->data != NULL)
        crypto->wipe(crypto->user, bytes->data, bytes->room);
    bytes->start = bytes->end = 0;
}
