/* SPDX-License-Identifier: MIT */
/* Over unix: who serves holds a lock beside the replication socket, which the kernel lets go with
 * the process. It decides between two that start at once and find nobody; it is no fence. What is
 * in the file is the newest epoch that has served there, since an epoch names one time as active
 * for ever: also when both have died. */
#ifndef EXAMPLES_LOCK_H
#define EXAMPLES_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct options;

struct lock {
    int fd; /* -1 = not held */
};

/* Whether it is held now. Without --ha-listen unix: there is none to hold, and nobody else has it.
 */
bool lock_take(struct lock *lock, const struct options *options);
void lock_let_go(struct lock *lock);

/* The newest epoch that has served, 0 = none is known; and that a newer one does. */
uint64_t lock_epoch(const struct options *options);
void lock_note(const struct options *options, uint64_t epoch);

#endif
