/* SPDX-License-Identifier: MIT */
/* Over unix: who serves holds a lock beside the replication socket, which the kernel lets go with
 * the process. It decides between two that start at once and find nobody; it is no fence. What is
 * in the file is the newest epoch that has served there, since an epoch names one time as active
 * for ever: also when both have died. */
#ifndef PAIR_LOCK_H
#define PAIR_LOCK_H

#include "address.h"

struct lock {
    const struct endpoint *listen, *connect; /* this node's, and the other's */
    const char *suffix; /* of the file, behind the path of the socket; NULL = ".lock" */
    int fd;             /* -1 = not held */
};

/* Whether it is held now. Without a unix socket to listen on there is none to hold, and nobody else
 * has it. */
bool lock_take(struct lock *lock);
void lock_let_go(struct lock *lock);

/* The newest epoch that has served, 0 = none is known; and that a newer one does. */
uint64_t lock_epoch(const struct lock *lock);
void lock_note(const struct lock *lock, uint64_t epoch);

#endif
