/* SPDX-License-Identifier: MIT */
/* Bytes on their way, of one record at most and what was said before it. Memory grows with what is
 * there; what is given back is wiped. */
#ifndef SEAL_SEALED_BYTES_H
#define SEAL_SEALED_BYTES_H

#include <l2tpha/crypto.h>

struct sealed_bytes {
    uint8_t *data;
    size_t start; /* bytes before it are gone */
    size_t end;
    size_t room;
};

/* Room for so many bytes behind the last one. parent owns the memory. L2TPHA_ERR_NOMEM: nothing has
 * changed. */
int sealed_bytes_reserve(struct sealed_bytes *bytes, void *parent,
                         const struct l2tpha_crypto *crypto, size_t more);
/* The first ones are gone. */
void sealed_bytes_drop(struct sealed_bytes *bytes, size_t len);
/* All are, and the memory is overwritten. */
void sealed_bytes_wipe(struct sealed_bytes *bytes, const struct l2tpha_crypto *crypto);

static inline size_t sealed_bytes_len(const struct sealed_bytes *bytes)
{
    return bytes->end - bytes->start;
}

#endif
