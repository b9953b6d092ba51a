/* SPDX-License-Identifier: MIT */
/* Tunnel authentication, RFC 2661 5.1.1. */
#ifndef ATTACHED_PROOF_H
#define ATTACHED_PROOF_H

#include "message.h"

#define PROOF_SIZE 16

/* Octets that nobody can foresee. */
void proof_random(uint8_t *octets, size_t len);
/* What answers a challenge, in a message of this type. */
void proof_make(enum message_type type, const char *secret, const uint8_t *challenge, size_t len,
                uint8_t proof[PROOF_SIZE]);
/* Whether a peer's answer is that. */
bool proof_is(enum message_type type, const char *secret, const uint8_t *challenge, size_t len,
              const struct octets *answer);

#endif
