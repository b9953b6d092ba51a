/* SPDX-License-Identifier: MIT */
#include "proof.h"

#include <nettle/md5.h>
#include <nettle/memops.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void proof_random(uint8_t *octets, size_t len)
{
    if (getrandom(octets, len, 0) != (ssize_t)len)
        abort();
}

void proof_make(enum message_type type, const char *secret, const uint8_t *challenge, size_t len,
                uint8_t proof[PROOF_SIZE])
{
    struct md5_ctx md5;
    uint8_t id = (uint8_t)type;
    md5_init(&md5);
    md5_update(&md5, 1, &id);
    md5_update(&md5, strlen(secret), (const uint8_t *)secret);
    md5_update(&md5, len, challenge);
    md5_digest(&md5, PROOF_SIZE, proof);
}

bool proof_is(enum message_type type, const char *secret, const uint8_t *challenge, size_t len,
              const struct octets *answer)
{
    uint8_t proof[PROOF_SIZE];
    proof_make(type, secret, challenge, len, proof);
    return answer->len == PROOF_SIZE && memeql_sec(proof, answer->data, PROOF_SIZE);
}
