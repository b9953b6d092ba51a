/* SPDX-License-Identifier: MIT */
/* What the files of a seal share. */
#ifndef SEAL_SEAL_PRIVATE_H
#define SEAL_SEAL_PRIVATE_H

#include "cipher.h"
#include "noise.h"
#include "sealed_bytes.h"

#include <l2tpha/seal.h>

/* "L2HA", u8 version, u8 suite, u32 key id; both ends send the same one. */
#define PROLOGUE_LEN 10
/* With a message that has no payload behind it: all that is said before the first record. */
#define HELLO_LEN (PROLOGUE_LEN + NOISE_OVERHEAD)

struct l2tpha_seal {
    struct l2tpha_seal_options options; /* beyond the caller's size: zeros */
    enum l2tpha_seal_state state;
    int error;
    const char *reason;
    uint64_t deadline; /* of the handshake */
    uint32_t key_id;
    enum l2tpha_suite suite;
    struct noise noise;       /* from the prologue to the second message */
    uint8_t hello[HELLO_LEN]; /* of the peer, as far as it has come */
    size_t hello_len;
    uint8_t prologue[PROLOGUE_LEN]; /* that was agreed upon */
    struct cipher from_peer, to_peer;
    struct sealed_bytes in;  /* one record */
    struct sealed_bytes out; /* what the stream has not taken */
    size_t opened;           /* bytes of in that the caller has as plaintext */
    uint64_t rekeyed_at;     /* by time */
    uint64_t rekey_records;  /* by count: a power of two, smaller in tests */
    uint64_t keys_in, keys_out;
};

#endif
