/* SPDX-License-Identifier: MIT */
#include "failure.h"

static const char *reason_of(int error)
{
    switch (error) {
    case L2TPHA_ERR_NOMEM:
        return "out of memory";
    case L2TPHA_ERR_HOST:
        return "the host has no random bytes";
    case L2TPHA_ERR_LIMIT:
        return "all nonces are used up";
    case L2TPHA_ERR_TIMEOUT:
        return "the peer has not proven its key in time";
    default:
        return "an operation of the crypto adapter has failed";
    }
}

int seal_fail(struct l2tpha_seal *seal, int error, const char *reason)
{
    seal->state = L2TPHA_SEAL_FAILED;
    seal->error = error;
    seal->reason = reason;
    seal->deadline = L2TPHA_NEVER;
    seal_wipe(seal);
    return error;
}

int seal_fail_as(struct l2tpha_seal *seal, int error)
{
    return seal_fail(seal, error, reason_of(error));
}

static void wipe_key(struct cipher *cipher, const struct l2tpha_crypto *crypto)
{
    crypto->wipe(crypto->user, cipher->key, sizeof(cipher->key));
}

void seal_wipe(struct l2tpha_seal *seal)
{
    const struct l2tpha_crypto *crypto = seal->options.crypto;

    noise_wipe(&seal->noise, crypto);
    wipe_key(&seal->from_peer, crypto);
    wipe_key(&seal->to_peer, crypto);
    sealed_bytes_wipe(&seal->in, crypto);
    sealed_bytes_wipe(&seal->out, crypto);
    seal->opened = 0;
}
