/* SPDX-License-Identifier: MIT */
/* The calls of struct l2tpha_store about streams: each is a log of the cluster's, and is filled by
 * batches, one after the other. */
#ifndef ETCD_STREAM_H
#define ETCD_STREAM_H

#include "store_private.h"

int etcd_stream_begin(void *user, uint64_t epoch, uint32_t *id);
int etcd_stream_append(void *user, uint32_t id, uint64_t position, const uint8_t *data, size_t len,
                       bool whole);
int etcd_stream_drop(void *user, uint32_t id, bool keep);
/* It is written no more, by this status. */
void stream_break(struct stream *stream, int status);
void stream_break_all(struct etcd_store *store, int status);

#endif
