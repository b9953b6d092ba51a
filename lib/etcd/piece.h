/* SPDX-License-Identifier: MIT */
/* What requests to the JSON gateway are made of, and answers consist of. In JSON of Protocol
 * Buffers 3 what is 0, false or empty is left out, and 64 bits are text. Keys are in base64. */
#ifndef ETCD_PIECE_H
#define ETCD_PIECE_H

#include <jansson.h>
#include <l2tpha/types.h>
#include <stddef.h>
#include <talloc.h>

#define DIGITS_MAX 21

/* What each answer begins with. */
struct header {
    uint64_t cluster;
    uint64_t term;     /* of the cluster's leader, as the member that answered had it */
    uint64_t revision; /* of the cluster */
};

/* --- requests; what cannot be made is NULL, which nothing is made of --- */

const char *piece_digits(uint64_t value, char dst[DIGITS_MAX]);
/* lease: 0 = none. */
json_t *piece_put(const char *key, const void *value, size_t len, uint64_t lease);
/* Whether the key has this mod_revision; 0 = it is not there. */
json_t *piece_is_at(const char *key, uint64_t revision);
json_t *piece_range(const char *key);
/* A transaction of so many compares, puts and the like, and reads. */
json_t *piece_transaction(json_t *compare, size_t compares, json_t *success, size_t successes,
                          json_t *failure, size_t failures);
/* The text of what is taken over. NULL: no memory. */
char *piece_text(TALLOC_CTX *parent, json_t *json);

/* --- answers --- */

/* NULL: no object. */
json_t *piece_load(const char *text, size_t len);
/* A member of 64 bits. */
bool piece_number(const json_t *object, const char *name, uint64_t *value);
bool piece_header(const json_t *json, struct header *header);
/* Whether it is a transaction's, of so many responses when it has succeeded, or has not. */
bool piece_outcome(const json_t *json, size_t successes, size_t failures, bool *succeeded,
                   const json_t **responses);
/* The pairs of a range; NULL = there are none. */
bool piece_pairs(const json_t *range, const json_t **pairs);
const char *piece_key(const json_t *pair);
bool piece_value(const json_t *pair, char *dst, size_t room, size_t *len);

#endif
