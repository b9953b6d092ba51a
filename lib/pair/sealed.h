/* SPDX-License-Identifier: MIT */
/* What the bytes of a stream are: those of the link itself, or of a seal around it, over tcp and
 * where the program has given keys. Where libl2tpha-seal is left out nothing is ever sealed:
 * sealed_absent.c. */
#ifndef PAIR_SEALED_H
#define PAIR_SEALED_H

#include <l2tpha/crypto.h>
#include <l2tpha/link.h>

struct l2tpha_pair;
struct l2tpha_seal;

/* Take the text of a key file, in place of what there is. On an error nothing has changed; why says
 * what is wrong, valid until the next call. L2TPHA_ERR_UNSUPPORTED: left out of this build. */
int sealed_set_keys(struct l2tpha_pair *pair, const char *text, const char **why);
/* A seal for a stream that is its parent. */
int sealed_new(const struct l2tpha_pair *pair, void *parent, bool accept,
               struct l2tpha_seal **seal);
/* The peer has proven its key. */
bool sealed_is_open(const struct l2tpha_seal *seal);
/* Why it has failed, static; NULL = it has not, or there is none. */
const char *sealed_reason(const struct l2tpha_seal *seal);
/* As l2tpha_seal_feed(). */
int sealed_feed(struct l2tpha_seal *seal, const uint8_t *data, size_t len, size_t *used,
                struct l2tpha_bytes *plain);
/* What to write to the stream; 0 = nothing. seal: NULL = there is none. link: NULL = not yet.
 * error: why there will be nothing more. */
size_t sealed_poll(struct l2tpha_seal *seal, struct l2tpha_link *link, const uint8_t **data,
                   int *error);
/* So much of it was written. */
void sealed_sent(struct l2tpha_seal *seal, struct l2tpha_link *link, size_t len);
/* The id of the key; 0 = not known, or there is no seal. */
uint32_t sealed_key_id(const struct l2tpha_seal *seal);

#endif
