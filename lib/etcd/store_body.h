/* SPDX-License-Identifier: MIT */
/* Keys and requests of a store. All keys are below l2tpha/GROUP/:
 *
 *      store/head             whose it is, and which log is to be read
 *      store/OWNER/fence      the owner may write while it is there
 *      store/OWNER/exact      all that was served is in that log
 *      logs/LOG               there is a log of this name, or was
 *      log/LOG/POSITION       a batch; POSITION of its last checkpoint
 *
 * What an owner has goes with one delete: it needs no space, and nothing that this owner has asked
 * for before comes to pass behind it. Each body is talloc'd below the store; NULL: no memory. */
#ifndef ETCD_STORE_BODY_H
#define ETCD_STORE_BODY_H

#include "base64.h"
#include "store_private.h"

#define STORE_KEY_MAX (sizeof("l2tpha//store//exact") + GROUP_MAX + OWNER_DIGITS)

struct key {
    char text[BASE64_SIZE(STORE_KEY_MAX)];
};

/* Behind l2tpha/GROUP/. */
struct key key_of(const struct etcd_store *store, const char *format, ...) L2TPHA_PRINTF(2, 3);
struct key key_of_batch(const struct etcd_store *store, uint64_t log, uint64_t position);
/* What a key of a log's name, and of a batch, has at its end; 0 = it is none. */
uint64_t key_log(const struct etcd_store *store, const char *key);
uint64_t key_position(const struct etcd_store *store, uint64_t log, const char *key);

/* The answer has the state of the store, and so has that to an acquisition that has failed. */
char *body_state(struct etcd_store *store);
/* Responses to it. */
size_t body_state_reads(const struct etcd_store *store);
/* The head of the store, and a fence, in place of what was seen. */
char *body_acquire(struct etcd_store *store, bool exact);
char *body_append(struct etcd_store *store, const struct stream *stream, const struct batch *batch);
#define APPEND_READS 2
/* All that the owner has who was seen. */
char *body_mark(struct etcd_store *store);
/* The state, and behind it the names of logs. */
char *body_logs(struct etcd_store *store);
/* Of a log its batches, or its name. */
char *body_delete(struct etcd_store *store, uint64_t log, bool name);
char *body_compact(struct etcd_store *store, uint64_t revision);
/* Batches of a log behind this position. */
char *body_page(struct etcd_store *store, uint64_t log, uint64_t behind, uint32_t most);

#endif
