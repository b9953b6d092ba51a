/* SPDX-License-Identifier: MIT */
/* Records: u16 length of what follows, ciphertext, tag. One without plaintext says that the next
 * one of its direction has a new key. */
#ifndef SEAL_SEALED_RECORD_H
#define SEAL_SEALED_RECORD_H

#include "seal_private.h"

/* At the end of what waits for the stream; at most L2TPHA_SEAL_PIECE_MAX bytes. */
int sealed_record_put(struct l2tpha_seal *seal, const uint8_t *data, size_t len);
/* Of bytes of the stream up to the end of one record. opened: a record has come to its end, and its
 * plaintext, which may be empty, is in plain. L2TPHA_ERR_SEAL: it does not verify. */
int sealed_record_take(struct l2tpha_seal *seal, const uint8_t *data, size_t len, size_t *used,
                       bool *opened, struct l2tpha_bytes *plain);

#endif
