/* SPDX-License-Identifier: MIT */
/* Two ends of a sealed stream, and the wire between them, which the test carries. Their chance is
 * the same each time, and so are their bytes. */
#ifndef TESTS_SEAL_ENDS_H
#define TESTS_SEAL_ENDS_H

#include "adapters.h"
#include "fixture.h"
#include "seal/seal_private.h"

#define CONNECTS 0
#define ACCEPTS 1

#define SECRET_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECRET_2 "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"
#define KEYS_CHACHA "key 1 " SECRET_1 "\n"
#define KEYS_AES KEYS_CHACHA "suite aes\n"

/* What both suites have to do with either adapter, and with one at each end. */
#define WAYS (2 * ADAPTERS * ADAPTERS)

struct octets {
    uint8_t *data;
    size_t len;
};

struct end {
    const struct l2tpha_crypto *crypto;
    struct l2tpha_seal_keys *keys;
    struct l2tpha_seal *seal;
    struct octets heard; /* plaintext that it was handed */
    unsigned draws;      /* of chance, so far */
    uint8_t seed;
};

struct ends {
    struct end end[2];
    uint64_t now;
    struct octets said[2]; /* by each end, all that was on the wire */
};

struct ends *ends_new(int way);
/* With these adapters and key files. */
struct ends *ends_new_with(const struct l2tpha_crypto *const crypto[2], const char *connects,
                           const char *accepts);
/* Another stream between the same ends: new seals, heard and said empty. */
void ends_begin(struct ends *ends);
void ends_free(struct ends *ends);

void octets_add(struct octets *octets, const uint8_t *data, size_t len);
/* What an end is, by options of its own if these are not NULL. */
int end_make(struct ends *ends, int which, const struct l2tpha_seal_options *options);
/* To an end, in pieces of at most so many bytes; what it hands up is added to what it has heard. */
int end_feed(struct ends *ends, int which, const uint8_t *data, size_t len, size_t piece);
/* All that an end has for the wire is added to what it has said, and goes to the other one. */
int end_carry(struct ends *ends, int from);
/* The same, to nobody. */
void end_drain(struct ends *ends, int from);
/* All of it, with as many records as it takes. */
void end_say(struct ends *ends, int from, const uint8_t *data, size_t len);
/* One record; what is on the wire for it stays there. */
void end_write(struct ends *ends, int from, const char *text);
struct l2tpha_seal_info end_info(const struct ends *ends, int which);
/* Until both are open. */
void ends_open(struct ends *ends);
void assert_heard(const struct ends *ends, int which, const char *text);
void assert_failed(const struct ends *ends, int which, int error);

#endif
