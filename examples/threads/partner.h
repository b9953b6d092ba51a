/* SPDX-License-Identifier: MIT */
/* The node of the same ids in the other process: it follows this one, or this one follows it. The
 * stream between the two ends with a process that dies. A process that lives and ends one says so
 * first, in a pipe; so that nobody takes over from it. */
#ifndef EXAMPLES_THREADS_PARTNER_H
#define EXAMPLES_THREADS_PARTNER_H

#include <stddef.h>
#include <stdint.h>

struct partner;
struct worker;

/* Listen for a standby, or look for the active, by the node's role. NULL with *why set. */
struct partner *partner_new(struct worker *worker, const char **why);

void partner_ship(struct partner *partner, uint64_t number, const uint8_t *data, size_t len);
/* Whether the standby holds all, for it to know when we are dead: before anything is sent. */
void partner_tell_sync(struct partner *partner);
void partner_flush(struct partner *partner);
uint64_t partner_deadline(const struct partner *partner);
void partner_expire(struct partner *partner, uint64_t now);

#endif
