/* SPDX-License-Identifier: MIT */
/* The connection of a store: what is asked, and the answers in their order. All that was asked has
 * one time to be answered in; a connection that fails ends all streams, for what becomes of a batch
 * that nobody has answered is not known. */
#ifndef REDIS_TALK_H
#define REDIS_TALK_H

#include "redis_private.h"

#define WORDS 16

/* A command. Its texts are borrowed. */
struct words {
    const char *text[WORDS];
    size_t len[WORDS];
    int count;
};

void words_add(struct words *words, const char *text);
void words_add_octets(struct words *words, const void *data, size_t len);

/* It is down: begin anew. */
int talk_connect(struct redis_store *store);
/* It is of no more use, by this error. why: NULL = the error's own words. */
void talk_lose(struct redis_store *store, int error, const char *why);
/* L2TPHA_ERR_LIMIT: too much is asked for at once. */
int talk_ask(struct redis_store *store, const struct ask *ask, const struct words *words);
/* Send what goes, take what has come, and see what is late. */
void talk_turn(struct redis_store *store);
/* Until all is answered: for what may wait. An error: why the connection has ended. */
int talk_wait(struct redis_store *store);
/* An answer that is an error: which one of the library's, with its words as the store's note. */
int talk_error(struct redis_store *store, const struct reply *reply);

#endif
