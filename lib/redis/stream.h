/* SPDX-License-Identifier: MIT */
/* The calls of struct l2tpha_store about streams: each is a log of the server's, and is filled by
 * batches. */
#ifndef REDIS_STREAM_H
#define REDIS_STREAM_H

#include "redis_private.h"

int stream_begin(void *user, uint64_t epoch, uint32_t *id);
int stream_append(void *user, uint32_t id, uint64_t position, const uint8_t *data, size_t len,
                  bool whole);
int stream_drop(void *user, uint32_t id, bool keep);

#endif
